import type { Key } from '../base/key.ts';
import type { Cell, KeySpace, Namespace, OperatorState, StateBackend, Table } from '../spi/state.ts';
import { HeapSpace } from './heap-space.ts';

class HeapCell<V> implements Cell<V> {
  readonly key: Key;
  value: V;

  constructor(key: Key, value: V) {
    this.key = key;
    this.value = value;
  }
}

class UntrackedSpace<V> extends HeapSpace<V, HeapCell<V>> {
  add(key: Key, value: V): HeapCell<V> {
    const cell = new HeapCell(key, value);
    this.insert(cell);
    return cell;
  }

  /** Nothing is written anywhere, so nothing needs to know what changed. */
  mark(): void {}
}

class HeapTable<V> implements Table<V> {
  readonly name: string;
  private readonly spaces = new Map<Namespace, UntrackedSpace<V>>();

  constructor(name: string) {
    this.name = name;
  }

  space(namespace: Namespace): KeySpace<V> {
    let space = this.spaces.get(namespace);
    if (space === undefined) {
      space = new UntrackedSpace();
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
