import type { Key } from '../base/key.ts';
import type { Cell, KeySpace, Namespace, OperatorState, StateBackend, Table } from '../spi/state.ts';

/** A Map holds at most 2^24 entries; a space goes on in a further Map before that. */
const MAP_LIMIT = 2 ** 23;

class HeapCell<V> implements Cell<V> {
  readonly key: Key;
  value: V;

  constructor(key: Key, value: V) {
    this.key = key;
    this.value = value;
  }
}

class HeapSpace<V> implements KeySpace<V> {
  /** The newest Map, which takes additions; `full` holds those before it. */
  private map = new Map<Key, HeapCell<V>>();
  private readonly full: Map<Key, HeapCell<V>>[] = [];

  get size(): number {
    let size = this.map.size;
    for (const map of this.full) size += map.size;
    return size;
  }

  get(key: Key): Cell<V> | undefined {
    const cell = this.map.get(key);
    return cell === undefined && this.full.length > 0 ? this.getOlder(key) : cell;
  }

  private getOlder(key: Key): Cell<V> | undefined {
    for (const map of this.full) {
      const cell = map.get(key);
      if (cell !== undefined) return cell;
    }
    return undefined;
  }

  add(key: Key, value: V): Cell<V> {
    if (this.map.size >= MAP_LIMIT) {
      this.full.push(this.map);
      this.map = new Map();
    }
    const cell = new HeapCell(key, value);
    this.map.set(key, cell);
    return cell;
  }

  /** Nothing is written anywhere, so nothing needs to know what changed. */
  mark(): void {}

  remove(key: Key): void {
    if (this.map.delete(key)) return;
    for (const map of this.full) if (map.delete(key)) return;
  }

  cells(): IterableIterator<Cell<V>> {
    // The Map's own iterator is several times as fast as a generator around it.
    return this.full.length === 0 ? this.map.values() : this.cellsOfAll();
  }

  private *cellsOfAll(): IterableIterator<Cell<V>> {
    for (const map of this.full) yield* map.values();
    yield* this.map.values();
  }
}

class HeapTable<V> implements Table<V> {
  readonly name: string;
  private readonly spaces = new Map<Namespace, HeapSpace<V>>();

  constructor(name: string) {
    this.name = name;
  }

  space(namespace: Namespace): KeySpace<V> {
    let space = this.spaces.get(namespace);
    if (space === undefined) {
      space = new HeapSpace();
      this.spaces.set(namespace, space);
    }
    return space;
  }

  find(namespace: Namespace): KeySpace<V> | undefined {
    return this.spaces.get(namespace);
  }

  drop(namespace: Namespace): void {
    this.spaces.delete(namespace);
  }

  namespaces(): IterableIterator<Namespace> {
    return this.spaces.keys();
  }
}

/** State on the JavaScript heap. It is gone with the process. */
export class HeapStateBackend implements StateBackend {
  private readonly operators = new Map<string, OperatorState>();

  operator(id: string): OperatorState {
    let state = this.operators.get(id);
    if (state === undefined) {
      const tables = new Map<string, HeapTable<never>>();
      state = {
        table<V>(name: string): Table<V> {
          let table = tables.get(name);
          if (table === undefined) {
            table = new HeapTable<never>(name);
            tables.set(name, table);
          }
          return table as Table<unknown> as Table<V>;
        },
      };
      this.operators.set(id, state);
    }
    return state;
  }
}
