import type { FileMetaData, RowGroup } from 'hyparquet';
import { MillraceError } from '../../base/errors.ts';
import { checkCodec } from './codecs.ts';
import type { ColumnReader } from './column-reader.ts';
import type { Column } from './columns.ts';
import { corruptFile } from './corrupt.ts';
import { FlatColumn } from './flat-column.ts';
import { type LeafColumn, leafColumn, leavesOf } from './leaf-column.ts';
import { NestedColumn, NestedLeaf } from './nested-column.ts';
import { type Arrived, type ChunkRange, PageStream } from './page-stream.ts';
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

/**
 * Opens columns of a file from a row on, which it has.
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
  const opener = new ColumnOpener(file, metadata, fromRow, selected, arrived);
  return selected.map(column => opener.open(column));
}

class ColumnOpener {
  private readonly file: RandomAccess;
  /** The row groups that are read. */
  private readonly groups: readonly RowGroup[];
  /** Rows of the first of them that are not wanted. */
  private readonly skip: number;
  private readonly windowBytes: number;
  private readonly arrived: Arrived;

  constructor(file: RandomAccess, metadata: FileMetaData, fromRow: number, selected: readonly Column[], arrived: Arrived) {
    this.file = file;
    this.arrived = arrived;
    const leaves = selected.reduce((sum, { path }) => sum + leavesOf([...path]).length, 0);
    this.windowBytes = Math.max(LEAST_WINDOW_BYTES, Math.min(MOST_WINDOW_BYTES, Math.floor(READ_AHEAD_BYTES / leaves)));
    let end = 0;
    this.groups = metadata.row_groups.filter(group => {
      end += Number(group.num_rows);
      return group.num_rows > 0n && end > fromRow;
    });
    const wanted = this.groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
    this.skip = wanted - (end - fromRow);
  }

  open({ name, path, field, leaf }: Column): OpenColumn {
    const absent = field !== undefined && field.optional && !field.nullable;
    const nullFits = field === undefined || field.nullable || absent;
    const gives = leaf?.conversion.gives;
    return {
      name,
      reader: leaf === undefined ? this.openNested(path) : new FlatColumn(this.openPages(leaf), this.skip),
      values: new Array<unknown>(MOST_AT_ONCE),
      exact: field !== undefined && (field.kind === 'any' || field.kind === gives),
      unfit: (nullFits ? 0 : NULLS) | (gives === 'integer' ? WIDE : 0),
      absent,
    };
  }

  private openNested(path: Column['path']): NestedColumn {
    const leaves = leavesOf([...path]).map(leafPath => {
      const leaf = leafColumn(leafPath, undefined);
      return new NestedLeaf(leaf, this.openPages(leaf));
    });
    const rows = this.groups.map(group => Number(group.num_rows));
    return new NestedColumn(path[1], leaves, rows, this.skip, this.arrived);
  }

  private openPages(leaf: LeafColumn): PageStream {
    const ranges = this.groups.map(group => this.rangeOf(leaf, group));
    return new PageStream(this.file, leaf, ranges, this.windowBytes, this.arrived);
  }

  private rangeOf({ element, path, maxRepetition }: LeafColumn, group: RowGroup): ChunkRange {
    const name = path.at(-1)!.path.join('.');
    const where = `${this.file.path}, column '${name}'`;
    const column = group.columns.find(({ meta_data: chunk }) => chunk?.path_in_schema.join('.') === name);
    if (column?.file_path !== undefined) {
      throw new MillraceError('FILE_READ_FAILED', {
        where,
        expected: 'a file that holds its columns itself',
        got: `a reference to ${column.file_path}`,
      });
    }
    const chunk = column?.meta_data;
    if (chunk === undefined) throw corruptFile(where, 'a row group without the column, which may be encrypted');
    checkCodec(this.file.path, name, chunk.codec);
    if (chunk.type !== element.type || (maxRepetition === 0 && chunk.num_values !== group.num_rows)) {
      const expected = `${group.num_rows} of ${element.type}`;
      throw corruptFile(where, `${chunk.num_values} values of ${chunk.type} where there should be ${expected}`);
    }
    // Some writers name the dictionary's offset as that of the data, and some write a 0 where there is no dictionary.
    const data = Number(chunk.data_page_offset);
    const dictionary = Number(chunk.dictionary_page_offset ?? 0);
    const from = dictionary > 0 && dictionary < data ? dictionary : data;
    return { chunk, from, to: from + Number(chunk.total_compressed_size) };
  }
}
