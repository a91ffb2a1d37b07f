import zlib from 'node:zlib';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { describeValue } from '../../types/schema-mismatch.ts';
import { JsonLineEncoder } from '../json/line-encoder.ts';
import { type Cell, checkCell, type ColumnType, columnTypeOf, encodableCell, encodedElement, JsonText, kindOf, schemaElement } from './column-types.ts';

/** Bounds of a row group, which is held in memory and then encoded at once: rows, values and about so many bytes. */
const GROUP_ROWS = 65_536;
const GROUP_VALUES = 512 * 1024;
const GROUP_BYTES = 32 * 1024 * 1024;

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

interface Column {
  /** Known once the first row group is written. */
  type: ColumnType | undefined;
  /** Bits of what the cells are, while the type is not known. */
  kinds: number;
  cells: Cell[];
}

/**
 * Makes a Parquet file of records, row group by row group, compressed with Zstandard. The columns and their types are those of the records of the first row group: numbers
 * become INT64 when all of them are whole and DOUBLE otherwise, Dates timestamps in milliseconds, and objects, arrays and values
 * of several types JSON.
 */
export class ParquetFileWriter {
  /** Records added. */
  records = 0;
  private readonly columns = new Map<string, Column>();
  private readonly output = new ByteWriter();
  private readonly json = new JsonLineEncoder();
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

  /** @throws TypeError for a record that the columns cannot hold; the file stays as it was */
  add(record: unknown): void {
    if (typeof record !== 'object' || record === null || Array.isArray(record) || record instanceof Date || record instanceof Uint8Array) {
      throw new TypeError(`a row of Parquet is made of an object, got ${describeValue(record)}`);
    }
    const names = Object.keys(record);
    if (names.length === 0 && this.columns.size === 0) throw new TypeError('a record without fields makes no row');
    const cells = names.map(name => this.cell(name, (record as Record<string, unknown>)[name]));
    names.forEach((name, i) => this.push(name, cells[i]!));
    this.records++;
    this.groupRows++;
    for (const { cells: column } of this.columns.values()) if (column.length < this.groupRows) column.push(null);
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

  private cell(name: string, value: unknown): Cell {
    const cell = this.cellOf(name, value);
    const column = this.columns.get(name);
    if (column?.type !== undefined) checkCell(name, column.type, cell);
    else if (column === undefined && this.writer !== undefined && cell !== null) {
      throw new TypeError(`'${name}' is not one of the columns ${[...this.columns.keys()].map(known => `'${known}'`).join(', ')}`);
    }
    return cell;
  }

  private cellOf(name: string, value: unknown): Cell {
    switch (typeof value) {
      case 'undefined':
        return null;
      case 'boolean':
      case 'number':
        return value;
      case 'string':
        if (!value.isWellFormed()) throw new TypeError(`'${name}' is not well-formed text: it holds half of a surrogate pair`);
        return value;
      case 'bigint':
        if (value < INT64_MIN || value > INT64_MAX) throw new RangeError(`'${name}': ${value} does not fit into 64 bits`);
        return value;
      case 'object':
        if (value === null) return null;
        if (value instanceof Uint8Array) return new Uint8Array(value);
        if (!(value instanceof Date)) return new JsonText(this.json.encode(value).slice(0, -1));
        if (Number.isNaN(value.getTime())) throw new TypeError(`'${name}' is an invalid Date`);
        return new Date(value);
      default:
        throw new TypeError(`'${name}': Parquet has no form for a ${typeof value}`);
    }
  }

  private push(name: string, cell: Cell): void {
    let column = this.columns.get(name);
    if (column === undefined) {
      // A null is as good as no field.
      if (this.writer !== undefined) return;
      column = { type: undefined, kinds: 0, cells: new Array<Cell>(this.groupRows).fill(null) };
      this.columns.set(name, column);
    }
    column.kinds |= kindOf(cell);
    column.cells.push(cell);
    this.groupBytes += bytesOf(cell);
  }

  private writeGroup(): ParquetWriter {
    const writer = (this.writer ??= this.begin());
    if (this.groupRows > 0) {
      const columnData = Array.from(this.columns, ([name, { type, cells }]) => ({ name, data: cells.map(cell => encodableCell(type!, cell)) }));
      // Nothing is waited for, as the output is memory.
      void writer.write({ columnData, rowGroupSize: this.groupRows });
      for (const column of this.columns.values()) column.cells = [];
      this.groupRows = 0;
      this.groupBytes = 0;
    }
    return writer;
  }

  private begin(): ParquetWriter {
    for (const column of this.columns.values()) column.type = columnTypeOf(column.kinds);
    return new ParquetWriter({
      writer: this.output,
      schema: this.schema(encodedElement),
      codec: 'ZSTD',
      compressors: { ZSTD: bytes => zlib.zstdCompressSync(bytes) },
      createdBy: 'millrace',
    });
  }

  private schema(element: typeof schemaElement): ReturnType<typeof schemaElement>[] {
    return [{ name: 'root', num_children: this.columns.size }, ...Array.from(this.columns, ([name, { type }]) => element(name, type!))];
  }

  private taken(): Uint8Array {
    const bytes = this.output.getBytes().slice();
    this.output.index = 0;
    return bytes;
  }
}

/** About how many bytes a cell takes. */
function bytesOf(cell: Cell): number {
  if (typeof cell === 'string') return 4 + cell.length;
  if (cell instanceof Uint8Array) return 4 + cell.length;
  return cell instanceof JsonText ? 4 + cell.text.length : 8;
}
