import { MillraceError } from '../../base/errors.ts';
import type { Aggregate } from '../../spi/aggregate.ts';
import { aggregator } from './aggregator.ts';
import { comparableInput } from './input.ts';
import { standsAfter, type Comparable } from './order.ts';

/**
 * The `n` records with the greatest values, the greatest first; of equal ones, the first that arrived. Records whose value is null do not count. It keeps `n` records.
 * (SQL: `ROW_NUMBER() OVER (ORDER BY ... DESC) <= n`.)
 *
 * @throws MillraceError `AGGREGATE_INVALID` for an `n` that is not a positive integer
 * @example
 * stream.aggregate({ worst: topN(f => f.delay, 10) })
 */
export function topN<T>(by: (record: T) => Comparable | null | undefined, n: number): Aggregate<T, NoInfer<T>[]> {
  if (!Number.isInteger(n) || n < 1) {
    throw new MillraceError('AGGREGATE_INVALID', { where: 'topN', expected: 'an n that is a positive integer', got: String(n) });
  }
  return aggregator({
    name: `topN(${n})`,
    input(record: T): Ranked<T> | null {
      const value = comparableInput('topN', by(record));
      return value === undefined || value === null ? null : { by: value, record };
    },
    create: (): Ranked<T>[] => [],
    add: (best, next) => place(best, next, n),
    merge(best, other) {
      for (const next of other) place(best, next, n);
      return best;
    },
    result: best => best.map(({ record }) => record),
  });
}

interface Ranked<T> {
  readonly by: Comparable;
  readonly record: T;
}

/** Puts a record behind all that are not smaller, if it is one of the n greatest. */
function place<T>(best: Ranked<T>[], next: Ranked<T>, n: number): Ranked<T>[] {
  if (best.length === n) {
    if (!standsAfter(next.by, best[n - 1]!.by)) return best;
    best.pop();
  }
  let i = best.length;
  while (i > 0 && standsAfter(next.by, best[i - 1]!.by)) i--;
  best.splice(i, 0, next);
  return best;
}
