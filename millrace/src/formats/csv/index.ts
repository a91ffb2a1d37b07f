import { MillraceError } from '../../base/errors.ts';
import type { Format } from '../../spi/format.ts';
import { type InferSchema, openSchema, type Schema } from '../../types/schema.ts';
import { MAX_RECORD_BYTES } from '../bytes.ts';
import { checkMaxRecordBytes } from '../lines.ts';
import { CsvDecoder, CsvProgram } from './decoder.ts';
import { type CsvDialectOptions, csvDialect } from './dialect.ts';
import { CsvEncoder } from './encoder.ts';

export interface CsvOptions<S extends Schema = Schema> extends CsvDialectOptions {
  /** What records look like. Default: every column is a string. */
  schema?: S;
  /** Names of the columns in their order. Default: those of the header. */
  columns?: readonly string[];
  /** Whether the first row names the columns. Default: true unless `columns` are given. With both, the first row is passed over. */
  header?: boolean;
  /** Longest row in bytes; longer ones are rejected as `too-large`. Default 16 MiB. */
  maxRecordBytes?: number;
}

/**
 * Comma-separated values (RFC 4180) in UTF-8, with quoted fields that may hold line breaks. Rows end with LF or CRLF; empty lines are
 * skipped.
 *
 * With a schema whose structure is known, fields are converted: numbers and integers from decimal text, `int64` to bigint, booleans from
 * `true`, `false`, `t`, `f`, `1`, `0`, arrays and objects from JSON. An unquoted field that equals `nullText` is null where the schema
 * allows it, absent where the field is optional, and an empty string where a string must be. Columns that the schema does not declare are
 * not read. Without a structure (valibot, or no schema) every field is text.
 *
 * A row that is not UTF-8, has more or fewer fields than there are columns, or breaks the rules of quoting is rejected as `undecodable`;
 * of a row with a stray quote only its first line is, so that rows after it are not lost. A field that cannot be converted makes the
 * record `invalid`.
 *
 * When writing, the columns are `columns` or the fields of the first record, and nested objects become columns such as `window.start`. A
 * later record with other fields is refused, unless `columns` leaves them out on purpose.
 *
 * @throws MillraceError `OPTION_INVALID`, `SCHEMA_INVALID`, `SCHEMA_ASYNC`
 * @example
 * p.from(file({ path: 'airports.csv', format: csv({ delimiter: ';', schema: Airport }) }))
 */
export function csv<const S extends Schema>(options: CsvOptions<S> & { schema: S }): Format<InferSchema<S>>;
export function csv(options?: Omit<CsvOptions, 'schema'>): Format<Record<string, string>>;
export function csv(options: CsvOptions = {}): Format<unknown> {
  const { schema, columns, header = columns === undefined, maxRecordBytes = MAX_RECORD_BYTES } = options;
  const dialect = csvDialect(options);
  checkMaxRecordBytes('csv', maxRecordBytes);
  if (!header && columns === undefined) {
    throw new MillraceError('OPTION_INVALID', {
      where: 'csv, columns',
      expected: 'the names of the columns, as there is no header',
      got: 'nothing',
    });
  }
  if (columns !== undefined && new Set(columns).size !== columns.length) {
    throw new MillraceError('OPTION_INVALID', { where: 'csv, columns', expected: 'names that differ', got: columns.join(', ') });
  }
  const opened = schema === undefined ? undefined : openSchema(schema);
  const program = new CsvProgram(dialect, columns, header, opened, maxRecordBytes);
  return {
    name: 'csv',
    extension: '.csv',
    headed: header,
    decoder: context => new CsvDecoder(program, context),
    encoder: () => new CsvEncoder(dialect, columns, header),
  };
}
