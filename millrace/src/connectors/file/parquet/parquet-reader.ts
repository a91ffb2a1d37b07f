import type { FileHandle } from 'node:fs/promises';
import { type FileMetaData, parquetMetadataAsync, type ParquetScan, parquetScan, parquetSchema, type RowGroup, type SchemaTree } from 'hyparquet';
import { MillraceError, messageOf } from '../../../base/errors.ts';
import type { Polled, ReaderContext, SplitReader } from '../../../spi/source.ts';
import type { Batch } from '../../../types/batch.ts';
import type { Json } from '../../../types/json.ts';
import type { FieldShape, OpenSchema } from '../../../types/schema.ts';
import { readError } from '../file-errors.ts';
import { sizeOf } from '../file-identity.ts';
import { openFile } from '../open-bytes.ts';
import { compressors, readableCodecs } from './codecs.ts';
import { chunkRange, type ColumnCursor, metaOf, PageCursor, readExactly, WholeCursor } from './column-cursor.ts';
import { KNOWN_ENCODINGS } from './page-decoder.ts';
import { KindMismatch, type PlainValues, plainValues } from './plain-values.ts';
import { type CheckRecord, type FieldPlan, type MakeRecords, planOf, recordMaker } from './record-maker.ts';

/** The row to go on at, and the size of the file it is a row of. */
interface RowPosition {
  readonly row: number;
  readonly bytes: number;
}

/** A column that is read. */
interface Column {
  readonly plan: FieldPlan;
  /** Its place among the column chunks of a row group; undefined for a nested column, which has several. */
  readonly leaf: number | undefined;
  readonly optional: boolean;
  /** How its values are made; undefined when hyparquet makes them. */
  readonly plain: PlainValues | undefined;
}

/** Reads a Parquet file row group by row group, and of those only the columns that the schema declares. */
export class ParquetReader implements SplitReader<unknown> {
  private readonly path: string;
  private readonly handle: FileHandle;
  private readonly context: ReaderContext;
  private readonly metadata: FileMetaData;
  private readonly scan: ParquetScan;
  private readonly columns: readonly Column[];
  private readonly make: MakeRecords;
  private readonly bytes: number;
  private nextGroup = 0;
  private row = 0;
  /** Row at which the current row group ends. */
  private groupEnd = 0;
  private cursors: readonly ColumnCursor[] = [];
  private loading: Promise<void> | undefined;
  private failure: { error: unknown } | undefined;

  private constructor(file: OpenedFile, schema: OpenSchema<unknown> | undefined, context: ReaderContext) {
    this.path = file.path;
    this.handle = file.handle;
    this.metadata = file.metadata;
    this.scan = file.scan;
    this.bytes = file.bytes;
    this.columns = chooseColumns(file, schema);
    this.context = context;
    this.make = recordMaker(
      this.columns.map(column => column.plan),
      this.checker(schema),
      schema !== undefined && (schema.validateDecoded !== undefined || this.columns.some(isLookedInto)),
    );
  }

  /** @throws MillraceError `FILE_CORRUPT`, `FILE_CHANGED`, `FILE_NOT_FOUND`, `FILE_READ_FAILED`, `SCHEMA_COLUMNS` */
  static async open(
    path: string,
    schema: OpenSchema<unknown> | undefined,
    context: ReaderContext,
    position: Json | undefined,
  ): Promise<ParquetReader> {
    const handle = await openFile(path);
    try {
      const reader = new ParquetReader(await readFooter(path, handle), schema, context);
      if (isRowPosition(position)) await reader.seek(position);
      return reader;
    } catch (error) {
      await handle.close();
      throw asReadError(path, error);
    }
  }

