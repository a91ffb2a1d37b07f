import type { Aggregate } from '../../spi/aggregate.ts';
import { aggregator } from './aggregator.ts';
import { isNumber, withInline } from './inline.ts';
import { numericInput } from './input.ts';
import type { Nullish } from './null.ts';

/** A sum of bigints is a bigint; null where there may be nothing to add. */
export type Sum<V> = V extends bigint ? bigint : V extends number ? number : null;

/**
 * The sum of numbers or of bigints; null over nothing. Numbers are added one after the other: the error is at most n · 1.1e-16 of the sum
 * of the magnitudes. A sum of bigints is exact; where numbers are among them it is a number.
 *
 * @example
 * stream.aggregate({ total: sum(order => order.price) })
 */
export function sum<T, V extends number | bigint | Nullish>(of: (record: T) => V): Aggregate<T, Sum<V>>;
export function sum<T>(of: (record: T) => unknown): Aggregate<T, number | bigint | null> {
  const check = (value: unknown) => numericInput('sum', value);
  return withInline(
    aggregator({
      name: 'sum',
      input: (record: T) => check(of(record)),
      create: () => EMPTY,
      add: (total, value) => plus(total, typeof value === 'number' ? value + 0 : value),
      merge: plus,
      result: total => (isEmpty(total) ? null : total),
    }),
    {
      of,
      common: isNumber,
      check,
      create: '-0',
      begin: value => `${value} + 0`,
      copy: field => field,
      add: (field, value, self) =>
        `if (typeof ${field} === 'number') ${field} += ${value} + 0; else ${field} = ${self}.add(${field}, ${value});`,
      merge: (field, other, self) =>
        `if (typeof ${field} === 'number' && typeof ${other} === 'number') ${field} += ${other}; ` +
        `else ${field} = ${self}.merge(${field}, ${other});`,
      result: field => `Object.is(${field}, -0) ? null : ${field}`,
    },
  );
}

/**
 * The sum of nothing. -0 + x is x for every x, and no other sum is -0, because `+ 0` turns an input of -0 into 0. So the accumulator is one
 * number without a flag beside it, and V8 changes it in place.
 */
const EMPTY: number | bigint = -0;

function isEmpty(total: number | bigint): boolean {
  return Object.is(total, EMPTY);
}

function plus(total: number | bigint, value: number | bigint): number | bigint {
  if (typeof total === 'number') {
    if (typeof value === 'number') return total + value;
    return isEmpty(total) ? value : total + Number(value);
  }
  if (typeof value === 'bigint') return total + value;
  return isEmpty(value) ? total : Number(total) + value;
}
