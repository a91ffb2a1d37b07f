import { fileURLToPath } from 'node:url';
import { type Duration, durationMs } from '../../base/duration.ts';
import { MillraceError } from '../../base/errors.ts';
import type { Format } from '../../spi/format.ts';
import type { Sink, SinkContext, SinkRecovery, SinkWriter } from '../../spi/sink.ts';
import type { EnumerationContext, ReaderContext, Source, SplitReader } from '../../spi/source.ts';
import type { Json } from '../../types/json.ts';
import type { InferSchema, Schema } from '../../types/schema.ts';
import { BoundedReader } from './bounded-reader.ts';
import { readError } from './file-errors.ts';
import { type FileFormat, type FileFormatName, FileFormats, isParquet, type ParquetFormat } from './file-formats.ts';
import { describeSelection, type FileSelection, findAsTheyCome, findOnce } from './find-files.ts';
import { type FileOwners, FollowReader } from './follow-reader.ts';
import { isCompressed } from './open-bytes.ts';
import type { FileSinkOptions } from './sink.ts';
import { Slots } from './slots.ts';

export type { FileFormatName } from './file-formats.ts';

export interface FileOptions {
  /** One file: its path, or its `file:` URL. */
  path?: string | URL;
  /** The files that match, such as `logs/*.jsonl`; only for reading. Hidden files are left out. */
  glob?: string;
  /** All files of a directory; hidden ones and directories in it are left out. Written to, it gets files `part-00000.jsonl` and so on. */
  directory?: string | URL;
  /**
   * How records stand in the files. Default, by extension: `.jsonl` and `.ndjson` are JSON Lines, `.json` is JSON Lines or one array,
   * `.csv`, `.txt` and `.log` (text), `.parquet`; each but the last also with `.gz` behind it, for files that are packed.
   */
  format?: FileFormatName | Format<unknown>;
  /** What records look like; for a format that is given by name or found by extension. */
  schema?: Schema;
  /** Reading: whether to go on with what is added to the files, through their rotation, and with files that come later. Default false. */
  follow?: boolean;
  /** Reading with `follow`: how often to look for changes that the system does not tell of. Default `'250ms'`. */
  pollInterval?: Duration;
  /** Writing to a directory: about how many bytes a file gets. Default: no bound. */
  rollBytes?: number;
  /** Writing to a directory: how long after its first record a file is complete. Default: no bound. */
  rollInterval?: Duration;
}

/** Both a source for `from` and a sink for `to`. As a sink it takes what its format can write. */
export interface FileConnector<T> extends Source<T>, Sink<unknown> {
  open(context: SinkContext, recovery?: SinkRecovery): Promise<SinkWriter<unknown>>;
  // The last one, as that is where the compiler infers the type of a source's records from.
  open(context: ReaderContext, position: Json | undefined): Promise<SplitReader<T>>;
}

/** The type of records that no schema describes, as far as the name of a file or a format tells it. */
type RecordsOf<Name> = Name extends 'text' | `${string}.txt` | `${string}.log` | `${string}.txt.gz` | `${string}.log.gz`
  ? string
  : Name extends 'csv' | `${string}.csv` | `${string}.csv.gz`
    ? Record<string, string>
    : unknown;

