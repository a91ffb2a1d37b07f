import type { Aggregate } from '../../spi/aggregate.ts';
import { aggregator } from './aggregator.ts';
import { isNumber, withInline } from './inline.ts';
import { numberInput } from './input.ts';
import type { NullFrom, Nullish } from './null.ts';

/**
 * The arithmetic mean of numbers: their sum, added up as `sum` does, over their count. Null over nothing.
 *
 * @example
 * stream.aggregate({ delay: mean(f => f.delay) })
 */
export function mean<T, V extends number | Nullish>(of: (record: T) => V): Aggregate<T, number | NullFrom<V>>;
export function mean<T>(of: (record: T) => unknown): Aggregate<T, number | null> {
  const check = (value: unknown) => numberInput('mean', value);
  return withInline(
    aggregator({
      name: 'mean',
      input: (record: T) => check(of(record)),
      create: () => ({ sum: -0, count: 0 }),
      add(a, value) {
        a.sum += value;
        a.count++;
        return a;
      },
      merge(a, other) {
        a.sum += other.sum;
        a.count += other.count;
        return a;
      },
      result: a => (a.count === 0 ? null : a.sum / a.count),
    }),
    {
      of,
      common: isNumber,
      check,
      create: '{ sum: -0, count: 0 }',
      begin: value => `{ sum: ${value}, count: 1 }`,
      copy: field => `{ sum: ${field}.sum, count: ${field}.count }`,
      add: (field, value) => `${field}.sum += ${value}; ${field}.count++;`,
      merge: (field, other) => `${field}.sum += ${other}.sum; ${field}.count += ${other}.count;`,
      result: field => `${field}.count === 0 ? null : ${field}.sum / ${field}.count`,
    },
  );
}
