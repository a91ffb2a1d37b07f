import type { Batch } from '../types/batch.ts';
import type { RejectReason } from './reject.ts';

export interface DecodeContext {
  /** Takes a record out of the stream. `bytes` may be a view that is only valid during the call. */
  reject(reason: RejectReason, message: string, bytes: Uint8Array | undefined, position: number, value?: unknown): void;
}

/** Decodes one run of bytes, such as one file or one connection; may keep state between calls (a CSV header). */
export interface Decoder<T> {
  /**
   * Decodes whole records from `bytes[from, to)` into the batch until it is full or no whole record is left.
   * A record's position is `basePosition` plus its offset in `bytes`; its time is NaN.
   *
   * @param last no more bytes will follow, so that what is left without an end mark is a record too
   * @returns the offset after the last byte that was consumed
   */
  decode(bytes: Uint8Array, from: number, to: number, last: boolean, basePosition: number, batch: Batch<T>): number;
  /** Whether what was consumed ends inside a record that is being skipped, where no other decoder could go on. Absent: never. */
  readonly skipping?: boolean;
}

/** Encodes records into one file or connection. */
export interface Encoder<T> {
  /**
   * Bytes before the first record, such as a CSV header. Absent: none. Without a record, it is asked for with undefined, and may throw
   * where only a record tells it.
   */
  header?(first: T | undefined): Uint8Array | undefined;
  /** One record with its end mark. A throw rejects the record. */
  encode(value: T): string | Uint8Array;
}

/** How records stand in bytes one after another: JSON Lines, CSV, text. */
export interface Format<T> {
  readonly name: string;
  /** Extension of the files it is written to, with the dot. */
  readonly extension: string;
  /**
   * Whether a header precedes the records. To go on in the middle, a decoder is first given the beginning with a batch of no capacity,
   * of which it then consumes the header alone. Absent: no header.
   */
  readonly headed?: boolean;
  decoder(context: DecodeContext): Decoder<T>;
  encoder(): Encoder<T>;
}
