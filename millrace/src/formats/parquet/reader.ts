import { type ColumnMetaData, type FileMetaData, parquetMetadataAsync, parquetSchema, type SchemaTree } from 'hyparquet';
import { MillraceError, messageOf } from '../../base/errors.ts';
import type { DecodeContext } from '../../spi/format.ts';
import type { Polled } from '../../spi/source.ts';
import { type Batch, NO_TIME } from '../../types/batch.ts';
import type { OpenSchema, Validate } from '../../types/schema.ts';
import { checkCodec } from './codecs.ts';
import { type Column, selectColumns } from './columns.ts';
import type { ColumnReader } from './column-reader.ts';
import { type Conversion, conversionOf } from './conversion.ts';
import { corruptFile } from './corrupt.ts';
import { type ChunkRange, FlatColumn } from './flat-column.ts';
import { asyncBuffer, NestedColumn, type RowRange } from './nested-column.ts';
import type { RandomAccess } from './random-access.ts';
import { type RowBuilder, rowBuilder } from './row-builder.ts';
import { MOST_AT_ONCE } from './value-readers.ts';
import { NULLS, UNDECODABLE, Undecodable, WIDE } from './values.ts';

/** Bytes that all columns together may read ahead. */
const READ_AHEAD_BYTES = 16 * 1024 * 1024;
const MOST_WINDOW_BYTES = 1024 * 1024;
const LEAST_WINDOW_BYTES = 64 * 1024;

interface OpenColumn {
  readonly name: string;
  readonly reader: ColumnReader;
  /** What the column gives is what the schema says, but for what `unfit` flags. */
  readonly exact: boolean;
  /** Flags of values that the schema may refuse. */
  readonly unfit: number;
  /** Whether null means that the field is missing. */
  readonly absent: boolean;
  readonly values: unknown[];
}

export interface ParquetReaderOptions {
  readonly schema: OpenSchema<unknown> | undefined;
  /** Number of the first row that is read. */
  readonly fromRow: number;
  readonly context: DecodeContext;
  /** Called when `poll` may have something again. */
  wake(): void;
}

/**
 * Reads the rows of a Parquet file in order. Only the columns that the schema declares are read, in slices of up to 1024 rows: a page is unpacked when its first
 * row is wanted, and values are decoded when their rows are.
 */
export class ParquetReader {
  /** Number of the next row. */
  row: number;
  private readonly rowCount: number;
  private readonly columns: readonly OpenColumn[];
  private readonly build: RowBuilder;
  private readonly values: readonly unknown[][];
  private readonly rows = new Array<unknown>(MOST_AT_ONCE);
  /** What is left to check of values that are as the columns say; undefined when nothing is. */
  private readonly check: Validate<unknown> | undefined;
  private readonly checkUnfit: Validate<unknown> | undefined;
  private readonly context: DecodeContext;
  private failure: { error: unknown } | undefined;

  private constructor(metadata: FileMetaData, columns: readonly OpenColumn[], options: ParquetReaderOptions) {
    const { schema, fromRow, context } = options;
    this.row = fromRow;
    this.rowCount = rowsOf(metadata);
    this.columns = columns;
    this.values = columns.map(column => column.values);
    this.build = rowBuilder(
      columns.map(column => column.name),
      columns.map(column => column.absent),
    );
    this.checkUnfit = schema?.validate;
    this.check = columns.every(column => column.exact) ? schema?.validateDecoded : schema?.validate;
    this.context = context;
  }

  /**
   * @throws MillraceError `FILE_CORRUPT`, `FILE_CHANGED`, `FILE_READ_FAILED`, `SCHEMA_COLUMNS`
   */
  static async open(file: RandomAccess, options: ParquetReaderOptions): Promise<ParquetReader> {
    const metadata = await readMetadata(file);
    const { fromRow, schema } = options;
    const rowCount = rowsOf(metadata);
    if (fromRow > rowCount) {
      throw new MillraceError('FILE_CHANGED', { where: file.path, expected: `at least ${fromRow} rows, as many as were read before`, got: `${rowCount}` });
    }
    const opener = new ColumnOpener(file, metadata, fromRow);
    // A file without rows has nothing that could be missing in a record.
    const selected = fromRow === rowCount ? [] : selectColumns(file.path, parquetSchema(metadata), schema?.shape);
    const pending: { reader: ParquetReader | undefined } = { reader: undefined };
    const arrived = (failure?: { error: unknown }) => {
      if (pending.reader !== undefined) pending.reader.failure ??= failure;
      options.wake();
    };
    const columns = selected.map(column => opener.open(column, selected.length, arrived));
    pending.reader = new ParquetReader(metadata, columns, options);
    return pending.reader;
  }

