import type { SchemaElement } from 'hyparquet';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { messageOf } from '../../base/errors.ts';
import type { ValueKind } from '../../types/schema.ts';
import { Undecodable } from './values.ts';

/** How the values of a column become those of records. */
export interface Conversion {
  /** Whether byte arrays are read as text. */
  readonly asText: boolean;
  /** What becomes of a value as `plainReader` gives it; absent when it stays as it is. */
  readonly convert?: (value: never) => unknown;
  /** Only bigints need `convert`. */
  readonly onlyWide?: true;
  /** Whether the result can be changed, so that each record needs one of its own. */
  readonly mutable: boolean;
  /** What comes out, if a schema has a word for it. Of an `integer` column some values may be bigints. */
  readonly gives: ValueKind | 'other';
}

const AS_IS = { asText: false, mutable: false };
const BYTES: Conversion = { asText: false, mutable: true, gives: 'other' };

/**
 * How a column that is not nested is converted.
 *
 * @param wanted what the schema says of the field, if it does
 */
export function conversionOf(element: SchemaElement, wanted: ValueKind | undefined): Conversion {
  const { type, converted_type: converted, logical_type: logical, scale = 0 } = element;
  if (converted === 'DECIMAL' || logical?.type === 'DECIMAL') {
    const decimals = logical?.type === 'DECIMAL' ? logical.scale : scale;
    return { ...AS_IS, gives: 'number', convert: (value: number | bigint | Uint8Array) => decimalOf(value, decimals) };
  }
  switch (type) {
    case 'BOOLEAN':
      return { ...AS_IS, gives: 'boolean' };
    case 'FLOAT':
    case 'DOUBLE':
      return { ...AS_IS, gives: 'number' };
    case 'INT32':
      if (converted === 'DATE' || logical?.type === 'DATE') return temporal(wanted, (days: number) => days * 86_400_000);
      return integer(wanted, isUnsigned(element) ? (value: number) => value >>> 0 : undefined);
    case 'INT64':
      if (converted === 'TIMESTAMP_MILLIS') return temporal(wanted, Number);
      if (converted === 'TIMESTAMP_MICROS') return temporal(wanted, millisOfMicros);
      if (logical?.type === 'TIMESTAMP') {
        return temporal(wanted, logical.unit === 'NANOS' ? millisOfNanos : logical.unit === 'MICROS' ? millisOfMicros : Number);
      }
      return integer(wanted, isUnsigned(element) ? unsigned64 : undefined);
    case 'INT96':
      return temporal(wanted, millisOfNanos);
    case 'FIXED_LEN_BYTE_ARRAY':
      if (logical?.type === 'UUID') return { ...AS_IS, gives: 'string', convert: uuidOf };
      if (logical?.type === 'FLOAT16') return { ...AS_IS, gives: 'number', convert: halfOf };
      return BYTES;
    default:
      if (logical?.type === 'GEOMETRY' || logical?.type === 'GEOGRAPHY') return { ...BYTES, convert: geojsonOf };
      if (converted === 'JSON' || logical?.type === 'JSON') return { asText: true, mutable: true, gives: 'other', convert: jsonOf };
      // Old writers do not mark text, so that only the schema tells it from bytes.
      return isText(element) || wanted === 'string' ? { asText: true, mutable: false, gives: 'string' } : BYTES;
  }
}

function isText({ converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  return converted === 'UTF8' || converted === 'ENUM' || logical?.type === 'STRING' || logical?.type === 'ENUM';
}

function isUnsigned({ converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  return converted?.startsWith('UINT_') === true || (logical?.type === 'INTEGER' && !logical.isSigned);
}

function integer(wanted: ValueKind | undefined, convert: ((value: never) => unknown) | undefined): Conversion {
  if (wanted === 'int64') {
    const toBigint = (value: number | bigint) => BigInt(value);
    return { ...AS_IS, gives: 'int64', convert: convert === undefined ? toBigint : (value: never) => toBigint(convert(value) as number) };
  }
  if (wanted === 'number') {
    if (convert === undefined) return { ...AS_IS, gives: 'number', convert: Number, onlyWide: true };
    return { ...AS_IS, gives: 'number', convert: (value: never) => Number(convert(value)) };
  }
  return { ...AS_IS, gives: 'integer', ...(convert !== undefined && { convert }) };
}

/** A time is a Date, unless the schema asks for epoch milliseconds or for text. */
function temporal(wanted: ValueKind | undefined, millis: (value: never) => number): Conversion {
  switch (wanted) {
    case 'number':
    case 'integer':
      return { ...AS_IS, gives: wanted, convert: millis };
    case 'int64':
      return { ...AS_IS, gives: 'int64', convert: (value: never) => BigInt(millis(value)) };
    case 'string':
      return { ...AS_IS, gives: 'string', convert: (value: never) => isoText(millis(value)) };
    default:
      return { asText: false, mutable: true, gives: 'other', convert: (value: never) => new Date(millis(value)) };
  }
}

function isoText(millis: number): string | Undecodable {
  const date = new Date(millis);
  return Number.isNaN(date.getTime()) ? new Undecodable(`${millis} ms is no date`, new Uint8Array()) : date.toISOString();
}

/** Rounds down, before 1970 too, so that the order of times is kept. */
function millisOfMicros(micros: number | bigint): number {
  if (typeof micros === 'bigint') return millisOfBigint(micros, 1_000n);
  const rest = micros % 1_000;
  return (micros - (rest < 0 ? rest + 1_000 : rest)) / 1_000;
}

function millisOfNanos(nanos: number | bigint): number {
  return millisOfBigint(BigInt(nanos), 1_000_000n);
}

function millisOfBigint(value: bigint, perMilli: bigint): number {
  const rest = value % perMilli;
  return Number((value - (rest < 0n ? rest + perMilli : rest)) / perMilli);
}

function unsigned64(value: number | bigint): number | bigint {
  if (typeof value === 'number' && value >= 0) return value;
  const positive = BigInt.asUintN(64, BigInt(value));
  return positive <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(positive) : positive;
}

/** The nearest double. A power of ten up to 10^22 is exact, so that the one division rounds once. */
function decimalOf(value: number | bigint | Uint8Array, scale: number): number {
  const unscaled = value instanceof Uint8Array ? bigEndian(value) : value;
  return Number(unscaled) / 10 ** scale;
}

function bigEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = value * 256n + BigInt(byte);
  return BigInt.asIntN(8 * bytes.length, value);
}

function uuidOf(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** IEEE 754 binary16. */
function halfOf(bytes: Uint8Array): number {
  const bits = bytes[0]! | (bytes[1]! << 8);
  const sign = bits >> 15 === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function jsonOf(text: string | Undecodable): unknown {
  if (typeof text !== 'string') return text;
  try {
    return JSON.parse(text);
  } catch (error) {
    return new Undecodable(`not JSON: ${messageOf(error)}`, Buffer.from(text));
  }
}

function geojsonOf(bytes: Uint8Array): unknown {
  try {
    return DEFAULT_PARSERS.geometryFromBytes(bytes);
  } catch (error) {
    return new Undecodable(`not well-known binary: ${messageOf(error)}`, bytes);
  }
}
