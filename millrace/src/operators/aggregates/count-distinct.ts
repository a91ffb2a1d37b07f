import type { Key } from '../../base/key.ts';
import type { Aggregate } from '../../spi/aggregate.ts';
import { aggregator } from './aggregator.ts';
import { distinctInput } from './input.ts';

/**
 * The exact number of different values; `null` and `undefined` do not count. Values are told apart as keys are: primitives by value, arrays
 * and plain objects by their content. It keeps every different value, at most 2^24; `approxCountDistinct` keeps a few kilobytes.
 *
 * @example
 * stream.aggregate({ visitors: countDistinct(view => view.userId) })
 */
export function countDistinct<T>(of: (record: T) => unknown): Aggregate<T, number> {
  return aggregator({
    name: 'countDistinct',
    input: (record: T) => distinctInput('countDistinct', of(record)),
    create: () => new Set<Key>(),
    add: (values, value) => values.add(value),
    merge(values, other) {
      for (const value of other) values.add(value);
      return values;
    },
    result: values => values.size,
  });
}
