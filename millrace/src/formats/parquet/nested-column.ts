import { type AsyncBuffer, type FileMetaData, parquetReadObjects } from 'hyparquet';
import { MillraceError, messageOf } from '../../base/errors.ts';
import { decompressors } from './codecs.ts';
import type { ColumnReader } from './column-reader.ts';
import { millisOfMicros, millisOfNanos } from './conversion.ts';
import { corruptFile } from './corrupt.ts';
import type { RandomAccess } from './random-access.ts';
import { NULLS } from './values.ts';

/** Rows of the file, such as those of a row group. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Reads a column of lists, maps or structs, or of a type that is left to hyparquet. One row group is decoded at a time, as a whole: where its
 * values begin cannot be told without decoding them.
 */
export class NestedColumn implements ColumnReader {
  private readonly file: RandomAccess;
  private readonly metadata: FileMetaData;
  private readonly name: string;
  private readonly groups: readonly RowRange[];
  private readonly arrived: (failure?: { error: unknown }) => void;
  private group = 0;
  private values: readonly Record<string, unknown>[] = [];
  private next = 0;
  private loading = false;

  /** @param groups the rows of each row group that are wanted */
  constructor(
    file: RandomAccess,
    metadata: FileMetaData,
    name: string,
    groups: readonly RowRange[],
    arrived: (failure?: { error: unknown }) => void,
  ) {
    this.file = file;
    this.metadata = metadata;
    this.name = name;
    this.groups = groups;
    this.arrived = arrived;
  }

  prepare(): number {
    const left = this.values.length - this.next;
    if (left > 0) return left;
    this.values = [];
    if (!this.loading) this.load(this.groups[this.group++]!);
    return 0;
  }

  read(out: unknown[], n: number): number {
    let flags = 0;
    for (let i = 0; i < n; i++) {
      const value = plain(this.values[this.next++]![this.name]);
      if (value === null) flags = NULLS;
      out[i] = value;
    }
    return flags;
  }

  private load({ from, to }: RowRange): void {
    this.loading = true;
    parquetReadObjects({
      file: asyncBuffer(this.file),
      metadata: this.metadata,
      columns: [this.name],
      rowStart: from,
      rowEnd: to,
      compressors: decompressors,
      parsers: {
        timestampFromMicroseconds: micros => new Date(millisOfMicros(micros)),
        timestampFromNanoseconds: nanos => new Date(millisOfNanos(nanos)),
      },
    }).then(
      values => {
        this.loading = false;
        if (values.length === to - from) {
          this.values = values;
          this.next = 0;
          this.arrived();
        } else {
          this.arrived({ error: this.corrupt(`${values.length} rows where the row group has ${to - from}`) });
        }
      },
      (error: unknown) => this.arrived({ error: error instanceof MillraceError ? error : this.corrupt(messageOf(error), error) }),
    );
  }

  private corrupt(got: string, cause?: unknown): Error {
    return corruptFile(`${this.file.path}, column '${this.name}'`, got, cause);
  }
}

/** The file as hyparquet reads one. */
export function asyncBuffer(file: RandomAccess): AsyncBuffer {
  return {
    byteLength: file.byteLength,
    async slice(from, to = file.byteLength) {
      const bytes = await file.read(from, to);
      const { buffer } = bytes;
      return buffer instanceof ArrayBuffer && bytes.length === buffer.byteLength ? buffer : new Uint8Array(bytes).buffer;
    },
  };
}

/** Nothing becomes null, and a bigint becomes a number where that is exact, as in columns that are not nested. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = plain(value[i]);
  } else if (isRecord(value)) {
    for (const name of Object.keys(value)) value[name] = plain(value[name]);
  }
  return value;
}

function isRecord(value: object): value is Record<string, unknown> {
  return Object.getPrototypeOf(value) === Object.prototype;
}
