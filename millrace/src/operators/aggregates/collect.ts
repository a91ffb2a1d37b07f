import type { Aggregate } from '../../spi/aggregate.ts';
import { aggregator } from './aggregator.ts';

/**
 * All records, or all values that are neither `null` nor `undefined`, in an array; empty over nothing. They stand in the order of arrival,
 * and in windows that are merged from panes or sessions, part after part in the order of their times. It keeps every one of them.
 *
 * @example
 * stream.aggregate({ codes: collect(error => error.code) })
 */
export function collect<T>(): Aggregate<T, NoInfer<T>[]>;
export function collect<T, V>(of: (record: T) => V): Aggregate<T, (V & {})[]>;
export function collect<T>(of?: (record: T) => unknown): Aggregate<T, unknown[]> {
  return aggregator({
    name: 'collect',
    input: of ?? (record => record),
    create: (): unknown[] => [],
    add(values, value) {
      values.push(value);
      return values;
    },
    merge(values, other) {
      for (const value of other) values.push(value);
      return values;
    },
    result: values => values.slice(),
  });
}
