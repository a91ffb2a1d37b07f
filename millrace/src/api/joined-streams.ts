import { type Duration, durationMs } from '../base/duration.ts';
import { intervalJoin } from '../operators/interval-join.ts';
import type { SideTag } from '../operators/side-tag.ts';
import { coGroup, type CoGroupWindow, windowJoin, type WindowPairSpec } from '../operators/windows/index.ts';
import type { Operator } from '../spi/operator.ts';
import type { PaneAssigner, SessionAssigner, TimeWindow } from '../spi/window.ts';
import { type SignedDuration, signedDurationMs } from '../time/signed-duration.ts';
import type { KeyedStream } from './keyed-stream.ts';
import { type Stream, streamOf } from './stream.ts';

export interface BetweenOptions {
  /** Whether a distance of exactly the lower bound does not match. Default false. */
  lowerExclusive?: boolean;
  /** Whether a distance of exactly the upper bound does not match. Default false. */
  upperExclusive?: boolean;
}

/** Two keyed streams to be joined where their times lie close together. */
export class IntervalJoinedStreams<K, L, R> {
  private readonly left: KeyedStream<K, L>;
  private readonly right: KeyedStream<K, R>;

  constructor(left: KeyedStream<K, L>, right: KeyedStream<K, R>) {
    this.left = left;
    this.right = right;
  }

  /**
   * Records match when the right one's time is between `left + lower` and `left + upper`.
   *
   * @throws MillraceError `DURATION_INVALID`
   * @example
   * orders.keyBy('id').intervalJoin(payments.keyBy('orderId')).between('0s', '15m').join((order, payment) => ({ ...order, paid: payment.amount }))
   */
  between(
    lower: SignedDuration,
    upper: SignedDuration,
    options: BetweenOptions = {},
  ): { join<Out>(join: (left: L, right: R) => Out): Stream<Out> } {
    const interval = { lowerMs: signedDurationMs(lower, 'between'), upperMs: signedDurationMs(upper, 'between'), ...options };
    return {
      join: join => streamOf(this.left, { type: 'operator', operator: intervalJoin(interval, join) }, [this.left.edge, this.right.edge]),
    };
  }
}

type PairAssigner<L, R> = PaneAssigner | SessionAssigner<L | R>;

/** Two keyed streams whose records are to meet in windows. */
abstract class WindowedPair<K, L, R> {
  protected readonly left: KeyedStream<K, L>;
  protected readonly right: KeyedStream<K, R>;
  protected readonly spec: WindowPairSpec<L, R>;

  constructor(left: KeyedStream<K, L>, right: KeyedStream<K, R>, spec: WindowPairSpec<L, R>) {
    this.left = left;
    this.right = right;
    this.spec = spec;
  }

  protected stream<Out>(operator: Operator<Out>): Stream<Out> {
    return streamOf(this.left, { type: 'operator', operator }, [this.left.edge, this.right.edge]);
  }
}

/** Two keyed streams to be joined; `window` says where. */
export class JoinedStreams<K, L, R> {
  private readonly left: KeyedStream<K, L>;
  private readonly right: KeyedStream<K, R>;

  constructor(left: KeyedStream<K, L>, right: KeyedStream<K, R>) {
    this.left = left;
    this.right = right;
  }

  /** @throws MillraceError `PLAN_NO_EVENT_TIME` for windows over event time when one of the streams has none */
  window(assigner: PairAssigner<L, R>): WindowJoin<K, L, R> {
    requireTime(this.left, this.right, assigner);
    return new WindowJoin(this.left, this.right, { assigner });
  }
}

/** Two keyed streams to be grouped together; `window` says where. */
export class CoGroupedStreams<K, L, R> {
  private readonly left: KeyedStream<K, L>;
  private readonly right: KeyedStream<K, R>;

  constructor(left: KeyedStream<K, L>, right: KeyedStream<K, R>) {
    this.left = left;
    this.right = right;
  }

  /** @throws MillraceError `PLAN_NO_EVENT_TIME` for windows over event time when one of the streams has none */
  window(assigner: PairAssigner<L, R>): WindowCoGroup<K, L, R> {
    requireTime(this.left, this.right, assigner);
    return new WindowCoGroup(this.left, this.right, { assigner });
  }
}

/** A window join that lacks its function. */
export class WindowJoin<K, L, R> extends WindowedPair<K, L, R> {
  /** For how long after its end a window takes further records and fires again. Default 0. */
  allowedLateness(lateness: Duration): WindowJoin<K, L, R> {
    return new WindowJoin(this.left, this.right, { ...this.spec, allowedLatenessMs: durationMs(lateness, 'allowedLateness') });
  }

  /** Sends records of both sides that are late to a side output. Default: they are rejected as `late`. */
  sideOutputLateData(tag: SideTag<L | R>): WindowJoin<K, L, R> {
    return new WindowJoin(this.left, this.right, { ...this.spec, lateTag: tag.name });
  }

  /**
   * One record for every pair with the same key and window.
   *
   * @example
   * views.keyBy('user').join(clicks.keyBy('user')).window(tumbling('1m')).apply((view, click) => ({ user: view.user, ad: click.ad }))
   */
  apply<Out>(join: (left: L, right: R) => Out): Stream<Out> {
    return this.stream(windowJoin(this.spec, join));
  }
}

/** A co-group that lacks its function. */
export class WindowCoGroup<K, L, R> extends WindowedPair<K, L, R> {
  /** For how long after its end a window takes further records and fires again. Default 0. */
  allowedLateness(lateness: Duration): WindowCoGroup<K, L, R> {
    return new WindowCoGroup(this.left, this.right, { ...this.spec, allowedLatenessMs: durationMs(lateness, 'allowedLateness') });
  }

  /** Sends records of both sides that are late to a side output. Default: they are rejected as `late`. */
  sideOutputLateData(tag: SideTag<L | R>): WindowCoGroup<K, L, R> {
    return new WindowCoGroup(this.left, this.right, { ...this.spec, lateTag: tag.name });
  }

  /** Hands both lists of each key and window to a function, also where one of them is empty: outer joins are written so. */
  apply<Out>(group: (key: K, window: TimeWindow, left: Iterable<L>, right: Iterable<R>) => Iterable<Out>): Stream<Out> {
    return this.stream(coGroup(this.spec, group as CoGroupWindow<L, R, Out>));
  }
}

function requireTime<K, L, R>(left: KeyedStream<K, L>, right: KeyedStream<K, R>, assigner: PairAssigner<L, R>): void {
  if (assigner.time !== 'event') return;
  left.requireEventTime(`window ${assigner.description}`);
  right.requireEventTime(`window ${assigner.description}`);
}
