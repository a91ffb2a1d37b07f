import { type Duration, durationMs } from '../base/duration.ts';
import { MillraceError } from '../base/errors.ts';
import { asyncIteratorSink } from '../connectors/memory/index.ts';
import { type AsyncOptions, mapAsyncOperator } from '../operators/async.ts';
import { splitOperator } from '../operators/split.ts';
import type { DraftEdge, Step } from '../plan/builder.ts';
import type { Stage } from '../plan/graph.ts';
import type { Sink } from '../spi/sink.ts';
import { boundedOutOfOrderness, type WatermarkStrategy } from '../time/watermarks.ts';
import type { SideTag } from '../types/side-tag.ts';
import { BroadcastStream } from './broadcast-stream.ts';
import { type KeyField, type KeyValue, keySelector } from './keys.ts';
import { KeyedStream } from './keyed-stream.ts';
import { StreamBase } from './stream-base.ts';

export interface EventTimeOptions<T> {
  /** How much later than a record others with an earlier time may come. Default 0: times never fall back within a split. */
  outOfOrderness?: Duration;
  /** Another way to make watermarks: `monotonous()`, `punctuated(...)` or your own. Excludes `outOfOrderness`. */
  watermarks?: WatermarkStrategy<T>;
  /** A split (file, partition, connection) that has had nothing for so long does not hold the watermark back. Default: never idle. */
  idleAfter?: Duration;
  /** Records whose time is further ahead of the clock are rejected: one of them would make all others late. Default `'1d'`. */
  maxAhead?: Duration;
}

/** A stream of records of type T. Streams are descriptions; each method adds a step to the pipeline and returns the stream behind it. */
export class Stream<T> extends StreamBase {
  /**
   * Takes event time from the records and makes watermarks.
   *
   * @param time epoch milliseconds or a Date
   * @example
   * stream.eventTime(order => order.placedAt, { outOfOrderness: '5s', idleAfter: '30s' })
   */
  eventTime(time: (record: T) => number | Date, options: EventTimeOptions<T> = {}): Stream<T> {
    if (options.watermarks !== undefined && options.outOfOrderness !== undefined) {
      throw new MillraceError('OPTION_INVALID', {
        where: `pipeline '${this.pipeline.name}', eventTime`,
        expected: 'outOfOrderness or watermarks',
        got: 'both',
      });
    }
    const stage: Stage = {
      kind: 'eventTime',
      extract: time,
      strategy: options.watermarks ?? boundedOutOfOrderness(options.outOfOrderness ?? 0),
      maxAheadMs: durationMs(options.maxAhead ?? '1d', 'eventTime, maxAhead'),
      ...(options.idleAfter === undefined ? {} : { idleAfterMs: durationMs(options.idleAfter, 'eventTime, idleAfter') }),
    };
    return this.then({ type: 'stage', stage });
  }

  /** One record for each record. */
  map<R>(apply: (record: T) => R): Stream<R> {
    return this.then({ type: 'stage', stage: { kind: 'map', apply } });
  }

  /** Only the records for which the predicate holds. A type guard narrows the type. */
  filter<S extends T>(keep: (record: T) => record is S): Stream<S>;
  filter(keep: (record: T) => boolean): Stream<T>;
  filter(keep: (record: T) => boolean): Stream<T> {
    return this.then({ type: 'stage', stage: { kind: 'filter', keep } });
  }

  /** Any number of records for each record. */
  flatMap<R>(expand: (record: T) => Iterable<R>): Stream<R> {
    return this.then({ type: 'stage', stage: { kind: 'flatMap', expand } });
  }

  /**
   * One record for each record by an asynchronous call, such as a look-up.
   *
   * @example
   * stream.mapAsync(order => lookUp(order.customer), { capacity: 50, timeout: '2s', retry: { attempts: 3 } })
   */
  mapAsync<R>(call: (record: T, context: { readonly signal: AbortSignal; readonly attempt: number }) => R | Promise<R>, options: AsyncOptions = {}): Stream<R> {
    return this.then({ type: 'operator', operator: mapAsyncOperator(call, options) });
  }

