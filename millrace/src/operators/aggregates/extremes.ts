import type { Aggregate } from '../../spi/aggregate.ts';
import { aggregator } from './aggregator.ts';
import { isNumber, withInline } from './inline.ts';
import { comparableInput } from './input.ts';
import type { NullFrom, Nullish } from './null.ts';
import { standsAfter, type Comparable } from './order.ts';

/**
 * The smallest of numbers, bigints, strings or Dates; null over nothing. Strings are compared by UTF-16 code units, as `<` does.
 *
 * @example
 * stream.aggregate({ opened: min(order => order.time) })
 */
export function min<T, V extends Comparable | Nullish>(of: (record: T) => V): Aggregate<T, (V & {}) | NullFrom<V>>;
export function min<T>(of: (record: T) => unknown): Aggregate<T, Comparable | null> {
  return extreme('min', of, '<=', (value, held) => standsAfter(held, value));
}

/**
 * The greatest of numbers, bigints, strings or Dates; null over nothing. Strings are compared by UTF-16 code units, as `>` does.
 *
 * @example
 * stream.aggregate({ worst: max(f => f.delay) })
 */
export function max<T, V extends Comparable | Nullish>(of: (record: T) => V): Aggregate<T, (V & {}) | NullFrom<V>>;
export function max<T>(of: (record: T) => unknown): Aggregate<T, Comparable | null> {
  return extreme('max', of, '>=', standsAfter);
}

/**
 * The record with the smallest value; of several, the first that arrived. Null where every value is null.
 *
 * @example
 * stream.aggregate({ cheapest: minBy(offer => offer.price) })
 */
export function minBy<T, V extends Comparable | Nullish>(of: (record: T) => V): Aggregate<T, NoInfer<T> | NullFrom<V>>;
export function minBy<T>(of: (record: T) => unknown): Aggregate<T, T | null> {
  return extremeBy('minBy', of, (value, held) => standsAfter(held, value));
}

/**
 * The record with the greatest value; of several, the first that arrived. Null where every value is null.
 *
 * @example
 * stream.aggregate({ worst: maxBy(f => f.delay) })
 */
export function maxBy<T, V extends Comparable | Nullish>(of: (record: T) => V): Aggregate<T, NoInfer<T> | NullFrom<V>>;
export function maxBy<T>(of: (record: T) => unknown): Aggregate<T, T | null> {
  return extremeBy('maxBy', of, standsAfter);
}

type Replaces = (value: Comparable, held: Comparable) => boolean;

function extreme<T>(name: string, of: (record: T) => unknown, keeps: '<=' | '>=', replaces: Replaces): Aggregate<T, Comparable | null> {
  const check = (value: unknown) => comparableInput(name, value);
  const add = (held: Comparable, value: Comparable) => (isEmpty(held) || replaces(value, held) ? value : held);
  return withInline(
    aggregator({
      name,
      input: (record: T) => check(of(record)),
      create: () => EMPTY,
      add,
      merge: (held: Comparable, other: Comparable) => (isEmpty(other) ? held : add(held, other)),
      result: (held: Comparable) => (isEmpty(held) ? null : held),
    }),
    {
      of,
      common: isNumber,
      check,
      create: 'NaN',
      begin: value => value,
      copy: field => field,
      // A comparison with NaN is false: `!` makes the first value replace it.
      add: (field, value, self) =>
        `if (typeof ${field} === 'number') { if (!(${field} ${keeps} ${value})) ${field} = ${value}; } ` +
        `else ${field} = ${self}.add(${field}, ${value});`,
      merge: (field, other, self) =>
        `if (typeof ${field} === 'number' && typeof ${other} === 'number') { if (!(${field} ${keeps} ${other}) && ${other} === ${other}) ` +
        `${field} = ${other}; } else ${field} = ${self}.merge(${field}, ${other});`,
      result: field => `${field} !== ${field} ? null : ${field}`,
    },
  );
}

/** The extreme of nothing. No input is NaN, and a number here lets V8 keep numbers in place. */
const EMPTY: Comparable = NaN;

function isEmpty(held: Comparable): boolean {
  return Number.isNaN(held);
}

interface Extreme<T> {
  readonly by: Comparable;
  readonly record: T;
}

function extremeBy<T>(name: string, of: (record: T) => unknown, replaces: Replaces): Aggregate<T, T | null> {
  const add = (held: Extreme<T> | null, next: Extreme<T>) => (held === null || replaces(next.by, held.by) ? next : held);
  return aggregator({
    name,
    input(record: T): Extreme<T> | null {
      const by = comparableInput(name, of(record));
      return by === undefined || by === null ? null : { by, record };
    },
    create: (): Extreme<T> | null => null,
    add,
    merge: (held, other) => (other === null ? held : add(held, other)),
    result: held => (held === null ? null : held.record),
  });
}
