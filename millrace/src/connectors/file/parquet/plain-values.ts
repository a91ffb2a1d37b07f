import type { SchemaElement } from 'hyparquet';
import type { ValueKind } from '../../../types/schema.ts';
import { utf8Text } from '../../../formats/bytes.ts';

/** Reads `count` values from `bytes[start, end)` in Parquet's PLAIN encoding. */
type ReadPlain = (bytes: Buffer, start: number, end: number, count: number) => ArrayLike<unknown>;

/** How a column's values are made. */
export interface PlainValues {
  readonly read: ReadPlain;
  /** Makes an object of a value that was read, one for each row, so that no two records share it. Absent: values are as they are read. */
  readonly convert?: (value: unknown) => unknown;
}

/** A column whose type does not fit the kind that the schema gives it. */
export class KindMismatch extends Error {}

/**
 * How values of a column are read for a field of that kind; undefined for types that are left to hyparquet.
 *
 * Instants become epoch milliseconds where the schema has a number and Dates where it leaves the type open. 64-bit integers become numbers, or bigint
 * where the schema has `int64` or where a double could not hold them.
 *
 * @throws KindMismatch when the column's type cannot become that kind
 */
export function plainValues(element: SchemaElement, kind: ValueKind): PlainValues | undefined {
  const { type } = element;
  if (element.converted_type === 'DECIMAL' && (type === 'INT32' || type === 'INT64')) return { read: decimalReader(element, type, kind) };
  switch (type) {
    case 'BOOLEAN':
      return kind === 'boolean' || kind === 'any' ? { read: readBooleans } : refuse(kind, 'boolean');
    case 'INT32':
      if (element.converted_type === 'DATE' || element.logical_type?.type === 'DATE') return instants(kind, 'date', readInt32, 86_400_000, 1);
      return { read: integers(kind, isUnsigned(element, 32) ? readUint32 : readInt32) };
    case 'INT64':
      return int64Values(element, kind);
    case 'FLOAT':
      return isNumeric(kind) ? { read: readFloats } : refuse(kind, 'float');
    case 'DOUBLE':
      return isNumeric(kind) ? { read: readDoubles } : refuse(kind, 'double');
    case 'BYTE_ARRAY':
      return byteArrayValues(element, kind);
    default:
      return undefined;
  }
}

function refuse(kind: ValueKind, type: string): never {
  throw new KindMismatch(`a column of type ${type}, which does not give ${kind}`);
}

/** Kinds that take doubles; whether one is an integer shows with each value. */
function isNumeric(kind: ValueKind): boolean {
  return kind === 'number' || kind === 'integer' || kind === 'any';
}

function isUnsigned({ converted_type, logical_type }: SchemaElement, bits: number): boolean {
  if (converted_type === `UINT_${bits}`) return true;
  return logical_type?.type === 'INTEGER' && logical_type.bitWidth === bits && !logical_type.isSigned;
}

function decimalReader({ scale = 0 }: SchemaElement, type: 'INT32' | 'INT64', kind: ValueKind): ReadPlain {
  if (kind !== 'number' && kind !== 'any' && !(kind === 'integer' && scale === 0)) refuse(kind, 'decimal');
  const read = type === 'INT32' ? readInt32 : readInt64AsDoubles;
  const divisor = 10 ** scale;
  return (...from) => read(...from).map(unscaled => unscaled / divisor);
}

function integers(kind: ValueKind, read: (...from: Parameters<ReadPlain>) => Float64Array): ReadPlain {
  if (isNumeric(kind)) return read;
  if (kind === 'int64') return (...from) => BigInt64Array.from(read(...from), BigInt);
  return refuse(kind, 'integer');
}

/** Instants counted in units of `multiplier / divisor` milliseconds. */
function instants(
  kind: ValueKind,
  type: string,
  read: (...from: Parameters<ReadPlain>) => Float64Array,
  multiplier: number,
  divisor: number,
): PlainValues {
  const milliseconds = (...from: Parameters<ReadPlain>) => {
    const values = read(...from);
    for (let i = 0; i < values.length; i++) values[i] = (values[i]! * multiplier) / divisor;
    return values;
  };
  switch (kind) {
    case 'number':
      return { read: milliseconds };
    case 'integer':
      return { read: (...from) => milliseconds(...from).map(Math.floor) };
    case 'int64':
      return { read: (...from) => BigInt64Array.from(milliseconds(...from), ms => BigInt(Math.floor(ms))) };
    case 'any':
      return { read: milliseconds, convert: ms => new Date(Math.floor(ms as number)) };
    default:
      return refuse(kind, type);
  }
}

