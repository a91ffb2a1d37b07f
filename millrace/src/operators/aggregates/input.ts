import { encodeKey, type Key } from '../../base/key.ts';
import { messageOf } from '../../base/errors.ts';
import type { Comparable } from './order.ts';
import type { Nullish } from './null.ts';

/** A number other than NaN, or nothing. */
export function numberInput(aggregate: string, value: unknown): number | Nullish {
  if ((typeof value === 'number' && !Number.isNaN(value)) || value === undefined || value === null) return value;
  throw new TypeError(`${aggregate} takes numbers, got ${shown(value)}`);
}

/** A number other than NaN and the infinities, or nothing. */
export function finiteInput(aggregate: string, value: unknown): number | Nullish {
  if ((typeof value === 'number' && Number.isFinite(value)) || value === undefined || value === null) return value;
  throw new TypeError(`${aggregate} takes finite numbers, got ${shown(value)}`);
}

/** A number other than NaN, a bigint, or nothing. */
export function numericInput(aggregate: string, value: unknown): number | bigint | Nullish {
  if (typeof value === 'bigint') return value;
  if ((typeof value === 'number' && !Number.isNaN(value)) || value === undefined || value === null) return value;
  throw new TypeError(`${aggregate} takes numbers or bigints, got ${shown(value)}`);
}

/** A value that can be ordered, or nothing. */
export function comparableInput(aggregate: string, value: unknown): Comparable | Nullish {
  switch (typeof value) {
    case 'number':
      if (!Number.isNaN(value)) return value;
      break;
    case 'string':
    case 'bigint':
    case 'undefined':
      return value;
    case 'object':
      if (value === null || (value instanceof Date && !Number.isNaN(value.getTime()))) return value;
      break;
  }
  throw new TypeError(`${aggregate} takes numbers, bigints, strings or Dates, got ${shown(value)}`);
}

/** The form in which values are told apart, or nothing. */
export function distinctInput(aggregate: string, value: unknown): Key | Nullish {
  if (value === undefined || value === null) return value;
  if (Number.isNaN(value)) throw new TypeError(`${aggregate} takes values that can be told apart, got NaN`);
  try {
    return encodeKey(value);
  } catch (error) {
    throw new TypeError(`${aggregate} takes values that can be keys: ${messageOf(error)}`, { cause: error });
  }
}

function shown(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `the string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
    case 'bigint':
      return `the bigint ${value}`;
    case 'object':
      return value instanceof Date ? `the Date ${value}` : Array.isArray(value) ? 'an array' : 'an object';
    case 'function':
    case 'symbol':
      return `a ${typeof value}`;
    default:
      return String(value);
  }
}
