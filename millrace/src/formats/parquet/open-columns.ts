import { type ColumnMetaData, type FileMetaData, parquetSchema, type ParquetType, type SchemaTree } from 'hyparquet';
import { MillraceError } from '../../base/errors.ts';
import { checkCodec } from './codecs.ts';
import type { ColumnReader } from './column-reader.ts';
import type { Column } from './columns.ts';
import type { Conversion } from './conversion.ts';
import { corruptFile } from './corrupt.ts';
import { type ChunkRange, FlatColumn } from './flat-column.ts';
import { NestedColumn, type RowRange } from './nested-column.ts';
import type { RandomAccess } from './random-access.ts';
import { MOST_AT_ONCE } from './value-readers.ts';
import { NULLS, WIDE } from './values.ts';

/** Bytes that all columns together may read ahead. */
const READ_AHEAD_BYTES = 16 * 1024 * 1024;
const MOST_WINDOW_BYTES = 1024 * 1024;
const LEAST_WINDOW_BYTES = 64 * 1024;

/** A column that is being read, and the values of the rows at hand. */
export interface OpenColumn {
  readonly name: string;
  readonly reader: ColumnReader;
  readonly values: unknown[];
  /** What the column gives is what the schema says, but for what `unfit` flags. */
  readonly exact: boolean;
  /** Flags of values that the schema may refuse. */
  readonly unfit: number;
  /** Whether null means that the field is missing. */
  readonly absent: boolean;
}

/** Called when bytes of a column have arrived, or could not be read. */
type Arrived = (failure?: { error: unknown }) => void;

/**
 * Opens columns of a file from a row on.
 *
 * @throws MillraceError `FILE_CORRUPT`, `FILE_READ_FAILED`
 */
export function openColumns(
  file: RandomAccess,
  metadata: FileMetaData,
  selected: readonly Column[],
  fromRow: number,
  arrived: Arrived,
): OpenColumn[] {
  const opener = new ColumnOpener(file, metadata, fromRow, selected.length, arrived);
  return selected.map(column => opener.open(column));
}

class ColumnOpener {
  private readonly file: RandomAccess;
  private readonly metadata: FileMetaData;
  /** The rows of each row group that are wanted, and the row group's number. */
  private readonly groups: readonly (RowRange & { readonly index: number })[];
  /** Rows of the first of them that are not wanted. */
  private readonly skip: number;
  private readonly windowBytes: number;
  private readonly arrived: Arrived;

  constructor(file: RandomAccess, metadata: FileMetaData, fromRow: number, columnCount: number, arrived: Arrived) {
    this.file = file;
    this.metadata = metadata;
    this.arrived = arrived;
    this.windowBytes = Math.max(LEAST_WINDOW_BYTES, Math.min(MOST_WINDOW_BYTES, Math.floor(READ_AHEAD_BYTES / columnCount)));
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

  open({ name, tree, field, conversion }: Column): OpenColumn {
    const absent = field !== undefined && field.optional && !field.nullable;
    const nullFits = field === undefined || field.nullable || absent;
    return {
      name,
      reader: conversion === undefined ? this.openNested(name, tree) : this.openFlat(name, tree, conversion),
      values: new Array<unknown>(MOST_AT_ONCE),
      exact: field !== undefined && (field.kind === 'any' || field.kind === conversion?.gives),
      unfit: (nullFits ? 0 : NULLS) | (conversion?.gives === 'integer' ? WIDE : 0),
      absent,
    };
  }

  private openFlat(name: string, tree: SchemaTree, conversion: Conversion): FlatColumn {
    const ranges = this.groups.map(({ index, from, to }) => this.rangeOf(index, name, tree.element.type, to - from));
    const decoding = { element: tree.element, schemaPath: [parquetSchema(this.metadata), tree], conversion };
    return new FlatColumn(this.file, decoding, ranges, this.skip, this.windowBytes, this.arrived);
  }

  private openNested(name: string, tree: SchemaTree): NestedColumn {
    for (const { index } of this.groups) {
      for (const { path_in_schema: path } of this.chunksOf(index, name)) {
        let node: SchemaTree | undefined = tree;
        for (const part of path.slice(1)) node = node?.children.find(child => child.element.name === part);
        if (node === undefined) throw corruptFile(this.file.path, `a column '${path.join('.')}' that its schema does not have`);
      }
    }
    const [first, ...others] = this.groups;
    const groups = first === undefined ? [] : [{ from: first.from + this.skip, to: first.to }, ...others];
    return new NestedColumn(this.file, this.metadata, name, groups, this.arrived);
  }

  private rangeOf(index: number, name: string, type: ParquetType | undefined, rows: number): ChunkRange {
    const [chunk] = this.chunksOf(index, name);
    // Some writers name the dictionary's offset as that of the data, and some write a 0 where there is no dictionary.
    const data = Number(chunk!.data_page_offset);
    const dictionary = Number(chunk!.dictionary_page_offset ?? 0);
    const from = dictionary > 0 && dictionary < data ? dictionary : data;
    const to = from + Number(chunk!.total_compressed_size);
    if (chunk!.type !== type || chunk!.num_values !== BigInt(rows)) {
      const got = `${chunk!.num_values} values of ${chunk!.type} where the schema has ${type} and the row group ${rows} rows`;
      throw corruptFile(`${this.file.path}, column '${name}'`, got);
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
