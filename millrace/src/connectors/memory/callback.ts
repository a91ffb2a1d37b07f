import type { Sink, SinkWriter } from '../../spi/sink.ts';
import type { Batch } from '../../types/batch.ts';

/**
 * Calls a function with each record, one after the other. When it returns a promise, the next call waits for it and the pipeline is held
 * back. When it throws, or the promise is rejected, the pipeline stops.
 *
 * @example
 * stream.to(callback(async order => { await database.insert(order); }))
 */
export function callback<T>(take: (record: T) => unknown): Sink<T> {
  return {
    connector: 'callback',
    description: take.name || 'function',
    accepts: ['append', 'upsert'],
    open: async () => new CallbackWriter(take),
  };
}

class CallbackWriter<T> implements SinkWriter<T> {
  private readonly take: (record: T) => unknown;

  constructor(take: (record: T) => unknown) {
    this.take = take;
  }

  write(batch: Batch<T>): void | Promise<void> {
    for (let i = 0; i < batch.length; i++) {
      const pending = this.take(batch.values[i]!);
      if (isPromise(pending)) return this.goOn(pending, batch.values.slice(i + 1, batch.length));
    }
  }

  flush(): void {}

  async close(): Promise<void> {}

  private async goOn(pending: PromiseLike<unknown>, rest: readonly T[]): Promise<void> {
    await pending;
    for (const record of rest) await this.take(record);
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
