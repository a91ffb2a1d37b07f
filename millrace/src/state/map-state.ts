import type { Key } from '../base/key.ts';
import type { Cell, KeySpace } from '../spi/state.ts';
import type { StateDescriptor } from './descriptor.ts';
import type { Added } from './expirations.ts';
import type { KeyedScope } from './keyed-scope.ts';
import { describeTtl, type Expiring, hasExpired, type Ttl, ttlOf } from './ttl.ts';
import type { ValueStateOptions } from './value-state.ts';

/** A map for reading only. Its entries have no particular order. */
export interface ReadonlyMapState<K extends Key, V> extends Iterable<[K, V]> {
  readonly size: number;
  get(key: K): V | undefined;
  has(key: K): boolean;
  keys(): IterableIterator<K>;
  values(): IterableIterator<V>;
  entries(): IterableIterator<[K, V]>;
}

/** A map for each key of the stream. With a time to live each entry expires for itself. */
export interface MapState<K extends Key, V> extends ReadonlyMapState<K, V> {
  /** Undefined is no value: setting it deletes the entry. */
  set(key: K, value: V): void;
  /** Returns whether there was such an entry. */
  delete(key: K): boolean;
  clear(): void;
}

/** How entries stand in a table: bare, or with the time of their touch. */
interface Entries<V, E> {
  wrap(value: V, nowMs: number): E;
  unwrap(entry: E): V;
  alive(entry: E, nowMs: number): boolean;
  /** Counts as a touch. Returns whether that changed anything. */
  refresh(entry: E, nowMs: number): boolean;
  now(scope: KeyedScope): number;
}

function bareEntries<V>(): Entries<V, V> {
  return { wrap: value => value, unwrap: value => value, alive: () => true, refresh: () => false, now: () => 0 };
}

function expiringEntries<V>(ttl: Ttl): Entries<V, Expiring<V>> {
  return {
    wrap: (value, touchedMs) => ({ value, touchedMs }),
    unwrap: entry => entry.value,
    alive: (entry, nowMs) => !hasExpired(entry.touchedMs, ttl, nowMs),
    refresh(entry, nowMs) {
      if (!ttl.refreshOnRead || entry.touchedMs >= nowMs) return false;
      entry.touchedMs = nowMs;
      return true;
    },
    now: scope => scope.now(ttl.time),
  };
}

/** The map is changed in place, and what was there before is kept until the call has succeeded. */
class MapHandle<K extends Key, V, E> implements MapState<K, V> {
  private readonly scope: KeyedScope;
  private readonly space: KeySpace<Map<K, E>>;
  private readonly forms: Entries<V, E>;
  private readonly ttlMs: number;
  private readonly added: Added | undefined;
  private call = -1;
  private nowMs = 0;
  private cell: Cell<Map<K, E>> | undefined;
  /** The stored map, or another one that takes its place when the call has succeeded. */
  private map: Map<K, E> | undefined;
  private changed = false;
  /** What the stored map held, in the order of the changes; undefined: nothing. */
  private readonly before: [K, E | undefined][] = [];

  constructor(scope: KeyedScope, space: KeySpace<Map<K, E>>, forms: Entries<V, E>, ttlMs: number, added: Added | undefined) {
    this.scope = scope;
    this.space = space;
    this.forms = forms;
    this.ttlMs = ttlMs;
    this.added = added;
  }

  get size(): number {
    let size = 0;
    for (const _ of this.live()) size++;
    return size;
  }

  get(key: K): V | undefined {
    const entry = this.find(key);
    if (entry === undefined) return undefined;
    this.refresh(entry);
    return this.forms.unwrap(entry);
  }

  has(key: K): boolean {
    return this.find(key) !== undefined;
  }

  *keys(): IterableIterator<K> {
    for (const [key] of this.live()) yield key;
  }

  *values(): IterableIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  *entries(): IterableIterator<[K, V]> {
    for (const [key, entry] of this.live()) {
      this.refresh(entry);
      yield [key, this.forms.unwrap(entry)];
    }
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.entries();
  }

  set(key: K, value: V): void {
    if (value === undefined) {
      this.delete(key);
      return;
    }
    this.change();
    this.map ??= new Map();
    this.remember(key);
    this.map.set(key, this.forms.wrap(value, this.nowMs));
  }