/**
 * Files, to read records from or to write records to.
 *
 * **Reading.** Each file is a split, in the order of paths. Reading ends with the last file; a file that changes or is cut off meanwhile
 * is an error. With `follow: true` it never ends: files are read as they grow, and a file that is renamed and made anew, or cut off and
 * written anew, is read on. A split's position is a byte offset, or a row number in Parquet. Of a Parquet file only the columns that the
 * schema declares are read; instants become epoch milliseconds where the schema has a number.
 *
 * **Writing.** A file is written under a hidden name and gets its own in one step, when the pipeline has finished or the file is complete,
 * so that nobody ever reads half a file. A `path` is replaced by each run; in a `directory` nothing is replaced. When the pipeline fails,
 * the unfinished file stays as `.name.inprogress`. A record that the format cannot write is rejected as `refused`.
 *
 * @throws MillraceError `OPTION_INVALID`, `FILE_FORMAT_UNKNOWN`, `SCHEMA_INVALID`, `SCHEMA_ASYNC`, `DURATION_INVALID`; when it is run,
 *   `FILE_NOT_FOUND`, `FILE_READ_FAILED`, `FILE_CHANGED`, `FILE_CORRUPT`, `SCHEMA_COLUMNS`, `FILE_WRITE_FAILED`
 * @example
 * p.from(file({ path: 'flights.parquet', schema: Flight })).to(file({ path: 'out/flights.jsonl' }))
 * p.from(file({ glob: 'logs/*.log', follow: true }))
 * stream.to(file({ directory: 'out', format: 'csv', rollInterval: '1h' }))
 */
export function file<const S extends Schema>(options: FileOptions & { schema: S; format?: FileFormatName }): FileConnector<InferSchema<S>>;
export function file<T>(options: FileOptions & { format: Format<T>; schema?: undefined }): FileConnector<T>;
export function file<const F extends FileFormatName>(options: FileOptions & { format: F; schema?: undefined }): FileConnector<RecordsOf<F>>;
export function file<const P extends string>(options: FileOptions & { path: P; format?: undefined }): FileConnector<RecordsOf<P>>;
export function file<const G extends string>(options: FileOptions & { glob: G; format?: undefined }): FileConnector<RecordsOf<G>>;
export function file(options: FileOptions): FileConnector<unknown>;
export function file(options: FileOptions): FileConnector<unknown> {
  return new Files(options);
}

/** Files that are read at a time; each holds a window of some megabytes. Others wait for their turn. */
const OPEN_FILES = 16;

class Files implements FileConnector<unknown> {
  readonly connector = 'file';
  readonly description: string;
  readonly bounded: boolean;
  readonly accepts = ['append', 'upsert'] as const;
  private readonly selection: FileSelection;
  private readonly formats: FileFormats;
  private readonly pollIntervalMs: number;
  private readonly rolling: Pick<FileSinkOptions, 'rollBytes' | 'rollInterval'>;
  private readonly owners: FileOwners = new Map();
  private readonly slots = new Slots(OPEN_FILES);

  constructor(options: FileOptions) {
    const { format, schema, follow = false, pollInterval = '250ms', rollBytes, rollInterval } = options;
    this.selection = selectionOf(options);
    this.formats = new FileFormats(format, schema);
    this.description = describeSelection(this.selection);
    this.bounded = !follow;
    this.pollIntervalMs = durationMs(pollInterval, 'file, pollInterval');
    this.rolling = { ...(rollBytes !== undefined && { rollBytes }), ...(rollInterval !== undefined && { rollInterval }) };
    if (Object.keys(this.rolling).length > 0 && !('directory' in this.selection)) {
      throw new MillraceError('OPTION_INVALID', { where: 'file', expected: '`directory` for files that roll', got: this.description });
    }
    if ('path' in this.selection) this.checkPath(this.selection.path, this.formats.of(this.selection.path));
  }

  private checkPath(path: string, format: FileFormat): void {
    if (isCompressed(path) && isParquet(format)) {
      throw new MillraceError('OPTION_INVALID', { where: path, expected: 'a Parquet file, which is packed already', got: 'a packed one' });
    }
    if (!this.bounded && (isCompressed(path) || isParquet(format))) {
      throw new MillraceError('OPTION_INVALID', { where: path, expected: 'files that grow line by line with `follow`', got: path });
    }
  }

  async enumerate(context: EnumerationContext): Promise<void> {
    const { selection } = this;
    try {
      if (this.bounded) await findOnce(selection, context);
      else await findAsTheyCome(selection, context, this.owners, this.pollIntervalMs);
    } catch (error) {
      throw readError(this.description, error);
    }
  }

