import type { Key } from '../base/key.ts';
import type { Cell, KeySpace } from '../spi/state.ts';

/** A Map holds at most 2^24 entries; a space goes on in a further Map before that. */
const MAP_LIMIT = 2 ** 23;

/** The cells of one namespace on the heap. `C` is what a backend keeps of each. */
export abstract class HeapSpace<V, C extends Cell<V>> implements KeySpace<V> {
  /** The newest Map, which takes additions; `full` holds those before it. */
  private map = new Map<Key, C>();
  private full: readonly Map<Key, C>[] = NONE;

  get size(): number {
    let size = this.map.size;
    for (const map of this.full) size += map.size;
    return size;
  }

  get(key: Key): C | undefined {
    const cell = this.map.get(key);
    return cell === undefined && this.full.length > 0 ? this.getOlder(key) : cell;
  }

  private getOlder(key: Key): C | undefined {
    for (const map of this.full) {
      const cell = map.get(key);
      if (cell !== undefined) return cell;
    }
    return undefined;
  }

  abstract add(key: Key, value: V): C;
  abstract mark(cell: Cell<V>): void;

  remove(key: Key): void {
    if (this.map.delete(key)) return;
    for (const map of this.full) if (map.delete(key)) return;
  }

  /** Cells that are added meanwhile may be left out. */
  cells(): IterableIterator<C> {
    // The Map's own iterator is several times as fast as a generator around it.
    return this.full.length === 0 ? this.map.values() : this.cellsOfAll();
  }

  private *cellsOfAll(): IterableIterator<C> {
    for (const map of [...this.full, this.map]) yield* map.values();
  }

  protected insert(cell: C): void {
    if (this.map.size >= MAP_LIMIT) this.beginMap();
    this.map.set(cell.key, cell);
  }

  private beginMap(): void {
    this.full = [...this.full, this.map];
    this.map = new Map();
  }
}

/** There may be a great many small spaces, so what most have none of takes no room. */
const NONE: readonly never[] = [];
