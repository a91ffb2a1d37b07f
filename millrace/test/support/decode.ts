import type { Format } from '../../src/spi/format.ts';
import type { RejectReason } from '../../src/spi/reject.ts';
import { Batch } from '../../src/types/batch.ts';

export interface Decoded<T> {
  /** Records and rejects in the order of their positions as they came out. */
  readonly records: { value: T; position: number }[];
  readonly rejects: { reason: RejectReason; message: string; bytes: Uint8Array | undefined; position: number; value: unknown }[];
}

export interface DecodeOptions {
  /** Bytes that arrive at a time; cycled through. Default: all at once. */
  pieces?: readonly number[];
  /** Records per batch. */
  capacity?: number;
  /** Readable bytes after the last one, which generated code may ask for. Default 512. */
  padding?: number;
}

/** Decodes bytes as a connector would that receives them in pieces: what was not consumed is handed over again with what follows. */
export function decodeAll<T>(format: Format<T>, input: Uint8Array | string, options: DecodeOptions = {}): Decoded<T> {
  const bytes = typeof input === 'string' ? Buffer.from(input) : input;
  const { pieces = [Math.max(1, bytes.length)], capacity = 3, padding = 512 } = options;
  const decoded: Decoded<T> = { records: [], rejects: [] };
  const decoder = format.decoder({
    reject: (reason, message, view, position, value) => decoded.rejects.push({ reason, message, bytes: view?.slice(), position, value }),
  });
  const batch = new Batch<T>(capacity);
  let consumed = 0;
  let received = 0;
  for (let piece = 0; ; piece++) {
    received = Math.min(bytes.length, received + pieces[piece % pieces.length]!);
    const last = received === bytes.length;
    // What stands after the received bytes must not matter.
    const held = Buffer.alloc(received - consumed + padding, piece % 2 === 0 ? 0x22 : 0x0a);
    held.set(bytes.subarray(consumed, received));
    const base = consumed;
    const to = received - base;
    let at = 0;
    do {
      batch.clear();
      at = decoder.decode(held, at, to, last, base, batch);
      for (let i = 0; i < batch.length; i++) decoded.records.push({ value: batch.values[i]!, position: batch.positions[i]! });
    } while (batch.full);
    consumed = base + at;
    if (last) {
      if (consumed !== bytes.length) throw new Error(`${bytes.length - consumed} bytes were left`);
      return decoded;
    }
  }
}

/** The decoded values alone. */
export function valuesOf<T>(format: Format<T>, input: Uint8Array | string, options?: DecodeOptions): T[] {
  return decodeAll(format, input, options).records.map(record => record.value);
}
