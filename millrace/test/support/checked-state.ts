import { inspect } from 'node:util';
import type { Key } from '../../src/base/key.ts';
import type { Cell, KeySpace, Namespace, OperatorState, Table } from '../../src/spi/state.ts';
import { ValueReader } from '../../src/state/codec/value-reader.ts';
import { ValueWriter } from '../../src/state/codec/value-writer.ts';
import { HeapStateBackend } from '../../src/state/heap.ts';
import { sameValue } from './same-value.ts';

/** What was announced of a space since the last check, and what it held then. */
class CheckedSpace<V> implements KeySpace<V> {
  private readonly space: KeySpace<V>;
  private readonly where: string;
  private readonly announced = new Set<Key>();
  private before = new Map<Key, string>();

  constructor(space: KeySpace<V>, where: string) {
    this.space = space;
    this.where = where;
  }

  get size(): number {
    return this.space.size;
  }

  get(key: Key): Cell<V> | undefined {
    return this.space.get(key);
  }

  add(key: Key, value: V): Cell<V> {
    if (this.space.get(key) !== undefined) throw new Error(`${this.where}: ${String(key)} was added twice`);
    this.announced.add(key);
    return this.space.add(key, value);
  }

  mark(cell: Cell<V>): void {
    if (this.space.get(cell.key) !== cell)
      throw new Error(`${this.where}: a cell of ${String(cell.key)} was marked that is no longer there`);
    this.announced.add(cell.key);
    this.space.mark(cell);
  }

  remove(key: Key): void {
    this.announced.add(key);
    this.space.remove(key);
  }

  cells(): IterableIterator<Cell<V>> {
    return this.space.cells();
  }

  /** Throws when something was changed and not announced, or cannot be saved. */
  verify(): void {
    const now = new Map<Key, string>();
    for (const { key, value } of this.space.cells()) now.set(key, inspect(saved(value), { depth: Infinity, maxArrayLength: null }));
    for (const key of new Set([...now.keys(), ...this.before.keys()])) {
      if (now.get(key) === this.before.get(key) || this.announced.has(key)) continue;
      throw new Error(`${this.where}: ${String(key)} changed from ${this.before.get(key)} to ${now.get(key)} and was not marked`);
    }
    this.before = now;
    this.announced.clear();
  }
}

/** The value as it comes back after it was saved. */
function saved(value: unknown): unknown {
  const writer = new ValueWriter();
  writer.write(value);
  const reader = new ValueReader();
  reader.reset(writer.bytes.subarray(0, writer.length));
  const read = reader.read();
  if (!sameValue(read, value)) throw new Error(`${inspect(value)} is saved as ${inspect(read)}`);
  return read;
}

/** State on the heap that finds out whether every change was announced, as a backend that saves only changes relies on. */
export class CheckedStateBackend extends HeapStateBackend {
  private readonly states = new Map<string, OperatorState>();
  private readonly spaces = new Map<string, CheckedSpace<never>>();

  override operator(id: string): OperatorState {
    let state = this.states.get(id);
    if (state === undefined) {
      const heap = super.operator(id);
      const tables = new Map<string, Table<never>>();
      state = {
        table: name => {
          const table = tables.get(name) ?? this.check(heap.table<never>(name), `${id} ${name}`);
          tables.set(name, table);
          return table;
        },
      };
      this.states.set(id, state);
    }
    return state;
  }

  verify(): void {
    for (const space of this.spaces.values()) space.verify();
  }

  private check(table: Table<never>, where: string): Table<never> {
    const checked = (namespace: Namespace, space: KeySpace<never>) => {
      const at = `${where} ${namespace}`;
      const known = this.spaces.get(at) ?? new CheckedSpace<never>(space, at);
      this.spaces.set(at, known);
      return known;
    };
    return {
      name: table.name,
      space: namespace => checked(namespace, table.space(namespace)),
      find: namespace => {
        const space = table.find(namespace);
        return space && checked(namespace, space);
      },
      drop: namespace => {
        this.spaces.delete(`${where} ${namespace}`);
        table.drop(namespace);
      },
      namespaces: () => table.namespaces(),
    };
  }
}
