import { type FileMetaData, parquetSchema } from 'hyparquet';
import { MillraceError, messageOf } from '../../base/errors.ts';
import type { DecodeContext } from '../../spi/format.ts';
import type { Polled } from '../../spi/source.ts';
import { type Batch, NO_TIME } from '../../types/batch.ts';
import type { OpenSchema, Validate } from '../../types/schema.ts';
import { type Column, selectColumns } from './columns.ts';
import { corruptFile } from './corrupt.ts';
import { readMetadata, rowsOf } from './metadata.ts';
import { type OpenColumn, openColumns } from './open-columns.ts';
import type { RandomAccess } from './random-access.ts';
import { type RowBuilder, rowBuilder } from './row-builder.ts';
import { MOST_AT_ONCE } from './value-readers.ts';
import { NULLS, UNDECODABLE, Undecodable } from './values.ts';

export interface ParquetReaderOptions {
  readonly schema: OpenSchema<unknown> | undefined;
  /** Whether the schema may make its values of others, such as numbers of text. */
  readonly coerces: boolean;
  /** Number of the first row that is read. */
  readonly fromRow: number;
  readonly context: DecodeContext;
  /** Called when `poll` may have something again. */
  readonly wake: () => void;
}

/**
 * Reads the rows of a Parquet file in order. Only the columns that the schema declares are read, in slices of up to 1024 rows: a page is
 * unpacked when its first row is wanted, and values are decoded when their rows are.
 */
export class ParquetReader {
  /** Number of the next row. */
  row: number;
  private readonly path: string;
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

  private constructor(file: RandomAccess, metadata: FileMetaData, selected: readonly Column[], options: ParquetReaderOptions) {
    const { schema, fromRow, context, wake } = options;
    this.path = file.path;
    this.row = fromRow;
    this.rowCount = rowsOf(metadata);
    this.columns = openColumns(file, metadata, selected, fromRow, failure => {
      this.failure ??= failure;
      wake();
    });
    this.values = this.columns.map(column => column.values);
    this.build = rowBuilder(
      this.columns.map(column => column.name),
      this.columns.map(column => column.absent),
    );
    this.checkUnfit = schema?.validate;
    this.check = this.columns.every(column => column.exact) ? schema?.validateDecoded : schema?.validate;
    this.context = context;
  }

  /**
   * @throws MillraceError `FILE_CORRUPT`, `FILE_CHANGED`, `FILE_READ_FAILED`, `SCHEMA_COLUMNS`
   */
  static async open(file: RandomAccess, options: ParquetReaderOptions): Promise<ParquetReader> {
    const metadata = await readMetadata(file);
    const { fromRow, schema, coerces } = options;
    const rowCount = rowsOf(metadata);
    if (fromRow > rowCount) {
      throw new MillraceError('FILE_CHANGED', {
        where: file.path,
        expected: `at least ${fromRow} rows, as many as were read before`,
        got: `${rowCount}`,
      });
    }
    try {
      // Without rows there is nothing that could be missing in a record.
      const selected = fromRow === rowCount ? [] : selectColumns(file.path, parquetSchema(metadata), schema?.shape, coerces);
      return new ParquetReader(file, metadata, selected, options);
    } catch (error) {
      if (error instanceof MillraceError) throw error;
      throw corruptFile(file.path, messageOf(error), error);
    }
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
      for (const column of this.columns)
        n = Math.min(
          n,
          this.attempt(column, () => column.reader.prepare()),
        );
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
      const flags = this.attempt(column, () => column.reader.read(column.values, n));
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

  /** Whatever cannot be decoded is not what the file says it is. */
  private attempt(column: OpenColumn, decode: () => number): number {
    try {
      return decode();
    } catch (error) {
      throw corruptFile(`${this.path}, column '${column.name}', from row ${this.row} on`, messageOf(error), error);
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
