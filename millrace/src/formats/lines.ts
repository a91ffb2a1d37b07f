import { MillraceError } from '../base/errors.ts';
import type { DecodeContext } from '../spi/format.ts';
import { asBuffer, CARRIAGE_RETURN, hasByteOrderMark, NEWLINE } from './bytes.ts';

/**
 * Finds lines in bytes that arrive in pieces. Lines end with LF or CRLF; a byte order mark at the very beginning belongs to none.
 * A line over the bound is rejected as soon as that is known and skipped to its end without being kept.
 */
export class Lines {
  /** The line last found is `bytes[start, end)`. */
  start = 0;
  end = 0;
  /** Offset after the last byte that was consumed. */
  after = 0;
  private readonly context: DecodeContext;
  private readonly maxBytes: number;
  /** Whether the rest of a line over the bound is being skipped. */
  skipping = false;
  /** Position of a line whose end was not found yet, and how many of its bytes hold none. */
  private unfinishedAt = -1;
  private unfinishedBytes = 0;

  constructor(context: DecodeContext, maxBytes: number) {
    this.context = context;
    this.maxBytes = maxBytes;
  }

  /** Finds the next line in `bytes[from, to)` that is no longer than the bound. False when no whole line is left. */
  find(bytes: Uint8Array, from: number, to: number, last: boolean, basePosition: number): boolean {
    const buffer = asBuffer(bytes);
    let start = from;
    while (start < to) {
      const position = basePosition + start;
      const known = position === this.unfinishedAt ? this.unfinishedBytes : 0;
      const newline = buffer.indexOf(NEWLINE, start + known);
      const ended = newline >= 0 && newline < to;
      if (!ended && !last) {
        if (!this.skipping && to - start <= this.maxBytes) {
          this.unfinishedAt = position;
          this.unfinishedBytes = to - start;
          this.after = start;
          return false;
        }
        if (!this.skipping) this.tooLarge(bytes, start, to, position);
        this.skipping = true;
        this.after = to;
        return false;
      }
      const end = ended ? newline : to;
      const next = ended ? newline + 1 : to;
      if (this.skipping) {
        this.skipping = false;
      } else if (end - start > this.maxBytes) {
        this.tooLarge(bytes, start, end, position);
      } else {
        this.start = position === 0 && hasByteOrderMark(bytes, start, end) ? start + 3 : start;
        this.end = end > this.start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
        this.after = next;
        return true;
      }
      start = next;
    }
    this.after = start;
    return false;
  }

  private tooLarge(bytes: Uint8Array, start: number, end: number, position: number): void {
    this.context.reject('too-large', `the record is longer than ${this.maxBytes} bytes`, bytes.subarray(start, end), position);
  }
}

/** @throws MillraceError `OPTION_INVALID` */
export function checkMaxRecordBytes(where: string, maxRecordBytes: number): void {
  if (Number.isSafeInteger(maxRecordBytes) && maxRecordBytes > 0) return;
  throw new MillraceError('OPTION_INVALID', {
    where: `${where}, maxRecordBytes`,
    expected: 'a whole number of bytes above 0',
    got: String(maxRecordBytes),
  });
}