  poll(batch: Batch<unknown>): Polled {
    for (;;) {
      if (this.failure !== undefined) throw this.failure.error;
      if (batch.full) return 'more';
      if (this.loading !== undefined) return 'wait';
      if (this.row === this.groupEnd && this.nextGroup === this.metadata.row_groups.length) return 'end';
      const ready = this.cursors.reduce((least, { current, index }) => Math.min(least, current.count - index), this.groupEnd - this.row);
      if (ready === 0) {
        this.loading = this.load().then(
          () => this.loaded(),
          (error: unknown) => {
            this.failure = { error: asReadError(this.path, error) };
            this.loaded();
          },
        );
        return 'wait';
      }
      const count = Math.min(ready, batch.capacity - batch.length);
      this.make(batch, this.row, count, this.cursors);
      for (const cursor of this.cursors) cursor.index += count;
      this.row += count;
    }
  }

  position(): Json {
    return { row: this.row, bytes: this.bytes } satisfies RowPosition;
  }

  async close(): Promise<void> {
    await this.loading;
    await this.handle.close();
  }

  private loaded(): void {
    this.loading = undefined;
    this.context.wake();
  }

  /** Loads what is needed for at least one more row. */
  private async load(): Promise<void> {
    if (this.row === this.groupEnd) this.enterGroup();
    for (const cursor of this.cursors) if (cursor.index === cursor.current.count && this.row < this.groupEnd) await cursor.load();
  }

  private enterGroup(): void {
    const group = this.metadata.row_groups[this.nextGroup++]!;
    this.groupEnd = this.row + Number(group.num_rows);
    this.cursors = this.columns.map(column => this.cursor(column, group));
  }

  private cursor(column: Column, group: RowGroup): ColumnCursor {
    const { plain, leaf, plan, optional } = column;
    if (leaf !== undefined && plain !== undefined) {
      const meta = metaOf(group.columns[leaf]!);
      if (meta.encodings.every(encoding => KNOWN_ENCODINGS.has(encoding))) return new PageCursor(this.handle, meta, optional, plain);
    }
    return new WholeCursor(this.scan, plan, this.row, this.groupEnd);
  }

  private async seek({ row, bytes }: RowPosition): Promise<void> {
    if (bytes !== this.bytes) {
      throw new MillraceError('FILE_CHANGED', { where: this.path, expected: `the file of ${bytes} bytes that was being read`, got: `${this.bytes} bytes` });
    }
    for (const group of this.metadata.row_groups) {
      if (this.row + Number(group.num_rows) > row) break;
      this.row += Number(group.num_rows);
      this.nextGroup++;
    }
    this.groupEnd = this.row;
    while (this.row < row) {
      await this.load();
      const ready = this.cursors.reduce((least, { current, index }) => Math.min(least, current.count - index), row - this.row);
      for (const cursor of this.cursors) cursor.index += ready;
      this.row += ready;
    }
  }

  private checker(schema: OpenSchema<unknown> | undefined): CheckRecord {
    if (schema === undefined) return record => record;
    const usual = this.columns.some(isLookedInto) ? schema.validate : (schema.validateDecoded ?? schema.validate);
    return (record, row, doubtful) => {
      try {
        return doubtful ? schema.validate(record) : usual(record);
      } catch (error) {
        if (error instanceof MillraceError) throw error;
        this.context.reject('invalid', messageOf(error), undefined, row, record);
        return undefined;
      }
    };
  }
}

interface OpenedFile {
  readonly path: string;
  readonly handle: FileHandle;
  readonly bytes: number;
  readonly metadata: FileMetaData;
  readonly scan: ParquetScan;
}

async function readFooter(path: string, handle: FileHandle): Promise<OpenedFile> {
  const bytes = await sizeOf(handle);
  const file = {
    byteLength: bytes,
    async slice(start: number, end = bytes): Promise<ArrayBuffer> {
      const part = await readExactly(handle, start, end - start);
      return part.buffer.slice(part.byteOffset, part.byteOffset + part.length) as ArrayBuffer;
    },
  };
  if (bytes < 12) throw new RangeError(`a Parquet file has at least 12 bytes, this one has ${bytes}`);
  const metadata = await parquetMetadataAsync(file);
  checkFooter(metadata, bytes);
  return { path, handle, bytes, metadata, scan: await parquetScan({ file, metadata, compressors }) };
}

