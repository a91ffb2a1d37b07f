import { type Duration, durationMs } from '../base/duration.ts';
import { intervalJoin } from '../operators/interval-join.ts';
import type { SideTag } from '../operators/side-tag.ts';
import { coGroup, windowJoin } from '../operators/windows/index.ts';
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
  between(lower: SignedDuration, upper: SignedDuration, options: BetweenOptions = {}): { join<Out>(join: (left: L, right: R) => Out): Stream<Out> } {
    const interval = { lowerMs: signedDurationMs(lower, 'between'), upperMs: signedDurationMs(upper, 'between'), ...options };
    return {
      join: join => streamOf(this.left, { type: 'operator', operator: intervalJoin(interval, join) }, [this.left.edge, this.right.edge]),
    };
  }
}

/** What two windowed streams share. */
interface WindowPair<K, L, R> {
  readonly left: KeyedStream<K, L>;
  readonly right: KeyedStream<K, R>;
  readonly assigner: PaneAssigner | SessionAssigner<L | R>;
  readonly allowedLatenessMs?: number;
  readonly lateTag?: string;
}

abstract class WindowedPair<K, L, R> {
  protected readonly pair: WindowPair<K, L, R>;

  constructor(pair: WindowPair<K, L, R>) {
    this.pair = pair;
  }

  protected abstract with(more: Partial<WindowPair<K, L, R>>): this;

  /** For how long after its end a window takes further records and fires again with each. Default 0. */
  allowedLateness(lateness: Duration): this {
    return this.with({ allowedLatenessMs: durationMs(lateness, 'allowedLateness') });
  }

  /** Sends records of both sides that are late for all their windows to a side output. Default: they are rejected as `late`. */
  sideOutputLateData(tag: SideTag<L | R>): this {
    return this.with({ lateTag: tag.name });
  }
}
