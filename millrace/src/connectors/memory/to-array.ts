import type { Sink } from '../../spi/sink.ts';

/**
 * Appends every record to an array, which grows without bound: for tests and for results that are known to be few.
 *
 * @example
 * const results: number[] = [];
 * stream.to(toArray(results));
 */
export function toArray<T>(array: T[]): Sink<T> {
  return {
    connector: 'array',
    description: 'array',
    accepts: ['append', 'upsert'],
    open: async () => ({
      write(batch) {
        for (let i = 0; i < batch.length; i++) array.push(batch.values[i]!);
      },
      flush() {},
      async close() {},
    }),
  };
}