  open(context: SinkContext, recovery?: SinkRecovery): Promise<SinkWriter<unknown>>;
  open(context: ReaderContext, position: Json | undefined): Promise<SplitReader<unknown>>;
  async open(context: ReaderContext | SinkContext, from?: Json | SinkRecovery): Promise<SplitReader<unknown> | SinkWriter<unknown>> {
    // The two contracts pass what they keep in epochs in the same place.
    return 'split' in context
      ? this.openReader(context, from as Json | undefined)
      : this.openWriter(context, from as SinkRecovery | undefined);
  }

  private async openReader(context: ReaderContext, position: Json | undefined): Promise<SplitReader<unknown>> {
    const path = context.split.id;
    const format = this.formats.of(path);
    this.checkPath(path, format);
    if (this.bounded) return this.openBounded(path, format, context, position);
    if (isParquet(format)) throw new Error('a Parquet file is not followed');
    try {
      return await new FollowReader(path, format, context, this.owners, this.pollIntervalMs).open(position);
    } catch (error) {
      throw readError(path, error);
    }
  }

  private async openBounded(
    path: string,
    format: FileFormat,
    context: ReaderContext,
    position: Json | undefined,
  ): Promise<SplitReader<unknown>> {
    const release = await this.slots.acquire(context.signal);
    try {
      const reader = isParquet(format)
        ? await openParquet(path, format, context, position)
        : await BoundedReader.open(path, format, context, position);
      return releasing(reader, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  private async openWriter(context: SinkContext, recovery: SinkRecovery | undefined): Promise<SinkWriter<unknown>> {
    const { fileSink } = await import('./sink.ts');
    return fileSink(this.sinkOptions()).open(context, recovery);
  }

  private sinkOptions(): FileSinkOptions {
    const { selection, rolling } = this;
    if ('glob' in selection) {
      throw new MillraceError('OPTION_INVALID', {
        where: 'file, glob',
        expected: '`path` or `directory` to write to',
        got: selection.glob,
      });
    }
    if ('path' in selection) return { path: selection.path, format: sinkFormat(this.formats.of(selection.path)) };
    const format = this.formats.only;
    if (format !== undefined) return { directory: selection.directory, format: sinkFormat(format), ...rolling };
    throw new MillraceError('FILE_FORMAT_UNKNOWN', {
      where: selection.directory,
      hint: "set `format` to 'json', 'csv', 'text' or 'parquet'",
    });
  }
}

function sinkFormat(format: FileFormat): Format<unknown> | 'parquet' {
  return isParquet(format) ? 'parquet' : format;
}

async function openParquet(
  path: string,
  { schema }: ParquetFormat,
  context: ReaderContext,
  position: Json | undefined,
): Promise<SplitReader<unknown>> {
  // Loaded when it is needed, as most programs do without it.
  const { openParquetSplit } = await import('./parquet-split.ts');
  return openParquetSplit({ path, schema, context, position });
}

function releasing<T>(reader: SplitReader<T>, release: () => void): SplitReader<T> {
  return {
    poll: batch => reader.poll(batch),
    position: () => reader.position(),
    close: () => reader.close().finally(release),
  };
}

function selectionOf({ path, glob, directory }: FileOptions): FileSelection {
  const given = Object.entries({ path, glob, directory }).filter(([, value]) => value !== undefined);
  if (given.length !== 1) {
    throw new MillraceError('OPTION_INVALID', {
      where: 'file',
      expected: 'one of `path`, `glob` and `directory`',
      got: given.length === 0 ? 'none' : given.map(([name]) => name).join(' and '),
    });
  }
  if (glob !== undefined) return { glob };
  return path === undefined ? { directory: pathOf(directory!) } : { path: pathOf(path) };
}

function pathOf(path: string | URL): string {
  return typeof path === 'string' ? path : fileURLToPath(path);
}
