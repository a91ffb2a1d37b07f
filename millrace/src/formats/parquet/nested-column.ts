import type { SchemaTree } from 'hyparquet';
import { assembleLists, assembleNested } from 'hyparquet/src/assemble.js';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import type { ColumnReader } from './column-reader.ts';
import type { LeafColumn } from './leaf-column.ts';
import type { PageContent } from './page.ts';
import type { Arrived, PageStream } from './page-stream.ts';
import { MOST_AT_ONCE } from './value-readers.ts';
import { NULLS, UNDECODABLE, Undecodable } from './values.ts';

/**
 * Reads a column of lists, maps or structs, of which the file has a column for each kind of value within. The values of one row group are put
 * together at a time, as those of one row may stand far apart.
 */
export class NestedColumn implements ColumnReader {
  private readonly tree: SchemaTree;
  private readonly leaves: readonly NestedLeaf[];
  /** Rows of each row group. */
  private readonly groups: readonly number[];
  private readonly arrived: Arrived;
  private group = 0;
  private rows: readonly unknown[] = [];
  private next = 0;
  /** Rows of the first row group that are not wanted. */
  private skip: number;
  private undecodable = false;

  constructor(tree: SchemaTree, leaves: readonly NestedLeaf[], groups: readonly number[], skip: number, arrived: Arrived) {
    this.tree = tree;
    this.leaves = leaves;
    this.groups = groups;
    this.skip = skip;
    this.arrived = arrived;
  }

  prepare(): number {
    if (this.next === this.rows.length) {
      this.rows = [];
      this.next = 0;
      for (const leaf of this.leaves) {
        if (leaf.complete) continue;
        // One page at a time, so that others get their turn.
        if (leaf.readPage()) void Promise.resolve().then(() => this.arrived());
        return 0;
      }
      this.assemble();
    }
    return this.rows.length - this.next;
  }

  read(out: unknown[], n: number): number {
    let flags = 0;
    for (let i = 0; i < n; i++) {
      let value = plain(this.rows[this.next++]);
      if (value === null) flags |= NULLS;
      if (this.undecodable) {
        value = undecodableIn(value) ?? value;
        if (value instanceof Undecodable) flags |= UNDECODABLE;
      }
      out[i] = value;
    }
    return flags;
  }

  private assemble(): void {
    const columns = new Map<string, unknown[]>();
    this.undecodable = false;
    for (const leaf of this.leaves) {
      if (leaf.undecodable) this.undecodable = true;
      columns.set(leaf.name, leaf.take());
    }
    if (this.tree.children.length > 0) assembleNested(columns, this.tree, DEFAULT_PARSERS);
    const rows = columns.get(this.tree.path.join('.'));
    const expected = this.groups[this.group++];
    if (rows === undefined || rows.length !== expected) throw new RangeError(`${rows?.length} rows where the row group has ${expected}`);
    this.rows = rows;
    this.next = this.skip;
    this.skip = 0;
  }
}

/** Reads one of the columns that a nested column is made of, a row group at a time. */
export class NestedLeaf {
  readonly name: string;
  /** Whether all pages of the row group have been read. */
  complete = false;
  /** Whether some value of the row group is an `Undecodable`. */
  undecodable = false;
  private readonly column: LeafColumn;
  private readonly pages: PageStream;
  /** The values in lists of lists, one for each row. */
  private lists: unknown[] = [];

  constructor(column: LeafColumn, pages: PageStream) {
    this.column = column;
    this.pages = pages;
    this.name = column.path.at(-1)!.path.join('.');
  }

  /** Reads a page. False when it is not here yet. */
  readPage(): boolean {
    const page = this.pages.next(0);
    if (page === undefined) return false;
    if (typeof page !== 'number') {
      const { values, definition, repetition } = this.valuesOf(page);
      const lists = assembleLists(this.lists, definition, repetition, values, this.column.path);
      // Where nothing is repeated or may be missing, it returns the values alone.
      if (lists !== this.lists) for (const value of values) this.lists.push(value);
    }
    this.complete = this.pages.left === 0;
    return true;
  }

  /** The row group's values; the next one follows. */
  take(): unknown[] {
    const { lists } = this;
    this.lists = [];
    this.complete = false;
    this.undecodable = false;
    return lists;
  }

  private valuesOf(page: PageContent): { values: unknown[]; definition: number[]; repetition: number[] } {
    const { count } = page;
    const definition: number[] = [];
    const repetition: number[] = [];
    const values: unknown[] = [];
    const levels = new Int32Array(MOST_AT_ONCE);
    const scratch = new Array<unknown>(MOST_AT_ONCE);
    for (let left = count; left > 0; ) {
      const n = Math.min(left, MOST_AT_ONCE);
      let present = n;
      if (page.definition !== undefined) {
        page.definition.read(levels, n);
        present = 0;
        for (let i = 0; i < n; i++) {
          if (levels[i] === this.column.maxDefinition) present++;
          definition.push(levels[i]!);
        }
      }
      if (page.repetition !== undefined) {
        page.repetition.read(levels, n);
        for (let i = 0; i < n; i++) repetition.push(levels[i]!);
      }
      const flags = present === 0 ? 0 : page.values.read(scratch, 0, present);
      if ((flags & UNDECODABLE) !== 0) this.undecodable = true;
      for (let i = 0; i < present; i++) values.push(scratch[i]);
      left -= n;
    }
    return { values, definition, repetition };
  }
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

function undecodableIn(value: unknown): Undecodable | undefined {
  if (value instanceof Undecodable) return value;
  if (typeof value !== 'object' || value === null || !(Array.isArray(value) || isRecord(value))) return undefined;
  for (const within of Object.values(value)) {
    const found = undecodableIn(within);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isRecord(value: object): value is Record<string, unknown> {
  return Object.getPrototypeOf(value) === Object.prototype;
}
