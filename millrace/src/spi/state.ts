import type { Key } from '../base/key.ts';

/** One value of keyed state. The value may be changed in place; `mark` then says that it was. */
export interface Cell<V> {
  readonly key: Key;
  value: V;
}

/** The cells of one table under one namespace, one per key. */
export interface KeySpace<V> {
  readonly size: number;
  get(key: Key): Cell<V> | undefined;
  /** Adds a cell for a key that has none. */
  add(key: Key, value: V): Cell<V>;
  /** Says that the cell's value was changed or replaced. Every change is marked before the next record is processed. */
  mark(cell: Cell<V>): void;
  remove(key: Key): void;
  /** All cells, in the order in which they were added. Cells may be removed meanwhile. */
  cells(): IterableIterator<Cell<V>>;
}

/** Namespaces part one key's state, as windows do: the start of a pane, for example. State without windows has the namespace 0. */
export type Namespace = number;

/**
 * State of one operator under one name: (namespace, key) → value. Values are plain data that structuredClone can copy: all that an
 * operator keeps from one record to the next stands in tables, so that an epoch can save it.
 */
export interface Table<V> {
  readonly name: string;
  space(namespace: Namespace): KeySpace<V>;
  /** The space, if it holds anything. */
  find(namespace: Namespace): KeySpace<V> | undefined;
  drop(namespace: Namespace): void;
  namespaces(): IterableIterator<Namespace>;
}

/** Tables of one operator. */
export interface OperatorState {
  /** The table of that name; the same one at every call. */
  table<V>(name: string): Table<V>;
}

/** Keeps the state of a pipeline. */
export interface StateBackend {
  operator(id: string): OperatorState;
}

/** What a plan says of a piece of state. */
export interface StateDescription {
  readonly name: string;
  readonly kind: 'value' | 'list' | 'map' | 'reducing' | 'aggregating' | 'window' | 'buffer' | 'broadcast';
  /** What bounds it, such as `'window 1d + lateness 0ms'` or `'ttl 1h'`; undefined when nothing does. */
  readonly boundedBy?: string;
}
