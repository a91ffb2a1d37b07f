import zlib from 'node:zlib';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { describeValue } from '../../types/schema-mismatch.ts';
import { CellMaker } from './cells.ts';
import {
  ANY_KIND,
  type Cell,
  COLUMN_TYPES,
  type ColumnType,
  columnTypeOf,
  encodableCells,
  encodedElement,
  JsonText,
  schemaElement,
} from './column-types.ts';

/**
 * Bounds of a row group, which is held in memory and then encoded at once: rows, values and about so many bytes. So many
 * values take some ten milliseconds.
 */
const GROUP_ROWS = 65_536;
const GROUP_VALUES = 128 * 1024;
const GROUP_BYTES = 32 * 1024 * 1024;

class Column {
  readonly name: string;
  /** Known once the first row group is written. */
  type: ColumnType | undefined;
  /** Kinds of its cells so far. */
  kinds = 0;
  /** Kinds of cells that it can hold. */
  holds = ANY_KIND;
  cells: Cell[];

  constructor(name: string, nulls: number) {
    this.name = name;
    this.cells = new Array<Cell>(nulls).fill(null);
  }
}

/**
 * Makes a Parquet file of records, row group by row group, compressed with Zstandard. The columns and their types are those of the records of
 * the first row group: numbers become INT64 when all of them are whole and DOUBLE otherwise, Dates timestamps in milliseconds, and objects,
 * arrays and values of several types JSON.
 */
export class ParquetFileWriter {
  /** Records added. */
  records = 0;
  private readonly columns = new Map<string, Column>();
  /** The columns in the order of the fields of the last record, where they are most likely found again. */
  private order: (Column | undefined)[] = [];
  private readonly maker = new CellMaker();
  private readonly cells: Cell[] = [];
  private readonly kinds: number[] = [];
  private readonly output = new ByteWriter();
  private writer: ParquetWriter | undefined;
  /** Rows of the row group at hand, and about how many bytes they have. */
  private groupRows = 0;
  private groupBytes = 0;

  /** Bytes of the file so far; those of rows that are not encoded yet are estimated. */
  get bytes(): number {
    return this.output.offset + this.groupBytes;
  }

  /** Whether a row group is full. */
  get ready(): boolean {
    return this.groupRows >= GROUP_ROWS || this.groupRows * this.columns.size >= GROUP_VALUES || this.groupBytes >= GROUP_BYTES;
  }

  /** @throws TypeError, RangeError for a record that the columns cannot hold; the file stays as it was */
  add(record: unknown): void {
    if (typeof record !== 'object' || record === null || Array.isArray(record) || record instanceof Date || record instanceof Uint8Array) {
      throw new TypeError(`a row of Parquet is made of an object, got ${describeValue(record)}`);
    }
    const names = Object.keys(record);
    if (names.length === 0 && this.columns.size === 0) throw new TypeError('a record without fields makes no row');
    // All cells are made before the first is added, so that a record that is refused leaves none behind.
    const bytes = this.makeCells(record as Record<string, unknown>, names);
    this.addCells(names);
    this.groupBytes += bytes;
    this.groupRows++;
    this.records++;
  }

  /** Encodes the row group at hand and hands over all that is encoded. */
  take(): Uint8Array {
    this.writeGroup();
    return this.taken();
  }

  /** A row group that is not full is kept, as small ones are read slowly. */
  flush(): undefined {}

  /** The rest of the file, with its footer. */
  end(): Uint8Array {
    const writer = this.writeGroup();
    writer.schema = this.schema(schemaElement);
    void writer.finish();
    return this.taken();
  }

  private makeCells(record: Record<string, unknown>, names: readonly string[]): number {
    const { maker, order, cells, kinds } = this;
    let bytes = 0;
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!;
      const cell = maker.make(name, record[name]);
      let column = order[i];
      if (column?.name !== name) {
        column = this.columns.get(name);
        order[i] = column;
      }
      if (column === undefined) {
        if (this.writer !== undefined && cell !== null) throw this.noColumn(name);
      } else if ((maker.kind & ~column.holds) !== 0) throw misfit(column, cell);
      cells[i] = cell;
      kinds[i] = maker.kind;
      bytes += maker.bytes;
    }
    return bytes;
  }

  private addCells(names: readonly string[]): void {
    const { order, cells, kinds, groupRows } = this;
    let added = 0;
    for (let i = 0; i < names.length; i++) {
      let column = order[i];
      if (column === undefined) {
        // A null is as good as no field.
        if (this.writer !== undefined) continue;
        column = new Column(names[i]!, groupRows);
        this.columns.set(column.name, column);
        order[i] = column;
      }
      column.kinds |= kinds[i]!;
      column.cells.push(cells[i]!);
      added++;
    }
    if (added < this.columns.size) {
      for (const column of this.columns.values()) if (column.cells.length === groupRows) column.cells.push(null);
    }
  }

  private noColumn(name: string): TypeError {
    return new TypeError(`'${name}' is not one of the columns ${[...this.columns.keys()].map(known => `'${known}'`).join(', ')}`);
  }

  private writeGroup(): ParquetWriter {
    const writer = (this.writer ??= this.begin());
    if (this.groupRows > 0) {
      const columnData = Array.from(this.columns.values(), ({ name, type, cells }) => ({ name, data: encodableCells(type!, cells) }));
      // Nothing is waited for, as the output is memory.
      void writer.write({ columnData, rowGroupSize: this.groupRows });
      for (const column of this.columns.values()) column.cells = [];
      this.groupRows = 0;
      this.groupBytes = 0;
    }
    return writer;
  }

  private begin(): ParquetWriter {
    for (const column of this.columns.values()) {
      column.type = columnTypeOf(column.kinds);
      column.holds = COLUMN_TYPES[column.type].kinds;
    }
    return new ParquetWriter({
      writer: this.output,
      schema: this.schema(encodedElement),
      codec: 'ZSTD',
      compressors: { ZSTD: bytes => zlib.zstdCompressSync(bytes) },
      createdBy: 'millrace',
    });
  }

  private schema(element: typeof schemaElement): ReturnType<typeof schemaElement>[] {
    return [
      { name: 'root', num_children: this.columns.size },
      ...Array.from(this.columns.values(), ({ name, type }) => element(name, type!)),
    ];
  }

  private taken(): Uint8Array {
    const bytes = this.output.getBytes().slice();
    this.output.index = 0;
    return bytes;
  }
}

function misfit({ name, type }: Column, cell: Cell): TypeError {
  const { expected } = COLUMN_TYPES[type!];
  return new TypeError(
    `'${name}': expected ${expected}, as in the rows before, got ${cell instanceof JsonText ? cell.text : describeValue(cell)}`,
  );
}
