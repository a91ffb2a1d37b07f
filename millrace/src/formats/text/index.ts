import type { DecodeContext, Decoder, Encoder, Format } from '../../spi/format.ts';
import type { Batch } from '../../types/batch.ts';
import { NO_TIME } from '../../types/batch.ts';
import { asBuffer, MAX_RECORD_BYTES, utf8Text } from '../bytes.ts';
import { checkMaxRecordBytes, Lines } from '../lines.ts';

export interface TextOptions {
  /** Longest line in bytes; longer ones are rejected as `too-large`. Default 16 MiB. */
  maxRecordBytes?: number;
}

/**
 * Text of which every line is a record, in UTF-8. Lines end with LF or CRLF; an empty line is an empty string. A line that is not UTF-8 is
 * rejected as `undecodable`.
 *
 * Strings are written with an LF; numbers, bigints and booleans as their text. Anything else is refused, and so is text that contains
 * a line break, because it would be read as two records.
 *
 * @throws MillraceError `OPTION_INVALID`
 * @example
 * p.from(file({ path: 'server.log', format: text() }))
 */
export function text(options: TextOptions = {}): Format<string> {
  const { maxRecordBytes = MAX_RECORD_BYTES } = options;
  checkMaxRecordBytes('text', maxRecordBytes);
  return {
    name: 'text',
    extension: '.txt',
    decoder: context => new TextLineDecoder(context, maxRecordBytes),
    encoder: () => textEncoder,
  };
}

class TextLineDecoder implements Decoder<string> {
  private readonly context: DecodeContext;
  private readonly lines: Lines;

  constructor(context: DecodeContext, maxRecordBytes: number) {
    this.context = context;
    this.lines = new Lines(context, maxRecordBytes);
  }

  get skipping(): boolean {
    return this.lines.skipping;
  }

  decode(bytes: Uint8Array, from: number, to: number, last: boolean, basePosition: number, batch: Batch<string>): number {
    const { lines } = this;
    const buffer = asBuffer(bytes);
    let at = from;
    while (!batch.full) {
      const found = lines.find(buffer, at, to, last, basePosition);
      at = lines.after;
      if (!found) break;
      const line = utf8Text(buffer, lines.start, lines.end);
      const position = basePosition + lines.start;
      if (line === undefined) {
        this.context.reject('undecodable', 'the line is not UTF-8', buffer.subarray(lines.start, lines.end), position);
      } else {
        batch.push(line, NO_TIME, position);
      }
    }
    return at;
  }
}

const textEncoder: Encoder<unknown> = {
  encode(value) {
    if (typeof value === 'string') {
      if (value.includes('\n') || value.endsWith('\r')) throw new TypeError('a line of text cannot contain a line break');
      return `${value}\n`;
    }
    if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return `${value}\n`;
    throw new TypeError(`a line of text is a string, not ${value === null ? 'null' : typeof value}; map records to text, or write JSON`);
  },
};
