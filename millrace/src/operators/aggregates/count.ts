import type { Aggregate } from '../../spi/aggregate.ts';
import { aggregator } from './aggregator.ts';
import { withInline } from './inline.ts';

/**
 * The number of records; with a function, of those for which it returns neither `null` nor `undefined`.
 *
 * @example
 * stream.aggregate({ flights: count(), diverted: count(f => f.divertedTo) })
 */
export function count(): Aggregate<unknown, number>;
export function count<T>(of: (record: T) => unknown): Aggregate<T, number>;
export function count<T>(of?: (record: T) => unknown): Aggregate<T, number> {
  return withInline(
    aggregator({
      name: 'count',
      input: of ?? (() => 1),
      create: () => 0,
      add: (n: number) => n + 1,
      merge: (n: number, other: number) => n + other,
      result: (n: number) => n,
    }),
    {
      of,
      common: value => `${value} !== undefined && ${value} !== null`,
      check: value => value,
      create: '0',
      begin: () => '1',
      copy: field => field,
      add: field => `${field}++;`,
      merge: (field, other) => `${field} += ${other};`,
      result: field => field,
    },
  );
}
