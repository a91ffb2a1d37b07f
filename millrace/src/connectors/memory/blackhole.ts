import type { Sink } from '../../spi/sink.ts';

/** A sink that knows how many records it has been given. */
export interface Blackhole extends Sink<unknown> {
  /** Records of all runs so far. */
  readonly count: number;
}

/**
 * Counts records and forgets them; for measuring a pipeline without its sink.
 *
 * @example
 * const hole = blackhole();
 * stream.to(hole);
 */
export function blackhole(): Blackhole {
  let count = 0;
  return {
    connector: 'blackhole',
    description: 'nothing is written',
    accepts: ['append', 'upsert'],
    get count() {
      return count;
    },
    open: async () => ({
      write(batch) {
        count += batch.length;
      },
      flush() {},
      async close() {},
    }),
  };
}