  delete(key: K): boolean {
    const existed = this.find(key) !== undefined;
    if (existed) {
      this.change();
      this.remember(key);
      this.map!.delete(key);
    }
    return existed;
  }

  clear(): void {
    this.change();
    this.restore();
    this.map = undefined;
  }

  commit(): void {
    const { cell, map, space, scope } = this;
    this.before.length = 0;
    this.changed = false;
    if (map === undefined || map.size === 0) {
      if (cell !== undefined) space.remove(scope.key);
    } else if (cell === undefined) {
      space.add(scope.key, map);
      this.added?.(scope.key, this.nowMs + this.ttlMs);
    } else {
      cell.value = map;
      space.mark(cell);
    }
  }

  rollback(): void {
    this.restore();
    this.changed = false;
  }

  private find(key: K): E | undefined {
    this.load();
    const entry = this.map?.get(key);
    return entry !== undefined && this.forms.alive(entry, this.nowMs) ? entry : undefined;
  }

  private *live(): IterableIterator<[K, E]> {
    this.load();
    if (this.map === undefined) return;
    for (const pair of this.map) if (this.forms.alive(pair[1], this.nowMs)) yield pair;
  }

  private refresh(entry: E): void {
    if (this.forms.refresh(entry, this.nowMs) && this.cell !== undefined) this.space.mark(this.cell);
  }

  private remember(key: K): void {
    if (this.cell !== undefined && this.map === this.cell.value) this.before.push([key, this.map.get(key)]);
  }

  private restore(): void {
    const { cell, before } = this;
    if (cell === undefined || before.length === 0) return;
    for (const [key, entry] of before.reverse()) {
      if (entry === undefined) cell.value.delete(key);
      else cell.value.set(key, entry);
    }
    before.length = 0;
    // An entry that had been deleted now stands at the end.
    this.space.mark(cell);
  }

  private change(): void {
    this.load();
    if (this.changed) return;
    this.changed = true;
    this.scope.change(this);
  }

  private load(): void {
    if (this.call === this.scope.call) return;
    this.scope.check();
    this.nowMs = this.forms.now(this.scope);
    this.call = this.scope.call;
    this.cell = this.space.get(this.scope.key);
    this.map = this.cell?.value;
  }
}

/**
 * Describes a map for each key of the stream. It is stored as one value: made for some thousand entries for each key, not for millions.
 *
 * @param name unique within the function
 * @throws MillraceError `DURATION_INVALID`
 * @example
 * mapState<string, number>('seen', { ttl: '1h' })
 */
export function mapState<K extends Key, V>(name: string, options: ValueStateOptions = {}): StateDescriptor<MapState<K, V>> {
  if (options.ttl === undefined) {
    return {
      name,
      kind: 'map',
      bind: (scope: KeyedScope) => new MapHandle<K, V, V>(scope, scope.space(name), bareEntries(), Infinity, undefined),
    };
  }
  const ttl = ttlOf(options.ttl, `ttl of state '${name}'`);
  return {
    name,
    kind: 'map',
    boundedBy: describeTtl(ttl),
    bind(scope: KeyedScope) {
      const space = scope.space<Map<K, Expiring<V>>>(name);
      const added = scope.expirations.watch(space, ttl, (cell, nowMs) => pruneMap(space, cell, ttl, nowMs));
      return new MapHandle(scope, space, expiringEntries<V>(ttl), ttl.afterMs, added);
    },
  };
}

function pruneMap<K extends Key, V>(
  space: KeySpace<Map<K, Expiring<V>>>,
  cell: Cell<Map<K, Expiring<V>>>,
  ttl: Ttl,
  nowMs: number,
): number {
  let earliestMs = Infinity;
  let removed = false;
  for (const [key, { touchedMs }] of cell.value) {
    if (hasExpired(touchedMs, ttl, nowMs)) {
      cell.value.delete(key);
      removed = true;
    } else earliestMs = Math.min(earliestMs, touchedMs + ttl.afterMs);
  }
  if (removed) space.mark(cell);
  return earliestMs;
}
