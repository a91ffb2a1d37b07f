import { type Duration, durationMs } from '../base/duration.ts';
import { composeAggregates } from '../operators/aggregates/index.ts';
import type { SideTag } from '../operators/side-tag.ts';
import { windowOperator } from '../operators/windows/index.ts';
import { aggregating, processing, reducing, type WindowFunction } from '../operators/windows/window-function.ts';
import type { Aggregate, AggregateResults } from '../spi/aggregate.ts';
import type { Evictor, TimeWindow, Trigger, WindowAssigner } from '../spi/window.ts';
import type { KeyedStream } from './keyed-stream.ts';
import { type Stream, streamOf } from './stream.ts';

/** How the windows of a keyed stream are cut, when they fire and what becomes of late records. */
export interface WindowingOptions<T> {
  readonly assigner: WindowAssigner<T>;
  readonly trigger?: Trigger<T>;
  readonly evictor?: Evictor<T>;
  readonly allowedLatenessMs?: number;
  readonly lateTag?: string;
}

/** The records of each key in windows. */
export class WindowedStream<K, T> {
  private readonly stream: KeyedStream<K, T>;
  private readonly options: WindowingOptions<T>;

  constructor(stream: KeyedStream<K, T>, options: WindowingOptions<T>) {
    this.stream = stream;
    this.options = options;
  }

  /** When windows emit. Default: at their end by their own time; never for a global window; at their count for count windows. */
  trigger(trigger: Trigger<T>): WindowedStream<K, T> {
    return this.with({ trigger });
  }

  /** Which records are taken out before a window's function sees them. All records of a window are kept until it is dropped. */
  evictor(evictor: Evictor<T>): WindowedStream<K, T> {
    return this.with({ evictor });
  }

  /** For how long after its end a window takes further records and fires again with each. Default 0. */
  allowedLateness(lateness: Duration): WindowedStream<K, T> {
    return this.with({ allowedLatenessMs: durationMs(lateness, 'allowedLateness') });
  }

  /** Sends records that are late for all their windows to a side output. Default: they are rejected as `late`. */
  sideOutputLateData(tag: SideTag<T>): WindowedStream<K, T> {
    return this.with({ lateTag: tag.name });
  }

  /**
   * One record for each key and window, with the aggregates under their names.
   *
   * @throws MillraceError `AGGREGATE_NAME`, `AGGREGATE_INVALID`
   */
  aggregate<A extends Record<string, Aggregate<T, unknown>>>(
    aggregates: A,
  ): Stream<{ key: K; window: { start: number; end: number } } & AggregateResults<A>> {
    return this.apply(aggregating(composeAggregates<T, A>(aggregates)), Object.keys(aggregates).join(', '));
  }

  /** The records of a window folded into one of their kind; `fold` leaves its arguments as they are. */
  reduce(fold: (folded: T, record: T) => T): Stream<T> {
    return this.apply(reducing(fold), 'reduce');
  }

  /**
   * All records of a window at once, which are kept until it fires.
   *
   * @example
   * stream.keyBy('user').window(session('30m')).process((user, window, clicks) => [{ user, path: [...clicks].map(c => c.page) }])
   */
  process<R>(process: (key: K, window: TimeWindow, records: Iterable<T>) => Iterable<R>): Stream<R> {
    return this.apply(processing(process as (key: unknown, window: TimeWindow, records: Iterable<T>) => Iterable<R>), 'process');
  }

  private with(more: Partial<WindowingOptions<T>>): WindowedStream<K, T> {
    return new WindowedStream<K, T>(this.stream, { ...this.options, ...more });
  }

  private apply<A, R, Out>(fn: WindowFunction<A, R>, description: string): Stream<Out> {
    return streamOf(this.stream, { type: 'operator', operator: windowOperator({ ...this.options, function: fn, description }) }, [
      this.stream.edge,
    ]);
  }
}