  poll(batch: Batch<unknown>): Polled {
    if (this.failure !== undefined) throw this.failure.error;
    try {
      return this.fill(batch);
    } catch (error) {
      if (batch.length === 0) throw error;
      // What came before goes on its way first.
      this.failure = { error };
      return 'more';
    }
  }

  private fill(batch: Batch<unknown>): Polled {
    // Counted in rows rather than records, so that a file of rejects leaves time for others too.
    let budget = batch.capacity;
    while (this.row < this.rowCount && budget > 0 && !batch.full) {
      let n = Math.min(MOST_AT_ONCE, budget, batch.capacity - batch.length, this.rowCount - this.row);
      for (const { reader } of this.columns) n = Math.min(n, reader.prepare());
      if (n === 0) return 'wait';
      this.readRows(n, batch);
      this.row += n;
      budget -= n;
    }
    return this.row === this.rowCount ? 'end' : 'more';
  }

  private readRows(n: number, batch: Batch<unknown>): void {
    const { rows, row } = this;
    let unfit = false;
    let sparse = false;
    let undecodable = false;
    for (const column of this.columns) {
      const flags = column.reader.read(column.values, n);
      if (flags === 0) continue;
      if ((flags & column.unfit) !== 0) unfit = true;
      if ((flags & NULLS) !== 0 && column.absent) sparse = true;
      if ((flags & UNDECODABLE) !== 0) undecodable = true;
    }
    (sparse ? this.build.sparse : this.build.all)(this.values, n, rows);
    const check = unfit ? this.checkUnfit : this.check;
    if (check === undefined && !undecodable) {
      for (let i = 0; i < n; i++) batch.push(rows[i], NO_TIME, row + i);
      return;
    }
    for (let i = 0; i < n; i++) {
      if (undecodable && this.rejectUndecodable(i)) continue;
      if (check === undefined) batch.push(rows[i], NO_TIME, row + i);
      else this.validate(check, rows[i], row + i, batch);
    }
  }

  private validate(check: Validate<unknown>, value: unknown, position: number, batch: Batch<unknown>): void {
    let valid: unknown;
    try {
      valid = check(value);
    } catch (error) {
      // An error of the schema itself stops the pipeline, as no record could ever pass it.
      if (error instanceof MillraceError) throw error;
      this.context.reject('invalid', messageOf(error), undefined, position, value);
      return;
    }
    batch.push(valid, NO_TIME, position);
  }

  private rejectUndecodable(i: number): boolean {
    const column = this.columns.find(({ values }) => values[i] instanceof Undecodable);
    if (column === undefined) return false;
    const { message, bytes } = column.values[i] as Undecodable;
    this.context.reject('undecodable', `${column.name}: ${message}`, bytes, this.row + i);
    return true;
  }
}

async function readMetadata(file: RandomAccess): Promise<FileMetaData> {
  try {
    return await parquetMetadataAsync(asyncBuffer(file));
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    throw corruptFile(file.path, `${file.byteLength} bytes without the footer of one`, error);
  }
}

/** Some writers leave the file's own count of rows at 0. */
function rowsOf(metadata: FileMetaData): number {
  return metadata.row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
}

/** Opens columns from a row on. */
class ColumnOpener {
  private readonly file: RandomAccess;
  private readonly metadata: FileMetaData;
  /** The rows of each row group that are wanted, and the row group's number. */
  private readonly groups: readonly (RowRange & { readonly index: number })[];
  /** Rows of the first of them that are not wanted. */
  private readonly skip: number;

