import type { ParquetType } from 'hyparquet';
import { utf8Text } from '../bytes.ts';
import { UNDECODABLE, Undecodable, type ValueReader, WIDE } from './values.ts';

/**
 * Reads values that stand one after another (Parquet's encoding PLAIN = 0). INT64 gives numbers, and bigints where a double would not be
 * exact; byte arrays give text or bytes of their own.
 *
 * @param bytes the values are `bytes[from, bytes.length)`
 */
export function plainReader(type: ParquetType, typeLength: number | undefined, asText: boolean, bytes: Buffer, from: number): ValueReader {
  switch (type) {
    case 'BOOLEAN':
      return new PlainBooleans(bytes, from);
    case 'INT32':
      return new PlainInt32(bytes, from);
    case 'INT64':
      return new PlainInt64(bytes, from);
    case 'INT96':
      return new PlainInt96(bytes, from);
    case 'FLOAT':
      return new PlainFloats(bytes, from);
    case 'DOUBLE':
      return new PlainDoubles(bytes, from);
    case 'BYTE_ARRAY':
      return asText ? new PlainTexts(bytes, from) : new PlainByteArrays(bytes, from);
    case 'FIXED_LEN_BYTE_ARRAY':
      return new PlainFixedByteArrays(bytes, from, typeLength ?? 0);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

class PlainBooleans implements ValueReader {
  private readonly view: DataView;
  private bit = 0;

  constructor(bytes: Buffer, from: number) {
    this.view = viewOf(bytes.subarray(from));
  }

  read(out: unknown[], at: number, n: number): number {
    for (let i = at; i < at + n; i++) {
      out[i] = ((this.view.getUint8(Math.floor(this.bit / 8)) >>> (this.bit % 8)) & 1) === 1;
      this.bit++;
    }
    return 0;
  }
}

class PlainInt32 implements ValueReader {
  private readonly view: DataView;
  private at: number;

  constructor(bytes: Buffer, from: number) {
    this.view = viewOf(bytes);
    this.at = from;
  }

  read(out: unknown[], at: number, n: number): number {
    const { view } = this;
    let p = this.at;
    for (let i = at; i < at + n; i++, p += 4) out[i] = view.getInt32(p, true);
    this.at = p;
    return 0;
  }
}

class PlainInt64 implements ValueReader {
  private readonly view: DataView;
  private at: number;

  constructor(bytes: Buffer, from: number) {
    this.view = viewOf(bytes);
    this.at = from;
  }

  read(out: unknown[], at: number, n: number): number {
    const { view } = this;
    let p = this.at;
    let flags = 0;
    for (let i = at; i < at + n; i++, p += 8) {
      const high = view.getInt32(p + 4, true);
      const value = high * 2 ** 32 + view.getUint32(p, true);
      if (high < 0x200000 && value > -(2 ** 53)) {
        out[i] = value;
      } else {
        out[i] = view.getBigInt64(p, true);
        flags = WIDE;
      }
    }
    this.at = p;
    return flags;
  }
}

const JULIAN_DAY_OF_EPOCH = 2_440_588;

/** Nanoseconds since the epoch: eight bytes of nanoseconds in the day and four of the Julian day. */
class PlainInt96 implements ValueReader {
  private readonly view: DataView;
  private at: number;

  constructor(bytes: Buffer, from: number) {
    this.view = viewOf(bytes);
    this.at = from;
  }

  read(out: unknown[], at: number, n: number): number {
    for (let i = at; i < at + n; i++, this.at += 12) {
      const days = BigInt(this.view.getInt32(this.at + 8, true) - JULIAN_DAY_OF_EPOCH);
      out[i] = days * 86_400_000_000_000n + this.view.getBigInt64(this.at, true);
    }
    return WIDE;
  }
}

class PlainFloats implements ValueReader {
  private readonly view: DataView;
  private at: number;

  constructor(bytes: Buffer, from: number) {
    this.view = viewOf(bytes);
    this.at = from;
  }

  read(out: unknown[], at: number, n: number): number {
    for (let i = at; i < at + n; i++, this.at += 4) out[i] = this.view.getFloat32(this.at, true);
    return 0;
  }
}

class PlainDoubles implements ValueReader {
  private readonly view: DataView;
  private at: number;

  constructor(bytes: Buffer, from: number) {
    this.view = viewOf(bytes);
    this.at = from;
  }

  read(out: unknown[], at: number, n: number): number {
    const { view } = this;
    let p = this.at;
    for (let i = at; i < at + n; i++, p += 8) out[i] = view.getFloat64(p, true);
    this.at = p;
    return 0;
  }
}

class PlainTexts implements ValueReader {
  private readonly bytes: Buffer;
  private readonly view: DataView;
  private at: number;

  constructor(bytes: Buffer, from: number) {
    this.bytes = bytes;
    this.view = viewOf(bytes);
    this.at = from;
  }

  read(out: unknown[], at: number, n: number): number {
    let flags = 0;
    for (let i = at; i < at + n; i++) {
      const start = this.at + 4;
      const end = start + this.view.getUint32(this.at, true);
      if (end > this.bytes.length) throw new RangeError('text ends outside its page');
      const text = textOf(this.bytes, start, end);
      if (typeof text !== 'string') flags = UNDECODABLE;
      out[i] = text;
      this.at = end;
    }
    return flags;
  }
}

class PlainByteArrays implements ValueReader {
  private readonly bytes: Buffer;
  private readonly view: DataView;
  private at: number;

  constructor(bytes: Buffer, from: number) {
    this.bytes = bytes;
    this.view = viewOf(bytes);
    this.at = from;
  }

  read(out: unknown[], at: number, n: number): number {
    for (let i = at; i < at + n; i++) {
      const start = this.at + 4;
      const end = start + this.view.getUint32(this.at, true);
      if (end > this.bytes.length) throw new RangeError('bytes end outside their page');
      out[i] = new Uint8Array(this.bytes.subarray(start, end));
      this.at = end;
    }
    return 0;
  }
}

class PlainFixedByteArrays implements ValueReader {
  private readonly bytes: Buffer;
  private readonly length: number;
  private at: number;

  constructor(bytes: Buffer, from: number, length: number) {
    this.bytes = bytes;
    this.at = from;
    this.length = length;
  }

  read(out: unknown[], at: number, n: number): number {
    if (this.at + n * this.length > this.bytes.length) throw new RangeError('bytes end outside their page');
    for (let i = at; i < at + n; i++, this.at += this.length) {
      out[i] = new Uint8Array(this.bytes.subarray(this.at, this.at + this.length));
    }
    return 0;
  }
}

/** The text of `bytes[start, end)`, or what stands for it when it is not UTF-8. */
export function textOf(bytes: Buffer, start: number, end: number): string | Undecodable {
  return utf8Text(bytes, start, end) ?? new Undecodable('not UTF-8', new Uint8Array(bytes.subarray(start, end)));
}
