import { MillraceError } from '../../base/errors.ts';
import { csv } from '../../formats/csv/index.ts';
import { json } from '../../formats/json/index.ts';
import { jsonLinesOrArray } from '../../formats/json/lines-or-array.ts';
import { text } from '../../formats/text/index.ts';
import type { Format } from '../../spi/format.ts';
import { openSchema, type Schema } from '../../types/schema.ts';

/** A format by name, with its defaults. `'json'` is JSON Lines. */
export type FileFormatName = 'json' | 'csv' | 'text' | 'parquet';

/** Parquet is no stream of records, so files in it have readers and writers of their own. */
export interface ParquetFormat {
  readonly name: 'parquet';
  readonly extension: '.parquet';
  readonly schema: Schema | undefined;
}

export type FileFormat = Format<unknown> | ParquetFormat;

export function isParquet(format: FileFormat): format is ParquetFormat {
  return !('decoder' in format);
}

type FormatKey = FileFormatName | 'json or array';

const BY_EXTENSION: Readonly<Record<string, FormatKey>> = {
  '.jsonl': 'json',
  '.ndjson': 'json',
  '.json': 'json or array',
  '.csv': 'csv',
  '.txt': 'text',
  '.log': 'text',
  '.parquet': 'parquet',
};

/** Finds the format of each file: the one that was given, or the one that its extension stands for. */
export class FileFormats {
  private readonly given: FileFormat | undefined;
  private readonly schema: Schema | undefined;
  private readonly made = new Map<FormatKey, FileFormat>();

  constructor(format: FileFormatName | Format<unknown> | undefined, schema: Schema | undefined) {
    this.schema = schema;
    if (typeof format === 'object' && schema !== undefined) {
      throw new MillraceError('OPTION_INVALID', {
        where: 'file, schema',
        expected: 'the schema within the format',
        got: 'both a format and a schema',
        hint: `write format: ${format.name}({ schema }), or name the format: format: '${format.name}'`,
      });
    }
    this.given = typeof format === 'string' ? this.make(format) : format;
  }

  /** @throws MillraceError `FILE_FORMAT_UNKNOWN` */
  of(path: string): FileFormat {
    const format = this.given ?? this.byExtension(path);
    if (format === undefined) throw new MillraceError('FILE_FORMAT_UNKNOWN', { where: path });
    return format;
  }

  /** The format that was given, for files whose names are still to be chosen. */
  get only(): FileFormat | undefined {
    return this.given;
  }

  private byExtension(path: string): FileFormat | undefined {
    const extension = /\.[^./\\]+$/.exec(path.toLowerCase().replace(/\.gz$/, ''))?.[0];
    const key = extension === undefined ? undefined : BY_EXTENSION[extension];
    return key === undefined ? undefined : this.make(key);
  }

  private make(key: FormatKey): FileFormat {
    let format = this.made.get(key);
    if (format === undefined) {
      format = makeFormat(key, this.schema);
      this.made.set(key, format);
    }
    return format;
  }
}

function makeFormat(key: FormatKey, schema: Schema | undefined): FileFormat {
  switch (key) {
    case 'json':
      return schema === undefined ? json() : json({ schema });
    case 'json or array':
      return jsonLinesOrArray(schema);
    case 'csv':
      return schema === undefined ? csv() : csv({ schema });
    case 'text':
      if (schema === undefined) return text();
      throw new MillraceError('OPTION_INVALID', {
        where: 'file, schema',
        expected: 'no schema, as every record of text is a string',
        got: 'a schema',
      });
    case 'parquet':
      // Opened by each reader; this is to find out now what is wrong with it.
      if (schema !== undefined) openSchema(schema);
      return { name: 'parquet', extension: '.parquet', schema };
    default:
      throw new MillraceError('OPTION_INVALID', {
        where: 'file, format',
        expected: "'json', 'csv', 'text', 'parquet' or a format",
        got: String(key),
      });
  }
}