  /**
   * Partitions the stream: all records with one key meet in the same state.
   *
   * @param key a field's name, or a function; tuples and plain objects make composite keys
   * @example
   * orders.keyBy('customer')
   * orders.keyBy(order => [order.shop, order.product])
   */
  keyBy<F extends KeyField<T>>(key: F): KeyedStream<Extract<T[F], KeyValue>, T>;
  keyBy<const K extends KeyValue>(key: (record: T) => K): KeyedStream<K, T>;
  keyBy(key: ((record: T) => KeyValue) | string): KeyedStream<KeyValue, T> {
    const description = typeof key === 'string' ? key : describeFunction(key);
    return new KeyedStream(this.pipeline, this.builder, {
      ...this.edge,
      exchange: { kind: 'hash', selectKey: keySelector<T>(key), description },
    });
  }

  /** This stream and others of the same type as one; the watermark is the smallest of theirs. */
  union(...others: readonly Stream<T>[]): Stream<T> {
    return this.then({ type: 'union' }, [this.edge, ...others.map(other => other.edge)]);
  }

  /** The stream for all parallel instances of an operator: rules that change while data flows. */
  broadcast(): BroadcastStream<T> {
    return new BroadcastStream(this.pipeline, this.builder, { ...this.edge, exchange: { kind: 'broadcast' } });
  }

  /** Spreads the records evenly over the workers. */
  rebalance(): Stream<T> {
    return new Stream(this.pipeline, this.builder, { ...this.edge, exchange: { kind: 'rebalance' } });
  }

  /** What the operator behind this stream sends to the tag. */
  sideOutput<S>(tag: SideTag<S>): Stream<S> {
    return new Stream<S>(this.pipeline, this.builder, { from: this.edge.from, side: tag.name, exchange: { kind: 'forward' } });
  }

  /**
   * Sends each record to the first branch whose predicate holds, or to `rest`.
   *
   * @example
   * const { large, rest } = orders.split({ large: order => order.total > 1000 });
   */
  split<B extends string>(branches: Record<B, (record: T) => boolean>): Record<B | 'rest', Stream<T>> {
    const routed = this.then<T>({ type: 'operator', operator: splitOperator(branches) });
    const streams: Record<string, Stream<T>> = {};
    for (const branch of [...Object.keys(branches), 'rest']) {
      streams[branch] = new Stream<T>(this.pipeline, this.builder, { from: routed.edge.from, side: branch, exchange: { kind: 'forward' } });
    }
    return streams as Record<B | 'rest', Stream<T>>;
  }

  /**
   * Names the last step. The name is the operator's id in plans and metrics, and its state is found again by it when the program has changed.
   *
   * @throws MillraceError `NAME_INVALID`
   */
  name(name: string): this {
    this.builder.rename(this.edge.from, name);
    return this;
  }

  /** Sends the records to a sink. Returns the stream itself, which may have further sinks. */
  to(sink: Sink<T>, options: { name?: string } = {}): this {
    const draft = this.builder.add({ type: 'sink', sink }, [this.edge]);
    if (options.name !== undefined) this.builder.rename(draft, options.name);
    return this;
  }

  /**
   * Starts the pipeline and yields this stream's records as the loop asks for them; a loop that is slow holds the sources back, one that ends stops the
   * pipeline.
   *
   * @example
   * for await (const delay of delays) show(delay);
   */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    const { sink, iterator } = asyncIteratorSink<T>();
    this.to(sink);
    return startOnFirstNext(this.pipeline, iterator);
  }

  private then<R>(step: Step, inputs: readonly DraftEdge[] = [this.edge]): Stream<R> {
    return streamOf<R>(this, step, inputs);
  }
}

/** The stream behind a new step. */
export function streamOf<R>({ pipeline, builder }: StreamBase, step: Step, inputs: readonly DraftEdge[]): Stream<R> {
  return new Stream<R>(pipeline, builder, { from: builder.add(step, inputs), exchange: { kind: 'forward' } });
}
