import { MillraceError } from '../../base/errors.ts';
import type { Polled, ReaderContext, Source, SplitReader } from '../../spi/source.ts';
import { type Batch, NO_TIME } from '../../types/batch.ts';

/** Most records that are taken from an asynchronous iterable ahead of the pipeline. */
const AHEAD = 32;
/** Records that are skipped before I/O gets a turn. */
const SKIPPED_PER_TURN = 10_000;

type AnyIterable<T> = Iterable<T> | AsyncIterable<T>;
type AnyIterator<T> = { readonly sync: Iterator<T> } | { readonly async: AsyncIterator<T> };

export interface FromIterableOptions {
  /** Whether it ends by itself, for plans. Default false: an iterable may go on for ever. */
  bounded?: boolean;
}

/**
 * Reads the records of anything that `for of` or `for await` can read: a generator, a stream of Node or of the web, a driver's cursor. The
 * next record is asked for when the pipeline can take it, so that a slow pipeline holds the iterable back; of an asynchronous one, up to
 * 32 records are taken ahead. When the pipeline stops, the iterator's `return` is called. An iterator that throws stops the pipeline.
 *
 * The position is the number of records read. Given a function that makes the iterable, a run can go on at a position: that many are skipped.
 *
 * @throws MillraceError when it is run, `ITERABLE_CONSUMED` for an iterable that was read before and cannot be started again
 * @example
 * p.from(fromIterable(() => readings(sensor)))
 */
export function fromIterable<T>(iterable: AnyIterable<T> | (() => AnyIterable<T>), options: FromIterableOptions = {}): Source<T> {
  let consumed = false;
  const start = (where: string, skip: number): AnyIterator<T> => {
    if (typeof iterable === 'function') return iteratorOf(iterable());
    const iterator = iteratorOf(iterable);
    // A generator is its own iterator, and a stream can be read once: what was read of them is gone.
    const once = 'async' in iterator || (iterator.sync as unknown) === iterable;
    if (once && (consumed || skip > 0)) throw new MillraceError('ITERABLE_CONSUMED', { where });
    consumed = true;
    return iterator;
  };
  return {
    connector: 'iterable',
    description: typeof iterable === 'function' ? iterable.name || 'function' : 'iterable',
    bounded: options.bounded ?? false,
    async enumerate({ found }) {
      found([{ id: '0' }]);
    },
    async open(context, position) {
      const skip = typeof position === 'number' ? position : 0;
      const iterator = start(context.operator, skip);
      const next = 'sync' in iterator ? () => iterator.sync.next() : () => iterator.async.next();
      for (let skipped = 0; skipped < skip && !context.signal.aborted; skipped++) {
        if ((await next()).done) break;
        if (skipped % SKIPPED_PER_TURN === SKIPPED_PER_TURN - 1) await context.environment.scheduler.turn();
      }
      return 'sync' in iterator ? new IterableReader(iterator.sync, skip) : new AsyncIterableReader(iterator.async, context, skip);
    },
  };
}

function iteratorOf<T>(iterable: AnyIterable<T>): AnyIterator<T> {
  const async = (iterable as Partial<AsyncIterable<T>>)[Symbol.asyncIterator];
  return async === undefined ? { sync: (iterable as Iterable<T>)[Symbol.iterator]() } : { async: async.call(iterable) };
}

class IterableReader<T> implements SplitReader<T> {
  private readonly iterator: Iterator<T>;
  private read: number;
  private done = false;
  private failure: { error: unknown } | undefined;

  constructor(iterator: Iterator<T>, read: number) {
    this.iterator = iterator;
    this.read = read;
  }

  poll(batch: Batch<T>): Polled {
    if (this.failure !== undefined) throw this.failure.error;
    try {
      while (!this.done && !batch.full) {
        const next = this.iterator.next();
        if (next.done) this.done = true;
        else batch.push(next.value, NO_TIME, this.read++);
      }
    } catch (error) {
      // What came before goes on its way first.
      this.failure = { error };
      return 'more';
    }
    return this.done ? 'end' : 'more';
  }

  position(): number {
    return this.read;
  }

  async close(): Promise<void> {
    if (!this.done && this.failure === undefined) this.iterator.return?.();
  }
}

class AsyncIterableReader<T> implements SplitReader<T> {
  readonly drains = true;
  private readonly iterator: AsyncIterator<T>;
  private readonly context: ReaderContext;
  private read: number;
  private readonly ahead: T[] = [];
  /** Whether `next` is being waited for. */
  private pulling = false;
  private done = false;
  private failure: { error: unknown } | undefined;
  private closed = false;

  constructor(iterator: AsyncIterator<T>, context: ReaderContext, read: number) {
    this.iterator = iterator;
    this.context = context;
    this.read = read;
  }

  poll(batch: Batch<T>): Polled {
    const taken = this.ahead.splice(0, batch.capacity);
    for (const record of taken) batch.push(record, NO_TIME, this.read++);
    if (this.ahead.length > 0) return 'more';
    if (this.failure !== undefined) {
      if (taken.length > 0) return 'more';
      throw this.failure.error;
    }
    if (this.done || this.context.signal.aborted) return 'end';
    if (!this.pulling) void this.pull();
    return 'wait';
  }

  position(): number {
    return this.read;
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.done || this.failure !== undefined) return;
    const returned = this.iterator.return?.();
    // A generator that waits returns only once it goes on, which may be never.
    if (this.pulling) returned?.catch(() => undefined);
    else await returned;
  }

  private async pull(): Promise<void> {
    this.pulling = true;
    try {
      while (!this.closed && !this.context.signal.aborted && this.ahead.length < AHEAD) {
        const next = await this.iterator.next();
        if (next.done) {
          this.done = true;
          break;
        }
        this.ahead.push(next.value);
        if (this.ahead.length === 1) this.context.wake();
      }
    } catch (error) {
      this.failure = { error };
    }
    this.pulling = false;
    this.context.wake();
  }
}
