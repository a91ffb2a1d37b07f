import type { Cell, KeySpace } from '../spi/state.ts';
import type { StateDescriptor } from './descriptor.ts';
import type { Added } from './expirations.ts';
import type { KeyedScope } from './keyed-scope.ts';
import { describeTtl, type Expiring, hasExpired, type Ttl, ttlOf } from './ttl.ts';
import type { ValueStateOptions } from './value-state.ts';

/** A list for each key. With a time to live each element expires for itself. */
export interface ListState<V> {
  /** A copy of the elements, in the order in which they were added; empty when there are none. */
  get(): V[];
  add(...values: V[]): void;
  /** Replaces all elements. */
  set(values: Iterable<V>): void;
  clear(): void;
}

/** How elements stand in a table: bare, or with the time of their touch. */
interface Elements<V, E> {
  wrap(value: V, nowMs: number): E;
  /** The elements that have not expired. */
  read(stored: readonly E[], nowMs: number): V[];
  /** Counts as a touch. Returns whether that changed anything. */
  refresh(stored: readonly E[], nowMs: number): boolean;
  now(scope: KeyedScope): number;
}

function bareElements<V>(): Elements<V, V> {
  return { wrap: value => value, read: stored => stored.slice(), refresh: () => false, now: () => 0 };
}

function expiringElements<V>(ttl: Ttl): Elements<V, Expiring<V>> {
  return {
    wrap: (value, touchedMs) => ({ value, touchedMs }),
    read: (stored, nowMs) => stored.filter(e => !hasExpired(e.touchedMs, ttl, nowMs)).map(e => e.value),
    refresh(stored, nowMs) {
      if (!ttl.refreshOnRead) return false;
      for (const e of stored) if (e.touchedMs < nowMs && !hasExpired(e.touchedMs, ttl, nowMs)) e.touchedMs = nowMs;
      return true;
    },
    now: scope => scope.now(ttl.time),
  };
}

/** What is added waits until the call has succeeded; the stored array is not changed before. */
class ListHandle<V, E> implements ListState<V> {
  private readonly scope: KeyedScope;
  private readonly space: KeySpace<E[]>;
  private readonly elements: Elements<V, E>;
  private readonly ttlMs: number;
  private readonly added: Added | undefined;
  private call = -1;
  private nowMs = 0;
  private cell: Cell<E[]> | undefined;
  private changed = false;
  /** Whether the stored elements go. */
  private replaced = false;
  private waiting: V[] = [];

  constructor(scope: KeyedScope, space: KeySpace<E[]>, elements: Elements<V, E>, ttlMs: number, added: Added | undefined) {
    this.scope = scope;
    this.space = space;
    this.elements = elements;
    this.ttlMs = ttlMs;
    this.added = added;
  }

  get(): V[] {
    this.load();
    const { cell } = this;
    if (cell === undefined || this.replaced) return this.waiting.slice();
    if (this.elements.refresh(cell.value, this.nowMs)) this.space.mark(cell);
    const values = this.elements.read(cell.value, this.nowMs);
    for (const value of this.waiting) values.push(value);
    return values;
  }

  add(...values: V[]): void {
    this.change();
    for (const value of values) this.waiting.push(value);
  }

  set(values: Iterable<V>): void {
    const waiting = [...values];
    this.change();
    this.replaced = true;
    this.waiting = waiting;
  }

  clear(): void {
    this.set([]);
  }

  commit(): void {
    const { cell, space, scope, nowMs } = this;
    if (this.replaced && this.waiting.length === 0) {
      if (cell !== undefined) space.remove(scope.key);
    } else if (this.waiting.length > 0) {
      const wrapped = this.waiting.map(value => this.elements.wrap(value, nowMs));
      if (cell === undefined) {
        space.add(scope.key, wrapped);
        this.added?.(scope.key, nowMs + this.ttlMs);
      } else {
        if (this.replaced) cell.value = wrapped;
        else for (const element of wrapped) cell.value.push(element);
        space.mark(cell);
      }
    }
    this.rollback();
  }

  rollback(): void {
    this.changed = false;
    this.replaced = false;
    this.waiting = [];
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
    this.nowMs = this.elements.now(this.scope);
    this.call = this.scope.call;
    this.cell = this.space.get(this.scope.key);
  }
}

/**
 * Describes a list for each key. It is stored as one value: made for some thousand elements, not for millions.
 *
 * @param name unique within the function
 * @throws MillraceError `DURATION_INVALID`
 * @example
 * listState<Reading>('recent', { ttl: '10m' })
 */
export function listState<V>(name: string, options: ValueStateOptions = {}): StateDescriptor<ListState<V>> {
  if (options.ttl === undefined) {
    return {
      name,
      kind: 'list',
      bind: (scope: KeyedScope) => new ListHandle<V, V>(scope, scope.space(name), bareElements(), Infinity, undefined),
    };
  }
  const ttl = ttlOf(options.ttl, `ttl of state '${name}'`);
  return {
    name,
    kind: 'list',
    boundedBy: describeTtl(ttl),
    bind(scope: KeyedScope) {
      const space = scope.space<Expiring<V>[]>(name);
      const added = scope.expirations.watch(space, ttl, (cell, nowMs) => pruneList(space, cell, ttl, nowMs));
      return new ListHandle(scope, space, expiringElements<V>(ttl), ttl.afterMs, added);
    },
  };
}

function pruneList<V>(space: KeySpace<Expiring<V>[]>, cell: Cell<Expiring<V>[]>, ttl: Ttl, nowMs: number): number {
  const left = cell.value.filter(e => !hasExpired(e.touchedMs, ttl, nowMs));
  if (left.length < cell.value.length) {
    cell.value = left;
    space.mark(cell);
  }
  let earliestMs = Infinity;
  for (const { touchedMs } of left) earliestMs = Math.min(earliestMs, touchedMs + ttl.afterMs);
  return earliestMs;
}
