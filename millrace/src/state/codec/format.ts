/**
 * How values of state are written: a tag, then what it says. Small numbers, short texts, objects of a known shape and short arrays are told by
 * the tag alone. Numbers of more than one byte are little-endian, lengths and counts are varints (LEB128).
 */
export const Tag = {
  /** Up to here a tag is a whole number itself. */
  INT_MAX: 0x7f,
  /** Text of Latin-1 characters, plus its length up to 31. */
  SHORT_TEXT: 0x80,
  /** An object whose field names were given before in the segment, plus the number of that shape up to 31. Then its values. */
  SHAPE: 0xa0,
  /** An array, plus its length up to 15. Then its elements. */
  SHORT_ARRAY: 0xc0,
  UNDEFINED: 0xd0,
  NULL: 0xd1,
  FALSE: 0xd2,
  TRUE: 0xd3,
  INT8: 0xd4,
  INT16: 0xd5,
  INT32: 0xd6,
  /** A whole number from 0 below 2^48, such as a timestamp. */
  UINT48: 0xd7,
  FLOAT64: 0xd8,
  /** Length, then a byte for each character. */
  LATIN1: 0xd9,
  /** Length in bytes, then UTF-8. */
  UTF8: 0xda,
  /** Number of code units, then two bytes for each: text with surrogates that are not paired. */
  UTF16: 0xdb,
  /** Count of fields and their names: the next shape. Then the values. */
  NEW_SHAPE: 0xdc,
  /** Number of a shape, then the values. */
  LONG_SHAPE: 0xdd,
  LONG_ARRAY: 0xde,
  /** Count, then names and values in turn: an object used as a dictionary. */
  DICTIONARY: 0xdf,
  MAP: 0xe0,
  SET: 0xe1,
  /** Epoch milliseconds as a 64-bit float, NaN for an invalid date. */
  DATE: 0xe2,
  BIGINT64: 0xe3,
  /** Length in bytes, then the magnitude. */
  BIGINT_POSITIVE: 0xe4,
  BIGINT_NEGATIVE: 0xe5,
  /** Index into `BINARY_KINDS`, length in bytes, the bytes. */
  BINARY: 0xe6,
  // From here on tags are left to the format around the values: see segment.ts.
} as const;

export const SHORT_TEXT_MAX = 31;
export const SHORT_ARRAY_MAX = 15;
export const SHAPE_TAGS = 32;

/** Objects with more fields are dictionaries. */
export const SHAPE_FIELDS_MAX = 64;

/** Shapes in one segment; further ones are written as dictionaries. */
export const SHAPES_MAX = 256;

/** How deep values may be nested: records may be 1000 deep. An end is needed, since a value that contains itself would have none. */
export const DEPTH_MAX = 1200;

interface BinaryKind {
  readonly prototype: object;
  make(buffer: ArrayBuffer): ArrayBuffer | ArrayBufferView;
}

/** In the byte order of the machine, which is little-endian wherever LMDB's files can be read. Only ever appended to. */
export const BINARY_KINDS: readonly BinaryKind[] = [
  { prototype: ArrayBuffer.prototype, make: buffer => buffer },
  { prototype: DataView.prototype, make: buffer => new DataView(buffer) },
  { prototype: Buffer.prototype, make: buffer => Buffer.from(buffer) },
  { prototype: Uint8Array.prototype, make: buffer => new Uint8Array(buffer) },
  { prototype: Int8Array.prototype, make: buffer => new Int8Array(buffer) },
  { prototype: Uint8ClampedArray.prototype, make: buffer => new Uint8ClampedArray(buffer) },
  { prototype: Int16Array.prototype, make: buffer => new Int16Array(buffer) },
  { prototype: Uint16Array.prototype, make: buffer => new Uint16Array(buffer) },
  { prototype: Int32Array.prototype, make: buffer => new Int32Array(buffer) },
  { prototype: Uint32Array.prototype, make: buffer => new Uint32Array(buffer) },
  { prototype: Float32Array.prototype, make: buffer => new Float32Array(buffer) },
  { prototype: Float64Array.prototype, make: buffer => new Float64Array(buffer) },
  { prototype: BigInt64Array.prototype, make: buffer => new BigInt64Array(buffer) },
  { prototype: BigUint64Array.prototype, make: buffer => new BigUint64Array(buffer) },
];
