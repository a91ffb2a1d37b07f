import type { KeySpace, Namespace, Table } from '../spi/state.ts';
import type { SegmentTarget, TableWriter } from './segment.ts';
import { type SpaceOwner, TrackedSpace } from './tracked-space.ts';

/** A table on the heap that knows what has changed in a round. */
export class TrackedTable<V> implements Table<V>, SpaceOwner<V>, SegmentTarget {
  readonly name: string;
  round = 1;
  bytes = 0;
  private readonly spaces = new Map<Namespace, TrackedSpace<V>>();
  /** Spaces with changes in this round; some may have been dropped since. */
  private changed: TrackedSpace<V>[] = [];
  /** Saved namespaces that were dropped in this round. They may hold something again. */
  private readonly drops = new Set<Namespace>();

  constructor(name: string) {
    this.name = name;
  }

  /** Namespaces that have a space, be it empty. */
  get size(): number {
    return this.spaces.size;
  }

  get cells(): number {
    let cells = 0;
    for (const space of this.spaces.values()) cells += space.size;
    return cells;
  }

  space(namespace: Namespace): TrackedSpace<V> {
    let space = this.spaces.get(namespace);
    if (space === undefined) {
      space = new TrackedSpace(namespace, this);
      this.spaces.set(namespace, space);
    }
    return space;
  }

  find(namespace: Namespace): KeySpace<V> | undefined {
    return this.spaces.get(namespace);
  }

  drop(namespace: Namespace): void {
    const space = this.spaces.get(namespace);
    if (space === undefined) return;
    this.spaces.delete(namespace);
    if (space.drop()) this.drops.add(namespace);
  }

  namespaces(): IterableIterator<Namespace> {
    return this.spaces.keys();
  }

  allSpaces(): IterableIterator<TrackedSpace<V>> {
    return this.spaces.values();
  }

  spaceChanged(space: TrackedSpace<V>): void {
    this.changed.push(space);
  }

  /** Writes what has changed since the last call and begins the next round. */
  writeChanges(writer: TableWriter): void {
    for (const namespace of this.drops) writer.drop(namespace);
    this.drops.clear();
    const { changed } = this;
    this.changed = [];
    for (const space of changed) if (!space.dropped) space.writeChanges(writer);
    this.round++;
  }

  /** Called when all segments have been read: what was dropped or emptied in them is nothing that has to be written. */
  restored(): void {
    this.drops.clear();
    for (const [namespace, space] of this.spaces) if (space.size === 0) this.spaces.delete(namespace);
  }
}
