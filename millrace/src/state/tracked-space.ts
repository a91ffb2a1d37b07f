import type { Key } from '../base/key.ts';
import type { Cell, Namespace } from '../spi/state.ts';
import { HeapSpace } from './heap-space.ts';
import type { SegmentTargetSpace, TableWriter } from './segment.ts';

/** Of a cell that was removed, wherever it may still be referred to. */
const REMOVED = -1;

/** Of a cell that no segment has. */
const UNSAVED = 0;

/** What looking at a cell costs, in bytes that are written in the same time. */
const CELL_COST = 4;

/** There may be a great many spaces, and few of them change in a round. */
const NONE: never[] = [];

class TrackedCell<V> implements Cell<V> {
  readonly key: Key;
  value: V;
  /** Round in which it was last changed. */
  changed: number;
  /** Bytes it takes in the newest segment that has it, `UNSAVED` or `REMOVED`. */
  saved: number;

  constructor(key: Key, value: V, changed: number, saved: number) {
    this.key = key;
    this.value = value;
    this.changed = changed;
    this.saved = saved;
  }
}

/** The table that a space is part of. */
export interface SpaceOwner<V> {
  /** Number of the round, which is the time from one writing of changes to the next. */
  readonly round: number;
  /** Bytes of all cells as they were last saved. */
  bytes: number;
  /** The first change of a round. */
  spaceChanged(space: TrackedSpace<V>): void;
}

/** Cells of one namespace, with what has changed in a round. */
export class TrackedSpace<V> extends HeapSpace<V, TrackedCell<V>> implements SegmentTargetSpace {
  readonly namespace: Namespace;
  private readonly owner: SpaceOwner<V>;
  /** Bytes of the cells as they were last saved. */
  private bytes = 0;
  /** Cells added or changed in this round, also those that were removed since. */
  private changes: TrackedCell<V>[] = NONE;
  /** Saved keys removed in this round. They may have been added again. */
  private removals: Key[] = NONE;
  private gone = false;

  constructor(namespace: Namespace, owner: SpaceOwner<V>) {
    super();
    this.namespace = namespace;
    this.owner = owner;
  }

  add(key: Key, value: V): TrackedCell<V> {
    const cell = new TrackedCell(key, value, 0, UNSAVED);
    this.insert(cell);
    this.noteChange(cell);
    return cell;
  }

  mark(cell: Cell<V>): void {
    const tracked = cell as TrackedCell<V>;
    if (tracked.changed !== this.owner.round) this.noteChange(tracked);
  }

  override remove(key: Key): void {
    const cell = this.get(key);
    if (cell === undefined) return;
    if (cell.saved > UNSAVED) {
      this.announce();
      if (this.removals === NONE) this.removals = [];
      this.removals.push(key);
      this.resize(-cell.saved);
    }
    cell.saved = REMOVED;
    super.remove(key);
  }

  /** Whether the space is no part of the table any more. */
  get dropped(): boolean {
    return this.gone;
  }

  /** Takes it out of the table. Returns whether any segment may know it. */
  drop(): boolean {
    const saved = this.bytes > 0 || this.removals.length > 0;
    this.resize(-this.bytes);
    this.gone = true;
    return saved;
  }

  /** Writes what has changed in the round. */
  writeChanges(writer: TableWriter): void {
    const { changes, removals, namespace } = this;
    this.changes = NONE;
    this.removals = NONE;
    for (const key of removals) writer.remove(namespace, key);
    for (const cell of changes) if (cell.saved !== REMOVED) this.write(cell, writer);
  }

  /**
   * Writes cells that have not changed since the beginning of a round.
   *
   * @param cells an iterator of this space
   * @param budget bytes after which to stop
   * @returns what is left of the budget; when nothing is, there may be more cells
   */
  writeUnchanged(cells: Iterator<TrackedCell<V>>, sinceRound: number, budget: number, writer: TableWriter): number {
    let left = budget;
    while (left > 0) {
      const next = cells.next();
      if (next.done === true) break;
      left -= CELL_COST;
      if (next.value.changed < sinceRound) left -= this.write(next.value, writer);
    }
    return left;
  }

  /** A segment says what a cell is; nothing has changed. */
  restore(key: Key, value: unknown, size: number): void {
    const cell = this.get(key);
    if (cell === undefined) {
      this.insert(new TrackedCell(key, value as V, 0, size));
      this.resize(size);
    } else {
      this.resize(size - cell.saved);
      cell.value = value as V;
      cell.saved = size;
    }
  }

  /** A segment says that a cell is no more. */
  forget(key: Key): void {
    const cell = this.get(key);
    if (cell === undefined) return;
    this.resize(-cell.saved);
    super.remove(key);
  }

  private noteChange(cell: TrackedCell<V>): void {
    this.announce();
    cell.changed = this.owner.round;
    if (this.changes === NONE) this.changes = [];
    this.changes.push(cell);
  }

  private announce(): void {
    if (this.changes.length === 0 && this.removals.length === 0) this.owner.spaceChanged(this);
  }

  private write(cell: TrackedCell<V>, writer: TableWriter): number {
    const size = writer.put(this.namespace, cell.key, cell.value);
    this.resize(size - cell.saved);
    cell.saved = size;
    return size;
  }

  private resize(bytes: number): void {
    this.bytes += bytes;
    this.owner.bytes += bytes;
  }
}
