import type { DecodeContext, Decoder, Format } from '../../spi/format.ts';
import type { ReaderContext } from '../../spi/source.ts';
import { Batch } from '../../types/batch.ts';
import type { Json } from '../../types/json.ts';
import type { ReadAhead } from './read-ahead.ts';

/**
 * Where to go on in a stream of bytes: at `offset`, which is the end of a record, past as many records as `skip` says. `trace` is what
 * stood before the offset, to see that it is the same file.
 */
export interface BytePosition {
  readonly offset: number;
  readonly trace: string;
  readonly skip?: number;
}

export function isBytePosition(position: Json | undefined): position is Json & BytePosition {
  return typeof position === 'object' && position !== null && 'offset' in position && 'trace' in position;
}

/** Decodes what a window shows, and knows where decoding could go on. */
export class DecodedWindow<T> {
  readonly input: ReadAhead;
  private readonly context: ReaderContext;
  private readonly decoder: Decoder<T>;
  /** The last place at which another decoder could go on, and how many records came after it. */
  private restart: BytePosition | undefined;
  private recordsAfter = 0;
  /** Records that had been handed over before the run began. */
  private passOver: number;

  constructor(format: Format<T>, input: ReadAhead, context: ReaderContext, passOver: number) {
    this.input = input;
    this.context = context;
    this.passOver = passOver;
    const decodeContext: DecodeContext = {
      reject: (...reject) => {
        if (this.passOver === 0) context.reject(...reject);
      },
    };
    this.decoder = format.decoder(decodeContext);
  }

  /** Shows the decoder the beginning of the stream up to its header's end. Returns the bytes it took. */
  readHeader(bytes: Buffer, to: number): number {
    return this.decoder.decode(bytes, 0, to, false, 0, new Batch<T>(0));
  }

  /**
   * Decodes into the batch. True when records are left that did not fit.
   *
   * @param last no more bytes will follow
   */
  decode(batch: Batch<T>, last: boolean): boolean {
    const { input, decoder } = this;
    for (;;) {
      const { from } = input;
      if (from === input.to && !last) return false;
      const length = batch.length;
      const after = decoder.decode(input.bytes, from, input.to, last, input.base, batch);
      const { full } = batch;
      this.recordsAfter += batch.length - length;
      if (decoder.skipping === true) {
        // In the middle of a record that is being skipped, nobody could go on: the place before it counts.
        this.restart ??= { offset: input.position, trace: input.trace() };
      } else if (after !== from) {
        this.restart = undefined;
        this.recordsAfter = 0;
      }
      input.from = after;
      this.dropPassedOver(batch, length);
      if (!full) {
        if (last && after < input.to) this.rejectRest();
        return false;
      }
      if (batch.full) return true;
    }
  }

  position(): BytePosition {
    const { offset, trace } = this.restart ?? { offset: this.input.position, trace: this.input.trace() };
    const skip = this.recordsAfter + this.passOver;
    return skip === 0 ? { offset, trace } : { offset, trace, skip };
  }

  /** Takes records out of the batch that were handed over by an earlier run. */
  private dropPassedOver(batch: Batch<T>, length: number): void {
    if (this.passOver === 0) return;
    const dropped = Math.min(this.passOver, batch.length - length);
    this.passOver -= dropped;
    for (let i = length; i + dropped < batch.length; i++) {
      batch.values[i] = batch.values[i + dropped]!;
      batch.times[i] = batch.times[i + dropped]!;
      batch.positions[i] = batch.positions[i + dropped]!;
    }
    batch.length -= dropped;
  }

  private rejectRest(): void {
    const { input, context } = this;
    context.reject('undecodable', 'the file ends in the middle of a record', input.bytes.subarray(input.from, input.to), input.position);
    input.from = input.to;
  }
}
