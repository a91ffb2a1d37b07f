import type { DecodeContext, Decoder, Format } from '../../spi/format.ts';
import type { Batch } from '../../types/batch.ts';
import { type InferSchema, openSchema, type Schema } from '../../types/schema.ts';
import { hasByteOrderMark, MAX_RECORD_BYTES } from '../bytes.ts';
import { JsonDocumentDecoder, MAX_DOCUMENT_BYTES } from './document.ts';
import { JsonLineDecoder, LineProgram } from './line-decoder.ts';
import { JsonLineEncoder } from './line-encoder.ts';

const OPENING_BRACKET = 0x5b;

/**
 * What a file named `.json` may hold: one array of records when its first character is a bracket, JSON Lines otherwise. Written, it is
 * JSON Lines.
 */
export function jsonLinesOrArray<const S extends Schema>(schema: S | undefined): Format<InferSchema<S>>;
export function jsonLinesOrArray(schema: Schema | undefined): Format<unknown> {
  const program = new LineProgram(schema === undefined ? undefined : openSchema(schema), MAX_RECORD_BYTES);
  return {
    name: 'json',
    extension: '.json',
    decoder: context => new LinesOrArrayDecoder(program, context),
    encoder: () => new JsonLineEncoder(),
  };
}

class LinesOrArrayDecoder implements Decoder<unknown> {
  private readonly program: LineProgram;
  private readonly context: DecodeContext;
  private chosen: Decoder<unknown> | undefined;

  constructor(program: LineProgram, context: DecodeContext) {
    this.program = program;
    this.context = context;
  }

  get skipping(): boolean {
    return this.chosen?.skipping ?? false;
  }

  decode(bytes: Uint8Array, from: number, to: number, last: boolean, basePosition: number, batch: Batch<unknown>): number {
    this.chosen ??= this.choose(bytes, from, to, last, basePosition);
    return this.chosen?.decode(bytes, from, to, last, basePosition, batch) ?? from;
  }

  private choose(bytes: Uint8Array, from: number, to: number, last: boolean, basePosition: number): Decoder<unknown> | undefined {
    // An array is consumed as a whole, so whatever begins later is a line.
    let at = basePosition + from > 0 ? to : hasByteOrderMark(bytes, from, to) ? from + 3 : from;
    while (at < to && bytes[at]! <= 0x20) at++;
    if (at === to && !last && basePosition + from === 0) return undefined;
    return bytes[at] === OPENING_BRACKET && at < to
      ? new JsonDocumentDecoder(this.program.parser, [], MAX_DOCUMENT_BYTES, this.context)
      : new JsonLineDecoder(this.program, this.context);
  }
}
