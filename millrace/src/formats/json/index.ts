import type { Format } from '../../spi/format.ts';
import { type InferSchema, openSchema, type Schema } from '../../types/schema.ts';
import { MAX_RECORD_BYTES } from '../bytes.ts';
import { checkMaxRecordBytes } from '../lines.ts';
import { JsonLineDecoder, LineProgram } from './line-decoder.ts';
import { JsonLineEncoder } from './line-encoder.ts';

export { jsonDocument, type JsonDocumentOptions } from './document.ts';

export interface JsonOptions<S extends Schema = Schema> {
  /** What records look like. Default: any JSON value is a record, of type unknown. */
  schema?: S;
  /** Longest line in bytes; longer ones are rejected as `too-large`. Default 16 MiB. */
  maxRecordBytes?: number;
}

/**
 * JSON Lines, also called NDJSON: every line is one JSON value, in UTF-8. Lines end with LF or CRLF, empty ones are skipped.
 *
 * With a schema whose structure is known (a JSON Schema, zod 4, arktype) decoders are generated for the records as they turn up. They make
 * only the fields that the schema declares, and give exactly what JSON.parse and the schema would give; fields that are not read are
 * checked all the same. Of a repeated field the last one counts.
 *
 * A line that is not JSON, not UTF-8 or nested deeper than 1000 levels is rejected as `undecodable`, one that does not fit the schema as
 * `invalid`.
 *
 * When writing, a bigint becomes a number with all its digits; what JSON cannot hold (a function alone, a cycle) is refused, and NaN and
 * infinite numbers become null, as JSON.stringify does it.
 *
 * @throws MillraceError `OPTION_INVALID`, `SCHEMA_INVALID`, `SCHEMA_ASYNC`
 * @example
 * p.from(file({ path: 'events.jsonl', format: json({ schema: Event }) }))
 */
export function json<const S extends Schema>(options: JsonOptions<S> & { schema: S }): Format<InferSchema<S>>;
export function json(options?: Omit<JsonOptions, 'schema'>): Format<unknown>;
export function json(options: JsonOptions = {}): Format<unknown> {
  const { schema, maxRecordBytes = MAX_RECORD_BYTES } = options;
  checkMaxRecordBytes('json', maxRecordBytes);
  const program = new LineProgram(schema === undefined ? undefined : openSchema(schema), maxRecordBytes);
  return {
    name: 'json',
    extension: '.jsonl',
    decoder: context => new JsonLineDecoder(program, context),
    encoder: () => new JsonLineEncoder(),
  };
}
