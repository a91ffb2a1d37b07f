import { MillraceError } from '../../base/errors.ts';
import type { Key } from '../../base/key.ts';
import type { Aggregate } from '../../spi/aggregate.ts';
import { aggregator } from './aggregator.ts';
import { distinctInput } from './input.ts';

/** A value and how often it came. */
export interface ValueCount<V> {
  value: V;
  count: number;
}

/**
 * The `k` most frequent values, the most frequent first; of equally frequent ones, the first that arrived. `null` and `undefined` do not
 * count. Values are told apart as keys are: primitives by value, arrays and plain objects by their content. The counts are exact: it keeps
 * a counter for every different value, at most 2^24.
 *
 * @throws MillraceError `AGGREGATE_INVALID` for a `k` that is not a positive integer
 * @example
 * stream.aggregate({ busiest: topK(f => f.destination, 3) }) // [{ value: 'ATL', count: 812 }, ...]
 */
export function topK<T, V>(of: (record: T) => V, k: number): Aggregate<T, ValueCount<V & {}>[]>;
export function topK<T>(of: (record: T) => unknown, k: number): Aggregate<T, ValueCount<unknown>[]> {
  if (!Number.isInteger(k) || k < 1) {
    throw new MillraceError('AGGREGATE_INVALID', { where: 'topK', expected: 'a k that is a positive integer', got: String(k) });
  }
  return aggregator({
    name: `topK(${k})`,
    input(record: T): Counted | null {
      const value = of(record);
      const key = distinctInput('topK', value);
      return key === undefined || key === null ? null : { key, value };
    },
    create: () => new Map<Key, ValueCount<unknown>>(),
    add(counts, { key, value }) {
      count(counts, key, value, 1);
      return counts;
    },
    merge(counts, other) {
      for (const [key, entry] of other) count(counts, key, entry.value, entry.count);
      return counts;
    },
    result: counts => mostFrequent(counts.values(), k),
  });
}

interface Counted {
  readonly key: Key;
  readonly value: unknown;
}

function count(counts: Map<Key, ValueCount<unknown>>, key: Key, value: unknown, times: number): void {
  const entry = counts.get(key);
  if (entry === undefined) counts.set(key, { value, count: times });
  else entry.count += times;
}

/** Keeps the best k in order while it looks at all: there are often many values and k is small. */
function mostFrequent(entries: Iterable<ValueCount<unknown>>, k: number): ValueCount<unknown>[] {
  const best: ValueCount<unknown>[] = [];
  for (const entry of entries) {
    if (best.length === k && entry.count <= best[k - 1]!.count) continue;
    let i = Math.min(best.length, k - 1);
    for (; i > 0 && best[i - 1]!.count < entry.count; i--) best[i] = best[i - 1]!;
    best[i] = entry;
  }
  return best.map(({ value, count }) => ({ value, count }));
}
