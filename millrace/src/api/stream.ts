import { type Duration, durationMs } from '../base/duration.ts';
import { MillraceError } from '../base/errors.ts';
import { asyncIteratorSink } from '../connectors/memory/index.ts';
import { type DedupeOptions } from '../operators/dedupe.ts';
import type { Job } from '../runtime/job.ts';
import { type AsyncCall, type AsyncOptions, mapAsync } from '../operators/async.ts';
import { type CallContext, type ResultOf, type Results } from '../operators/process-runtime.ts';
import { keyedProcess } from '../operators/process.ts';
import type { SideTag } from '../operators/side-tag.ts';
import { type Branches, type BranchRecords, split } from '../operators/split.ts';
import type { DraftEdge, Step } from '../plan/builder.ts';
import type { Stage } from '../plan/graph.ts';
import type { Sink } from '../spi/sink.ts';
import { boundedOutOfOrderness, type WatermarkStrategy } from '../time/watermarks.ts';
import { BroadcastStream } from './broadcast-stream.ts';
import { BroadcastConnectedStream } from './connected-streams.ts';
import { type KeyField, type KeyValue, keySelector } from './keys.ts';
import { KeyedStream } from './keyed-stream.ts';
import { isTimestamped, StreamBase } from './stream-base.ts';

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
   * @param time epoch milliseconds or a Date; left out for sources whose records bring their time
   * @throws MillraceError `PLAN_NO_EVENT_TIME` when there is no function and the records do not bring their time, `OPTION_INVALID`, `DURATION_INVALID`
   * @example
   * stream.eventTime(order => order.placedAt, { outOfOrderness: '5s', idleAfter: '30s' })
   */
  eventTime(time: (record: T) => number | Date, options?: EventTimeOptions<T>): Stream<T>;
  eventTime(options?: EventTimeOptions<T>): Stream<T>;
  eventTime(first: ((record: T) => number | Date) | EventTimeOptions<T> = {}, second: EventTimeOptions<T> = {}): Stream<T> {
    const [extract, options] = typeof first === 'function' ? [first, second] : [undefined, first];
    if (extract === undefined && !isTimestamped(this.edge.from)) {
      throw new MillraceError('PLAN_NO_EVENT_TIME', {
        where: `pipeline '${this.pipeline.name}', eventTime`,
        hint: 'give a function that returns the time of a record',
      });
    }
    if (options.watermarks !== undefined && options.outOfOrderness !== undefined) {
      throw new MillraceError('OPTION_INVALID', {
        where: `pipeline '${this.pipeline.name}', eventTime`,
        expected: 'outOfOrderness or watermarks',
        got: 'both',
      });
    }
    const stage: Stage = {
      kind: 'eventTime',
      ...(extract === undefined ? {} : { extract }),
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
  mapAsync<R>(call: (record: T, call: AsyncCall) => R | PromiseLike<R>, options: AsyncOptions = {}): Stream<R> {
    return this.then({ type: 'operator', operator: mapAsync(call, options) });
  }

  /**
   * A function over the records, which may also send to side outputs. State and timers need a key: see `keyBy(...).process`.
   *
   * @example
   * stream.process({ *onRecord(r, ctx) { if (r.ok) yield r; else ctx.output(broken, r); } })
   */
  process<Out extends Results>(fn: { onRecord(record: T, ctx: CallContext): Out }): Stream<ResultOf<Out>> {
    const operator = keyedProcess<never, T, {}, Out, void>({ onRecord: (record, ctx) => fn.onRecord(record, ctx) });
    return this.then({ type: 'operator', operator });
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
   * Sends each record to the first branch whose predicate holds, or to `rest`. A type guard narrows the type of its branch.
   *
   * @throws MillraceError `OPTION_INVALID`
   * @example
   * const { large, rest } = orders.split({ large: order => order.total > 1000 });
   */
  split<B extends Branches<T>>(branches: B): { readonly [name in keyof BranchRecords<T, B>]: Stream<BranchRecords<T, B>[name]> } {
    const from = this.builder.add({ type: 'operator', operator: split(branches) }, [this.edge]);
    const streams: Record<string, Stream<T>> = {};
    for (const branch of [...Object.keys(branches), 'rest']) {
      streams[branch] = new Stream<T>(this.pipeline, this.builder, { from, side: branch, exchange: { kind: 'forward' } });
    }
    return streams as { [name in keyof BranchRecords<T, B>]: Stream<BranchRecords<T, B>[name]> };
  }

  /** This stream and a broadcast one as the inputs of one function. */
  connect<U>(broadcast: BroadcastStream<U>): BroadcastConnectedStream<T, U> {
    return new BroadcastConnectedStream<T, U>(this, broadcast);
  }

  /**
   * Keeps the first record of each key and drops its duplicates; short for `keyBy(key).dedupe(options)`.
   *
   * @example
   * clicks.dedupe(click => click.id, { within: '1h' })
   */
  dedupe(key: (record: T) => KeyValue, options: DedupeOptions = {}): Stream<T> {
    return this.keyBy(key).dedupe(options);
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
    let job: Job | undefined;
    const { sink, iterator, fail } = asyncIteratorSink<T>({
      onReturn: async () => {
        job?.abort();
        await job?.done;
      },
    });
    this.to(sink);
    const start = () => {
      job = this.pipeline.start();
      job.done.catch(fail);
    };
    return {
      next() {
        if (job === undefined) start();
        return iterator.next();
      },
      return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
    };
  }

  private then<R>(step: Step, inputs: readonly DraftEdge[] = [this.edge]): Stream<R> {
    return streamOf<R>(this, step, inputs);
  }
}

/** The stream behind a new step. */
export function streamOf<R>({ pipeline, builder }: StreamBase, step: Step, inputs: readonly DraftEdge[]): Stream<R> {
  return new Stream<R>(pipeline, builder, { from: builder.add(step, inputs), exchange: { kind: 'forward' } });
}

/** A function's own text if it is short enough for a plan, else its name. */
function describeFunction(fn: (record: never) => unknown): string {
  const text = String(fn).replace(/\s+/g, ' ');
  return text.length <= 40 ? text : fn.name || 'function';
}
