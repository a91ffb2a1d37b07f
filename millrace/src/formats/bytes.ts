import { isUtf8 } from 'node:buffer';

export const NEWLINE = 0x0a;
export const CARRIAGE_RETURN = 0x0d;

/** Default bound of one record, in bytes. */
export const MAX_RECORD_BYTES = 16 * 1024 * 1024;

const REPLACEMENT = '\ufffd';

/** The same memory as a Buffer, for its native searches and conversions. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The text of `bytes[start, end)`; undefined when it is not UTF-8. */
export function utf8Text(bytes: Buffer, start: number, end: number): string | undefined {
  const text = bytes.toString('utf8', start, end);
  // What is not UTF-8 was replaced; only then is it worth telling such a replacement from the character itself.
  return text.includes(REPLACEMENT) && !isUtf8(bytes.subarray(start, end)) ? undefined : text;
}

/** Whether a byte order mark stands at the offset. */
export function hasByteOrderMark(bytes: Uint8Array, at: number, to: number): boolean {
  return at + 3 <= to && bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf;
}
