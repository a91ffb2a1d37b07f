import type { DecodeContext, Decoder, Format } from '../../spi/format.ts';
import { MillraceError, messageOf } from '../../base/errors.ts';
import { type Batch, NO_TIME } from '../../types/batch.ts';
import { type InferSchema, openSchema, type Schema } from '../../types/schema.ts';
import { describeValue } from '../../types/schema-mismatch.ts';
import { asBuffer, hasByteOrderMark, utf8Text } from '../bytes.ts';
import { checkMaxRecordBytes } from '../lines.ts';
import { isTooDeep, MAX_JSON_DEPTH } from './depth.ts';
import { JsonLineEncoder } from './line-encoder.ts';
import { RecordParser, REJECTED } from './record-parser.ts';

const MAX_DOCUMENT_BYTES = 256 * 1024 * 1024;

export interface JsonDocumentOptions<S extends Schema = Schema> {
  /** What records look like. Default: any JSON value is a record, of type unknown. */
  schema?: S;
  /** Names that lead from the top of the document to the array of records, with dots between them: `'features'`. Default: the top itself. */
  path?: string;
  /** Largest document in bytes. It is held in memory as a whole. Default 256 MiB. */
  maxDocumentBytes?: number;
}

/**
 * One JSON document that holds an array of records, such as GeoJSON's `features`. The whole document is read before the first record, so this
 * is for files of moderate size; JSON Lines have no such bound. A position is the number of the record within the array.
 *
 * Written, it is JSON Lines: an array could not be read before its end is written.
 *
 * @throws MillraceError `OPTION_INVALID`, `SCHEMA_INVALID`, `SCHEMA_ASYNC`; when it is read, `FILE_CORRUPT` for a document that is not
 *   JSON or has no such array, as none of its records could be told from another
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
    decoder: context => new DocumentDecoder(parser, path === '' ? [] : path.split('.'), maxDocumentBytes, context),
    encoder: () => new JsonLineEncoder(),
  };
}
