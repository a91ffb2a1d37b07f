import { messageOf } from '../../base/errors.ts';
import type { DecodeContext, Decoder, Format } from '../../spi/format.ts';
import { type Batch, NO_TIME } from '../../types/batch.ts';
import { type InferSchema, openSchema, type Schema } from '../../types/schema.ts';
import { describeValue } from '../../types/schema-mismatch.ts';
import { asBuffer, hasByteOrderMark, utf8Text } from '../bytes.ts';
import { checkMaxRecordBytes } from '../lines.ts';
import { isTooDeep, MAX_JSON_DEPTH } from './depth.ts';
import { JsonLineEncoder } from './line-encoder.ts';
import { RecordParser, REJECTED } from './record-parser.ts';

/** Default bound of a document, in bytes. */
export const MAX_DOCUMENT_BYTES = 256 * 1024 * 1024;

export interface JsonDocumentOptions<S extends Schema = Schema> {
  /** What records look like. Default: any JSON value is a record, of type unknown. */
  schema?: S;
  /**
   * Names that lead from the top of the document to the array of records, with dots between them: `'features'`. Default: the top itself.
   */
  path?: string;
  /** Largest document in bytes. It is held in memory as a whole. Default 256 MiB. */
  maxDocumentBytes?: number;
}

/**
 * One JSON document that holds an array of records, such as GeoJSON's `features`. The whole document is read before the first record, so
 * this is for files of moderate size; JSON Lines have no such bound. A position is the number of the record within the array.
 *
 * Written, it is JSON Lines: an array could not be read before its end is written.
 *
 * A document that is not JSON, has no such array or is too large is rejected as one record.
 *
 * @throws MillraceError `OPTION_INVALID`, `SCHEMA_INVALID`, `SCHEMA_ASYNC`
 * @example
 * p.from(file({ path: 'earthquakes.json', format: jsonDocument({ path: 'features', schema: Quake }) }))
 */
export function jsonDocument<const S extends Schema>(options: JsonDocumentOptions<S> & { schema: S }): Format<InferSchema<S>>;
export function jsonDocument(options?: Omit<JsonDocumentOptions, 'schema'>): Format<unknown>;
export function jsonDocument(options: JsonDocumentOptions = {}): Format<unknown> {
  const { schema, path = '', maxDocumentBytes = MAX_DOCUMENT_BYTES } = options;
  checkMaxRecordBytes('jsonDocument', maxDocumentBytes);
  const parser = new RecordParser(schema === undefined ? undefined : openSchema(schema));
  return {
    name: 'json document',
    extension: '.json',
    decoder: context => new JsonDocumentDecoder(parser, path === '' ? [] : path.split('.'), maxDocumentBytes, context),
    encoder: () => new JsonLineEncoder(),
  };
}

export class JsonDocumentDecoder implements Decoder<unknown> {
  private readonly parser: RecordParser;
  private readonly path: readonly string[];
  private readonly maxBytes: number;
  private readonly context: DecodeContext;
  private records: readonly unknown[] | undefined;
  private next = 0;
  private tooLarge = false;

  constructor(parser: RecordParser, path: readonly string[], maxBytes: number, context: DecodeContext) {
    this.parser = parser;
    this.path = path;
    this.maxBytes = maxBytes;
    this.context = context;
  }

  get skipping(): boolean {
    return this.tooLarge;
  }

  decode(bytes: Uint8Array, from: number, to: number, last: boolean, basePosition: number, batch: Batch<unknown>): number {
    if (this.tooLarge) return to;
    if (to - from > this.maxBytes) {
      this.tooLarge = true;
      this.context.reject('too-large', `the document is longer than ${this.maxBytes} bytes`, bytes.subarray(from, to), basePosition + from);
      return to;
    }
    if (!last) return from;
    this.records ??= from === to ? [] : this.parse(asBuffer(bytes), from, to, basePosition + from);
    while (this.next < this.records.length) {
      if (batch.full) return from;
      const position = this.next++;
      const value = this.parser.validate(this.records[position], undefined, position, this.context);
      if (value !== REJECTED) batch.push(value, NO_TIME, position);
    }
    return to;
  }

  private parse(bytes: Buffer, from: number, to: number, position: number): readonly unknown[] {
    const refuse = (reason: 'undecodable' | 'invalid', message: string) => {
      this.context.reject(reason, message, bytes.subarray(from, to), position);
      return [];
    };
    if (isTooDeep(bytes, from, to)) return refuse('undecodable', `the document nests deeper than ${MAX_JSON_DEPTH} levels`);
    const text = utf8Text(bytes, hasByteOrderMark(bytes, from, to) ? from + 3 : from, to);
    if (text === undefined) return refuse('undecodable', 'the document is not UTF-8');
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      return refuse('undecodable', messageOf(error));
    }
    for (const name of this.path) {
      value =
        typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
    }
    const place = this.path.length === 0 ? 'the document' : `'${this.path.join('.')}'`;
    return Array.isArray(value) ? value : refuse('invalid', `${place}: expected array, got ${describeValue(value)}`);
  }
}
