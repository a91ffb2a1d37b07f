import { composeAggregates } from '../operators/aggregates/index.ts';
import { runningAggregate } from '../operators/aggregate.ts';
import { type DedupeOptions, dedupe } from '../operators/dedupe.ts';
import type { ResultOf, Results } from '../operators/process-runtime.ts';
import { keyedProcess, type ProcessFunction } from '../operators/process.ts';
import { reduce } from '../operators/reduce.ts';
import type { RunningOptions } from '../operators/running.ts';
import type { Aggregate, AggregateResults } from '../spi/aggregate.ts';
import type { WindowAssigner } from '../spi/window.ts';
import type { StateDescriptors } from '../state/descriptor.ts';
import type { BroadcastStream } from './broadcast-stream.ts';
import { ConnectedStreams, KeyedBroadcastConnectedStream } from './connected-streams.ts';
import { IntervalJoinedStreams, JoinedStreams, CoGroupedStreams } from './joined-streams.ts';
import { type Stream, streamOf } from './stream.ts';
import { StreamBase } from './stream-base.ts';
import { WindowedStream } from './windowed-stream.ts';

/** A stream whose records are partitioned by a key of type K: all records with one key meet in the same state. */
export class KeyedStream<K, T> extends StreamBase {
  /**
   * Folds the records of each key into one of their kind and emits every new value.
   *
   * @param fold returns a new record and leaves its arguments as they are
   * @example
   * payments.keyBy('account').reduce((a, b) => ({ account: a.account, amount: a.amount + b.amount }))
   */
  reduce(fold: (folded: T, record: T) => T, options: RunningOptions = {}): Stream<T> {
    return streamOf(this, { type: 'operator', operator: reduce(fold, options) }, [this.edge]);
  }

  /**
   * Aggregates the records of each key and emits the new result after every record. Its key is in the field `key`.
   *
   * @throws MillraceError `AGGREGATE_NAME`, `AGGREGATE_INVALID`
   * @example
   * orders.keyBy('customer').aggregate({ orders: count(), spent: sum(o => o.total) })
   */
  aggregate<A extends Record<string, Aggregate<T, unknown>>>(
    aggregates: A,
    options: RunningOptions = {},
  ): Stream<{ key: K } & AggregateResults<A>> {
    const composed = composeAggregates<T, A>(aggregates);
    const operator = runningAggregate(composed, Object.keys(aggregates).join(', '), options);
    return streamOf(this, { type: 'operator', operator }, [this.edge]);
  }

  /**
   * Groups the records of each key into windows.
   *
   * @throws MillraceError `PLAN_NO_EVENT_TIME` for windows over event time when the stream has none
   */
  window(assigner: WindowAssigner<T>): WindowedStream<K, T> {
    if (assigner.time === 'event' && (assigner.kind === 'session' || 'pane' in assigner))
      this.requireEventTime(`window ${assigner.description}`);
    return new WindowedStream<K, T>(this, { assigner });
  }

  /** A function with state and timers for each key. */
  process<const S extends StateDescriptors = {}, Out extends Results = void, TimerOut extends Results = void>(
    fn: ProcessFunction<K, T, S, Out, TimerOut>,
  ): Stream<ResultOf<Out> | ResultOf<TimerOut>> {
    return streamOf(this, { type: 'operator', operator: keyedProcess(fn) }, [this.edge]);
  }

  /**
   * Keeps the first record of each key and drops its duplicates.
   *
   * @throws MillraceError `PLAN_NO_EVENT_TIME` for `within` of event time when the stream has none
   * @example
   * clicks.keyBy('id').dedupe({ within: '1h' })
   */
  dedupe(options: DedupeOptions = {}): Stream<T> {
    if (options.within !== undefined && options.time !== 'processing') this.requireEventTime('dedupe');
    return streamOf(this, { type: 'operator', operator: dedupe<T>(options) }, [this.edge]);
  }

  /** This stream and another with keys of the same type as the two inputs of one function; or this stream and a broadcast one. */
  connect<U>(other: KeyedStream<K, U>): ConnectedStreams<K, T, U>;
  connect<U>(other: BroadcastStream<U>): KeyedBroadcastConnectedStream<K, T, U>;
  connect<U>(other: KeyedStream<K, U> | BroadcastStream<U>): ConnectedStreams<K, T, U> | KeyedBroadcastConnectedStream<K, T, U> {
    return other instanceof KeyedStream
      ? new ConnectedStreams<K, T, U>(this, other)
      : new KeyedBroadcastConnectedStream<K, T, U>(this, other);
  }

  /** Joins records of the same key whose times lie within an interval of each other. Both streams need event time. */
  intervalJoin<U>(other: KeyedStream<K, U>): IntervalJoinedStreams<K, T, U> {
    this.requireEventTime('interval join');
    other.requireEventTime('interval join');
    return new IntervalJoinedStreams<K, T, U>(this, other);
  }

  /** Joins the records of the same key that fall into the same window: every pair of them. */
  join<U>(other: KeyedStream<K, U>): JoinedStreams<K, T, U> {
    return new JoinedStreams<K, T, U>(this, other);
  }

  /** Hands the records of both streams with the same key and window to one function. */
  coGroup<U>(other: KeyedStream<K, U>): CoGroupedStreams<K, T, U> {
    return new CoGroupedStreams<K, T, U>(this, other);
  }
}