/** What the footer says must fit the file, so that a damaged one is not read as if it were sound. */
function checkFooter(metadata: FileMetaData, bytes: number): void {
  let rows = 0n;
  for (const group of metadata.row_groups) {
    rows += group.num_rows;
    for (const chunk of group.columns) {
      const meta = metaOf(chunk);
      const { from, to } = chunkRange(meta);
      if (!(from >= 4 && to >= from && to <= bytes)) throw new RangeError(`a column is said to stand at bytes ${from} to ${to} of ${bytes}`);
      if (!readableCodecs.includes(meta.codec)) {
        throw new MillraceError('FILE_READ_FAILED', {
          where: meta.path_in_schema.join('.'),
          expected: `a codec out of ${readableCodecs.join(', ')}`,
          got: meta.codec,
          hint: 'write the file with zstd or snappy',
        });
      }
    }
  }
  if (rows !== metadata.num_rows) throw new RangeError(`the row groups have ${rows} rows and the file ${metadata.num_rows}`);
}

function chooseColumns({ path, metadata }: OpenedFile, schema: OpenSchema<unknown> | undefined): Column[] {
  const tree = parquetSchema(metadata);
  const names = tree.children.map(child => child.element.name);
  const shape = schema?.shape;
  const wrong = (expected: string, got: string): never => {
    throw new MillraceError('SCHEMA_COLUMNS', { where: path, expected, got });
  };
  const fields = new Map<string, FieldShape | undefined>();
  for (const field of shape?.fields ?? []) {
    if (names.includes(field.name)) fields.set(field.name, field);
    else if (!field.optional) wrong(`a column '${field.name}'`, `columns ${names.join(', ')}`);
  }
  if (shape?.undeclared !== 'drop') {
    for (const name of names) {
      if (shape?.undeclared === 'refuse' && !fields.has(name)) wrong(`no other columns than ${[...fields.keys()].join(', ')}`, name);
      if (!fields.has(name)) fields.set(name, undefined);
    }
  }
  return Array.from(fields, ([name, field]) => {
    const child = tree.children[names.indexOf(name)]!;
    const plan = planOf(field, name);
    const flat = child.children.length === 0 && child.element.repetition_type !== 'REPEATED';
    try {
      return {
        plan,
        leaf: flat ? leafIndex(tree, child) : undefined,
        optional: child.element.repetition_type === 'OPTIONAL',
        plain: flat ? plainValues(child.element, plan.kind) : undefined,
      };
    } catch (error) {
      if (error instanceof KindMismatch) return wrong(`'${name}' of kind ${plan.kind}`, error.message);
      throw error;
    }
  });
}

/** The number of leaves before a column, which is its place in each row group. */
function leafIndex(tree: SchemaTree, column: SchemaTree): number {
  const leaves = (node: SchemaTree): number => (node.children.length === 0 ? 1 : node.children.reduce((sum, child) => sum + leaves(child), 0));
  return tree.children.slice(0, tree.children.indexOf(column)).reduce((sum, child) => sum + leaves(child), 0);
}

/** Whether values have an inside that the kind says nothing of, or come from hyparquet, which knows nothing of kinds. */
function isLookedInto({ plan, plain }: Column): boolean {
  return plan.kind === 'array' || plan.kind === 'object' || plain === undefined;
}

function isRowPosition(position: Json | undefined): position is Json & RowPosition {
  return typeof position === 'object' && position !== null && 'row' in position && 'bytes' in position;
}

function asReadError(path: string, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  // Only system calls that failed say nothing of what the file holds.
  if (error instanceof Error && 'syscall' in error) return readError(path, error);
  return new MillraceError('FILE_CORRUPT', { where: path, expected: 'a Parquet file', cause: error });
}