function int64Values(element: SchemaElement, kind: ValueKind): PlainValues {
  const { converted_type, logical_type } = element;
  const unit =
    logical_type?.type === 'TIMESTAMP'
      ? logical_type.unit
      : converted_type === 'TIMESTAMP_MILLIS'
        ? 'MILLIS'
        : converted_type === 'TIMESTAMP_MICROS'
          ? 'MICROS'
          : undefined;
  if (unit === 'NANOS') return instants(kind, 'timestamp', readNanosAsMicros, 1, 1000);
  if (unit !== undefined) return instants(kind, 'timestamp', readInt64AsDoubles, 1, unit === 'MICROS' ? 1000 : 1);
  const read = isUnsigned(element, 64) ? readUint64 : readInt64;
  switch (kind) {
    case 'number':
      return { read: isUnsigned(element, 64) ? (...from) => Float64Array.from(readUint64(...from), Number) : readInt64AsDoubles };
    case 'int64':
      return { read };
    case 'integer':
    case 'any':
      return { read: (...from) => asNumbersWhereExact(read(...from)) };
    default:
      return refuse(kind, 'integer');
  }
}

function byteArrayValues({ converted_type, logical_type }: SchemaElement, kind: ValueKind): PlainValues | undefined {
  const type = logical_type?.type;
  if (converted_type === 'JSON' || type === 'JSON') {
    if (kind === 'string') return { read: readTexts };
    if (kind === 'any' || kind === 'array' || kind === 'object') return { read: readTexts, convert: parseJson };
    return refuse(kind, 'JSON');
  }
  const isText = converted_type === 'UTF8' || converted_type === 'ENUM' || type === 'STRING' || type === 'ENUM';
  if (!isText && (converted_type !== undefined || type !== undefined)) return undefined;
  if (kind === 'string' || kind === 'any') return { read: readTexts };
  return refuse(kind, 'string');
}

function checkRoom(start: number, end: number, bytes: number): void {
  if (start + bytes > end) throw new RangeError('a page ends within its values');
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function readBooleans(bytes: Buffer, start: number, end: number, count: number): boolean[] {
  checkRoom(start, end, (count + 7) >> 3);
  return Array.from({ length: count }, (_, i) => ((bytes[start + (i >> 3)]! >> (i & 7)) & 1) === 1);
}

function readInt32(bytes: Buffer, start: number, end: number, count: number): Float64Array {
  checkRoom(start, end, 4 * count);
  const view = viewOf(bytes);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = view.getInt32(start + 4 * i, true);
  return values;
}

function readUint32(bytes: Buffer, start: number, end: number, count: number): Float64Array {
  return readInt32(bytes, start, end, count).map(value => value >>> 0);
}

function readInt64(bytes: Buffer, start: number, end: number, count: number): BigInt64Array {
  checkRoom(start, end, 8 * count);
  const view = viewOf(bytes);
  const values = new BigInt64Array(count);
  for (let i = 0; i < count; i++) values[i] = view.getBigInt64(start + 8 * i, true);
  return values;
}

function readUint64(...from: Parameters<ReadPlain>): BigUint64Array {
  return new BigUint64Array(readInt64(...from).buffer);
}

/** The nearest doubles, without a bigint for each. */
function readInt64AsDoubles(bytes: Buffer, start: number, end: number, count: number): Float64Array {
  checkRoom(start, end, 8 * count);
  const view = viewOf(bytes);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = view.getInt32(start + 8 * i + 4, true) * 2 ** 32 + view.getUint32(start + 8 * i, true);
  return values;
}

/** Nanoseconds are beyond what a double holds exactly, microseconds are not. */
function readNanosAsMicros(...from: Parameters<ReadPlain>): Float64Array {
  return Float64Array.from(readInt64(...from), nanos => Number(nanos / 1000n - (nanos % 1000n < 0n ? 1n : 0n)));
}

function asNumbersWhereExact(values: BigInt64Array | BigUint64Array): ArrayLike<unknown> {
  const numbers = Float64Array.from(values as BigInt64Array, Number);
  return numbers.every(Number.isSafeInteger) ? numbers : Array.from(numbers, (n, i) => (Number.isSafeInteger(n) ? n : values[i]!));
}

function readFloats(bytes: Buffer, start: number, end: number, count: number): Float64Array {
  checkRoom(start, end, 4 * count);
  const view = viewOf(bytes);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = view.getFloat32(start + 4 * i, true);
  return values;
}

function readDoubles(bytes: Buffer, start: number, end: number, count: number): Float64Array {
  checkRoom(start, end, 8 * count);
  const view = viewOf(bytes);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = view.getFloat64(start + 8 * i, true);
  return values;
}

/** Texts; where bytes are not UTF-8, the bytes. */
function readTexts(bytes: Buffer, start: number, end: number, count: number): (string | Uint8Array)[] {
  const values = new Array<string | Uint8Array>(count);
  let p = start;
  for (let i = 0; i < count; i++) {
    checkRoom(p, end, 4);
    const length = bytes.readUInt32LE(p);
    p += 4;
    checkRoom(p, end, length);
    values[i] = utf8Text(bytes, p, p + length) ?? Uint8Array.from(bytes.subarray(p, p + length));
    p += length;
  }
  return values;
}

/** The value of a JSON text; what is not JSON stays text. */
function parseJson(text: unknown): unknown {
  try {
    return typeof text === 'string' ? (JSON.parse(text) as unknown) : text;
  } catch {
    return text;
  }
}
