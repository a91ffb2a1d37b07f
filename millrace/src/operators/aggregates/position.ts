import type { Aggregate } from '../../spi/aggregate.ts';
import { aggregator } from './aggregator.ts';
import type { NullFrom } from './null.ts';

/**
 * The first record, or the first value that is neither `null` nor `undefined`; null where there is none. First is what arrived first. In
 * windows that are merged from panes or sessions, the parts are taken in the order of their times, and arrival decides within a part.
 *
 * @example
 * stream.aggregate({ opening: first(trade => trade.price) })
 */
export function first<T>(): Aggregate<T, NoInfer<T>>;
export function first<T, V>(of: (record: T) => V): Aggregate<T, (V & {}) | NullFrom<V>>;
export function first<T>(of?: (record: T) => unknown): Aggregate<T, unknown> {
  return aggregator({
    name: 'first',
    input: of ?? (record => record),
    create: (): unknown => null,
    add: (held, value) => (held === null ? value : held),
    merge: (held, other) => (held === null ? other : held),
    result: held => held,
  });
}

/**
 * The last record, or the last value that is neither `null` nor `undefined`; null where there is none. Last is what arrived last. In
 * windows that are merged from panes or sessions, the parts are taken in the order of their times, and arrival decides within a part.
 *
 * @example
 * stream.aggregate({ closing: last(trade => trade.price) })
 */
export function last<T>(): Aggregate<T, NoInfer<T>>;
export function last<T, V>(of: (record: T) => V): Aggregate<T, (V & {}) | NullFrom<V>>;
export function last<T>(of?: (record: T) => unknown): Aggregate<T, unknown> {
  return aggregator({
    name: 'last',
    input: of ?? (record => record),
    create: (): unknown => null,
    add: (_, value) => value,
    merge: (held, other) => (other === null ? held : other),
    result: held => held,
  });
}
