import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { SchemaElement } from 'hyparquet';
import { JsonLineEncoder } from '../../../formats/json/line-encoder.ts';
import type { RecordShape, ValueKind } from '../../../types/schema.ts';
import { describeValue } from '../../../types/schema-mismatch.ts';
import type { FileBody } from '../file-body.ts';
import { packZstd } from './codecs.ts';

/** Records by which columns are chosen when no schema does. */
const SAMPLE_RECORDS = 1000;
/** Rows of a row group. Larger ones pack better, and as many are held in memory. */
const GROUP_ROWS = 64 * 1024;

type ColumnType = 'boolean' | 'number' | 'int64' | 'string' | 'timestamp' | 'bytes' | 'json';

interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly values: unknown[];
}

/** Makes a Parquet file of records, in columns packed with zstd. */
export class ParquetBody implements FileBody {
  private readonly output = new ByteWriter(64 * 1024);
  private readonly json = new JsonLineEncoder();
  /** Records that came before the columns were chosen. */
  private sample: Record<string, unknown>[] = [];
  private columns: ReadonlyMap<string, Column> | undefined;
  private writer: ParquetWriter | undefined;
  private rows = 0;

  constructor(shape: RecordShape | undefined) {
    if (shape === undefined) return;
    const columns = shape.fields.map(({ name, kind }) => ({ name, kind }));
    // Of a field whose type is left open the values decide.
    if (columns.every(({ kind }) => kind !== 'any')) this.choose(columns.map(({ name, kind }) => [name, typeOfKind(kind)]));
  }

  /** About as many bytes as the rows that are not packed yet will have. */
  get pendingBytes(): number {
    return this.output.index;
  }

  add(record: unknown): void {
    if (typeof record !== 'object' || record === null || Array.isArray(record)) {
      throw new TypeError(`a row of Parquet is made of an object, not of ${describeValue(record)}`);
    }
    if (this.columns !== undefined) {
      this.addRow(record as Record<string, unknown>, this.columns);
    } else {
      const row = record as Record<string, unknown>;
      for (const value of Object.values(row)) typeOfValue(value);
      this.sample.push({ ...row });
      if (this.sample.length === SAMPLE_RECORDS) this.chooseBySample();
    }
  }

  take(): Uint8Array[] {
    const { output } = this;
    if (output.index === 0) return [];
    const bytes = output.getBytes().slice();
    output.index = 0;
    return [bytes];
  }

  finish(): Uint8Array[] {
    if (this.columns === undefined) this.chooseBySample();
    this.writeGroup();
    this.writer!.finish();
    return this.take();
  }

  private addRow(record: Record<string, unknown>, columns: ReadonlyMap<string, Column>): void {
    for (const name of Object.keys(record)) {
      if (!columns.has(name)) throw new TypeError(`'${name}' is not one of the columns ${[...columns.keys()].join(', ')}`);
    }
    // All values are converted before one is kept, so that a refused record leaves no half row behind.
    const values = Array.from(columns.values(), column => this.convert(record[column.name], column));
    let i = 0;
    for (const column of columns.values()) column.values.push(values[i++]);
    if (++this.rows === GROUP_ROWS) this.writeGroup();
  }

  private convert(value: unknown, { name, type }: Column): unknown {
    if (value === null || value === undefined) return undefined;
    switch (type) {
      case 'json':
        return Buffer.from(this.json.encode(value).trimEnd());
      case 'int64':
        if (Number.isSafeInteger(value)) return BigInt(value as number);
        if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value;
        break;
      case 'number':
        if (typeof value === 'number') return value;
        if (typeof value === 'bigint' && Number.isSafeInteger(Number(value))) return Number(value);
        break;
      case 'timestamp':
        if (value instanceof Date && !Number.isNaN(value.getTime())) return value;
        break;
      case 'bytes':
        if (value instanceof Uint8Array) return value.slice();
        break;
      case 'string':
      case 'boolean':
        if (typeof value === type) return value;
        break;
    }
    throw new TypeError(`${name}: expected ${type}, as in the records before, got ${describeValue(value)}`);
  }

  private chooseBySample(): void {
    const types = new Map<string, ColumnType | undefined>();
    for (const record of this.sample) {
      for (const [name, value] of Object.entries(record)) {
        const type = typeOfValue(value);
        const known = types.get(name);
        types.set(name, type === undefined || known === undefined || known === type ? (type ?? known) : commonType(known, type));
      }
    }
    const columns = this.choose(Array.from(types, ([name, type]) => [name, type ?? 'string']));
    for (const record of this.sample) this.addRow(record, columns);
    this.sample = [];
  }

  private choose(types: readonly (readonly [string, ColumnType])[]): ReadonlyMap<string, Column> {
    const columns = new Map(types.map(([name, type]) => [name, { name, type, values: [] as unknown[] }]));
    this.columns = columns;
    const schema: SchemaElement[] = [{ name: 'root', num_children: types.length }];
    for (const [name, type] of types) schema.push({ name, repetition_type: 'OPTIONAL', ...ELEMENTS[type] });
    this.writer = new ParquetWriter({ writer: this.output, schema, codec: 'ZSTD', compressors: { ZSTD: packZstd }, createdBy: 'millrace' });
    return columns;
  }

  private writeGroup(): void {
    if (this.rows === 0) return;
    const columnData = Array.from(this.columns!.values(), ({ name, values }) => ({ name, data: values }));
    void this.writer!.write({ columnData, rowGroupSize: GROUP_ROWS });
    for (const column of this.columns!.values()) column.values.length = 0;
    this.rows = 0;
  }
}

const ELEMENTS: Readonly<Record<ColumnType, Partial<SchemaElement>>> = {
  boolean: { type: 'BOOLEAN' },
  number: { type: 'DOUBLE' },
  int64: { type: 'INT64' },
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  timestamp: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
  bytes: { type: 'BYTE_ARRAY' },
  // The writer would turn values into JSON itself if this were the converted type, and stumble over bigints.
  json: { type: 'BYTE_ARRAY', logical_type: { type: 'JSON' } },
};

function typeOfKind(kind: ValueKind): ColumnType {
  switch (kind) {
    case 'integer':
    case 'int64':
      return 'int64';
    case 'string':
    case 'number':
    case 'boolean':
      return kind;
    default:
      return 'json';
  }
}

/** The column type of a value; undefined for null, which fits any. */
function typeOfValue(value: unknown): ColumnType | undefined {
  switch (typeof value) {
    case 'undefined':
      return undefined;
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value as ColumnType;
    case 'bigint':
      return 'int64';
    case 'object':
      if (value === null) return undefined;
      if (value instanceof Date) return 'timestamp';
      return value instanceof Uint8Array ? 'bytes' : 'json';
    default:
      throw new TypeError(`Parquet has no form for ${describeValue(value)}`);
  }
}

/** Values of two types stand together as JSON; numbers and bigints as numbers. */
function commonType(a: ColumnType, b: ColumnType): ColumnType {
  return (a === 'number' && b === 'int64') || (a === 'int64' && b === 'number') ? 'number' : 'json';
}