  constructor(file: RandomAccess, metadata: FileMetaData, fromRow: number) {
    this.file = file;
    this.metadata = metadata;
    let end = 0;
    this.groups = metadata.row_groups
      .map((group, index) => {
        const from = end;
        end += Number(group.num_rows);
        return { index, from, to: end };
      })
      .filter(({ from, to }) => to > Math.max(from, fromRow));
    this.skip = fromRow - (this.groups[0]?.from ?? fromRow);
  }

  open({ name, tree, field }: Column, columnCount: number, arrived: (failure?: { error: unknown }) => void): OpenColumn {
    const conversion = isFlat(tree) ? conversionOf(tree.element, field?.kind) : undefined;
    const reader =
      conversion === undefined
        ? this.openNested(name, arrived)
        : this.openFlat(name, tree, conversion, Math.max(LEAST_WINDOW_BYTES, Math.min(MOST_WINDOW_BYTES, READ_AHEAD_BYTES / columnCount)), arrived);
    const absent = field !== undefined && field.optional && !field.nullable;
    const nullFits = field === undefined || field.nullable || absent;
    return {
      name,
      reader,
      exact: field === undefined || field.kind === 'any' || field.kind === conversion?.gives,
      unfit: (nullFits ? 0 : NULLS) | (conversion?.gives === 'integer' ? WIDE : 0),
      absent,
      values: new Array<unknown>(MOST_AT_ONCE),
    };
  }

  private openFlat(
    name: string,
    tree: SchemaTree,
    conversion: Conversion,
    windowBytes: number,
    arrived: (failure?: { error: unknown }) => void,
  ): FlatColumn {
    const ranges = this.groups.map(({ index, from, to }) => this.rangeOf(index, name, to - from));
    const decoding = { element: tree.element, schemaPath: [parquetSchema(this.metadata), tree], conversion };
    return new FlatColumn(this.file, decoding, ranges, this.skip, Math.floor(windowBytes), arrived);
  }

  private openNested(name: string, arrived: (failure?: { error: unknown }) => void): NestedColumn {
    for (const { index } of this.groups) this.chunksOf(index, name);
    const [first, ...others] = this.groups;
    const groups = first === undefined ? [] : [{ from: first.from + this.skip, to: first.to }, ...others];
    return new NestedColumn(this.file, this.metadata, name, groups, arrived);
  }

  private rangeOf(index: number, name: string, rows: number): ChunkRange {
    const [chunk] = this.chunksOf(index, name);
    // Some writers name the dictionary's offset as that of the data, and some write a 0 where there is no dictionary.
    const data = Number(chunk!.data_page_offset);
    const dictionary = Number(chunk!.dictionary_page_offset ?? 0);
    const from = dictionary > 0 && dictionary < data ? dictionary : data;
    const to = from + Number(chunk!.total_compressed_size);
    if (!(from >= 0 && from <= to && to <= this.file.byteLength)) {
      throw corruptFile(`${this.file.path}, column '${name}'`, `a column at bytes ${from} to ${to} of ${this.file.byteLength}`);
    }
    return { chunk: chunk!, rows, from, to };
  }

  /** The column chunks of a column in a row group: one, unless it is nested. */
  private chunksOf(index: number, name: string): ColumnMetaData[] {
    const chunks = this.metadata.row_groups[index]!.columns.filter(chunk => chunk.meta_data?.path_in_schema[0] === name);
    const elsewhere = chunks.find(chunk => chunk.file_path !== undefined);
    if (elsewhere !== undefined) {
      throw new MillraceError('FILE_READ_FAILED', {
        where: `${this.file.path}, column '${name}'`,
        expected: 'a file that holds its columns itself',
        got: `a reference to ${elsewhere.file_path}`,
      });
    }
    if (chunks.length === 0) throw corruptFile(this.file.path, `row group ${index} without the column '${name}', which may be encrypted`);
    const found = chunks.map(chunk => chunk.meta_data!);
    for (const { codec } of found) checkCodec(this.file.path, name, codec);
    return found;
  }
}

/** Whether each row has one value or null, of a type that is decoded here. */
function isFlat({ element, children }: SchemaTree): boolean {
  const geospatial = element.logical_type?.type === 'GEOMETRY' || element.logical_type?.type === 'GEOGRAPHY';
  return children.length === 0 && element.repetition_type !== 'REPEATED' && element.type !== undefined && !geospatial;
}
