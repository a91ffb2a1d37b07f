import { isUtf8 } from 'node:buffer';
import { utf8Text } from '../bytes.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;

/** 1 for bytes that need a look within a string: the quote, the backslash, control characters and bytes outside ASCII. */
export const SPECIAL_IN_STRING = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === QUOTE || byte === BACKSLASH || byte >= 0x80 ? 1 : 0,
);

/** Length of the longest 64-bit integer, sign included. */
export const INT64_BYTES = 20;

/** Nested values of this length and above are left to the general parser, which bounds their depth. */
const NESTED_BYTES = 1000;

/**
 * Reads the parts of a record for which generated code has no fast way. Everything stops at a line end at the latest, since no JSON value
 * contains a raw one. What is skipped is checked as strictly as what is read.
 */
export class JsonScanner {
  /** Offset after the value that was read last. */
  end = 0;

  /** The string whose content begins at `start`; undefined when it is not valid. `from` is where the first special byte stands. */
  string(bytes: Buffer, start: number, from: number): string | undefined {
    let p = from;
    let escaped = false;
    for (; bytes[p] !== QUOTE; p++) {
      const byte = bytes[p]!;
      if (byte < 0x20) return undefined;
      if (byte === BACKSLASH) {
        escaped = true;
        // A line end must stop the loop even here.
        if (bytes[++p]! < 0x20) return undefined;
      }
    }
    this.end = p + 1;
    if (!escaped) return utf8Text(bytes, start, p);
    const quoted = utf8Text(bytes, start - 1, p + 1);
    return quoted === undefined ? undefined : (parsed(quoted) as string | undefined);
  }

  /** The number that begins at `start`; undefined when it is not valid. */
  number(bytes: Buffer, start: number): number | undefined {
    const end = this.skipNumber(bytes, start);
    return end < 0 ? undefined : Number(bytes.toString('latin1', start, end));
  }

  /** The 64-bit integer that begins at `start`; undefined when it is none or not written as a plain integer. */
  int64(bytes: Buffer, start: number): bigint | undefined {
    const end = this.skipNumber(bytes, start);
    if (end < 0 || end - start > INT64_BYTES) return undefined;
    for (let p = bytes[start] === MINUS ? start + 1 : start; p < end; p++) if ((bytes[p]! - ZERO) >>> 0 > 9) return undefined;
    const value = BigInt(bytes.toString('latin1', start, end));
    return BigInt.asIntN(64, value) === value ? value : undefined;
  }

  /** The array or object that begins at `start`; undefined when it is not valid or is left to the general parser. */
  nested(bytes: Buffer, start: number): object | undefined {
    const end = this.nestedEnd(bytes, start);
    if (end < 0 || end - start >= NESTED_BYTES) return undefined;
    this.end = end;
    const text = utf8Text(bytes, start, end);
    return text === undefined ? undefined : (parsed(text) as object | undefined);
  }

  /** Any value; undefined when it is not valid or is left to the general parser. */
  value(bytes: Buffer, start: number): unknown {
    switch (bytes[start]) {
      case QUOTE:
        return this.string(bytes, start + 1, start + 1);
      case 0x7b:
      case 0x5b:
        return this.nested(bytes, start);
      case 0x74:
      case 0x66:
      case 0x6e: {
        this.end = skipLiteral(bytes, start);
        return this.end < 0 ? undefined : bytes[start] === 0x6e ? null : bytes[start] === 0x74;
      }
      default:
        return this.number(bytes, start);
    }
  }

  /** The offset after a value; -1 when it is not valid or is left to the general parser. */
  skip(bytes: Buffer, start: number): number {
    switch (bytes[start]) {
      case QUOTE:
        return this.skipString(bytes, start + 1, start + 1);
      case 0x7b:
      case 0x5b:
        return this.nested(bytes, start) === undefined ? -1 : this.end;
      case 0x74:
      case 0x66:
      case 0x6e:
        return skipLiteral(bytes, start);
      default:
        return this.skipNumber(bytes, start);
    }
  }

  /** As `string`, but only the offset after it; -1 when it is not valid. */
  skipString(bytes: Buffer, start: number, from: number): number {
    let p = from;
    let wide = false;
    for (;;) {
      while (SPECIAL_IN_STRING[bytes[p]!] === 0) p++;
      const byte = bytes[p]!;
      if (byte === QUOTE) return wide && !isUtf8(bytes.subarray(start, p)) ? -1 : p + 1;
      if (byte === BACKSLASH) return this.string(bytes, start, p) === undefined ? -1 : this.end;
      if (byte < 0x20) return -1;
      wide = true;
      p++;
    }
  }

  private skipNumber(bytes: Buffer, start: number): number {
    let p = bytes[start] === MINUS ? start + 1 : start;
    if (bytes[p] === ZERO) p++;
    else if ((p = skipDigits(bytes, p)) < 0) return -1;
    if (bytes[p] === DOT && (p = skipDigits(bytes, p + 1)) < 0) return -1;
    if ((bytes[p]! | 0x20) === 0x65) {
      p++;
      if (bytes[p] === MINUS || bytes[p] === 0x2b) p++;
      if ((p = skipDigits(bytes, p)) < 0) return -1;
    }
    this.end = p;
    return p;
  }

  /** Where brackets balance again. Exact for valid JSON; what is not valid is refused when it is parsed. */
  private nestedEnd(bytes: Buffer, start: number): number {
    let depth = 0;
    for (let p = start; ; p++) {
      const byte = bytes[p]!;
      if (byte === QUOTE) {
        for (p++; bytes[p] !== QUOTE; p++) {
          if (bytes[p]! < 0x20 || (bytes[p] === BACKSLASH && bytes[++p]! < 0x20)) return -1;
        }
      } else if ((byte | 0x20) === 0x7b) {
        depth++;
      } else if ((byte | 0x20) === 0x7d) {
        if (--depth === 0) return p + 1;
      } else if (byte < 0x20 && byte !== 0x09 && byte !== 0x0d) {
        return -1;
      }
    }
  }
}

/** After at least one digit; -1 without one. */
function skipDigits(bytes: Buffer, start: number): number {
  let p = start;
  while ((bytes[p]! - ZERO) >>> 0 < 10) p++;
  return p === start ? -1 : p;
}

function skipLiteral(bytes: Buffer, start: number): number {
  const text = bytes[start] === 0x74 ? 'true' : bytes[start] === 0x66 ? 'false' : 'null';
  for (let i = 1; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return -1;
  return start + text.length;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
