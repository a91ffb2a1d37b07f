import { MillraceError } from '../../base/errors.ts';
import type { Sink, SinkContext, SinkWriter } from '../../spi/sink.ts';
import type { Batch } from '../../types/batch.ts';

/** Records that wait for the reader before the pipeline is held back. */
const BUFFERED = 1024;

export interface AsyncIteratorSinkOptions {
  /** Called once when the reader leaves its loop before the end, to stop the pipeline; the loop is left when it has resolved. */
  onReturn?: () => void | Promise<void>;
}

export interface AsyncIteratorSink<T> {
  readonly sink: Sink<T>;
  /** Ends when the pipeline has finished. Records that were written before a failure are read before the failure is thrown. */
  readonly iterator: AsyncIterableIterator<T, undefined>;
  /** Says why the pipeline has failed. Without it, the reader of a failed pipeline waits: a sink is not told the reason. */
  fail(error: unknown): void;
}

/**
 * The two ends of `for await (const record of stream)`: a sink that holds the pipeline back when the reader is slow, and the iterator
 * that the loop reads from.
 *
 * @throws MillraceError `SINK_IN_USE` when the sink is opened a second time
 * @example
 * const { sink, iterator, fail } = asyncIteratorSink<Order>({ onReturn: () => job.stop() });
 */
export function asyncIteratorSink<T>(options: AsyncIteratorSinkOptions = {}): AsyncIteratorSink<T> {
  const handover = new Handover<T>(options.onReturn);
  let opened = false;
  return {
    sink: {
      connector: 'iterator',
      description: 'for await',
      accepts: ['append', 'upsert'],
      async open(context) {
        if (opened) throw new MillraceError('SINK_IN_USE', { where: context.operator });
        opened = true;
        return handover.attach(context);
      },
    },
    iterator: handover,
    fail: error => handover.fail(error),
  };
}

interface Waiting<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

class Handover<T> implements AsyncIterableIterator<T, undefined>, SinkWriter<T> {
  private readonly onReturn: (() => void | Promise<void>) | undefined;
  private readonly buffer: T[] = [];
  private readonly readers: Waiting<T>[] = [];
  /** Goes on with the pipeline. */
  private release: (() => void) | undefined;
  private end: { readonly error?: unknown } | undefined;
  private signal: AbortSignal | undefined;

  constructor(onReturn: (() => void | Promise<void>) | undefined) {
    this.onReturn = onReturn;
  }

  attach({ signal }: SinkContext): this {
    this.signal = signal;
    signal.addEventListener('abort', () => this.goOn(), { once: true });
    return this;
  }

  write(batch: Batch<T>): void | Promise<void> {
    // The reader has left, or the pipeline is not to be held back any more.
    if (this.end !== undefined || this.signal?.aborted) return;
    for (let i = 0; i < batch.length; i++) {
      const reader = this.readers.shift();
      if (reader === undefined) this.buffer.push(batch.values[i]!);
      else reader.resolve({ done: false, value: batch.values[i]! });
    }
    if (this.buffer.length < BUFFERED) return;
    return new Promise(resolve => {
      this.release = resolve;
    });
  }

  flush(): void {}

  async close(outcome: 'finished' | 'failed'): Promise<void> {
    if (outcome === 'finished') this.finish({});
  }

  fail(error: unknown): void {
    this.finish({ error });
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.buffer.length > 0) {
      const value = this.buffer.shift()!;
      if (this.buffer.length < BUFFERED / 2) this.goOn();
      return Promise.resolve({ done: false, value });
    }
    if (this.end === undefined) return new Promise((resolve, reject) => this.readers.push({ resolve, reject }));
    const { end } = this;
    // As with a generator, a failure is thrown once.
    this.end = {};
    return 'error' in end ? Promise.reject(end.error) : Promise.resolve({ done: true, value: undefined });
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    const running = this.end === undefined;
    this.finish({});
    this.end = {};
    this.buffer.length = 0;
    this.goOn();
    if (running) await this.onReturn?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  private goOn(): void {
    this.release?.();
    this.release = undefined;
  }

  private finish(end: { readonly error?: unknown }): void {
    if (this.end !== undefined) return;
    this.end = end;
    const [first, ...others] = this.readers.splice(0);
    if (first === undefined) return;
    if ('error' in end) {
      first.reject(end.error);
      this.end = {};
    } else first.resolve({ done: true, value: undefined });
    for (const reader of others) reader.resolve({ done: true, value: undefined });
  }
}
