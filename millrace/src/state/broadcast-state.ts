import type { Key } from '../base/key.ts';
import type { KeySpace } from '../spi/state.ts';
import type { StateDescriptor } from './descriptor.ts';
import type { KeyedScope } from './keyed-scope.ts';
import type { MapState } from './map-state.ts';

/** Entries are cells of their own. They are changed in place, and what was there before is kept until the call has succeeded. */
class BroadcastHandle<K extends Key, V> implements MapState<K, V> {
  private readonly scope: KeyedScope;
  private readonly space: KeySpace<V>;
  /** The call in which something was changed. */
  private call = -1;
  /** What was held, in the order of the changes; undefined: nothing. */
  private readonly before: [K, V | undefined][] = [];

  constructor(scope: KeyedScope, space: KeySpace<V>) {
    this.scope = scope;
    this.space = space;
  }

  get size(): number {
    return this.space.size;
  }

  get(key: K): V | undefined {
    return this.space.get(key)?.value;
  }

  has(key: K): boolean {
    return this.space.get(key) !== undefined;
  }

  *keys(): IterableIterator<K> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): IterableIterator<V> {
    for (const { value } of this.space.cells()) yield value;
  }

  *entries(): IterableIterator<[K, V]> {
    for (const { key, value } of this.space.cells()) yield [key as K, value];
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.entries();
  }

  set(key: K, value: V): void {
    if (value === undefined) {
      this.delete(key);
      return;
    }
    this.remember(key);
    this.put(key, value);
  }

  delete(key: K): boolean {
    if (!this.has(key)) return false;
    this.remember(key);
    this.space.remove(key);
    return true;
  }

  clear(): void {
    for (const key of [...this.keys()]) this.delete(key);
  }

  commit(): void {
    this.before.length = 0;
  }

  rollback(): void {
    for (const [key, value] of this.before.reverse()) {
      if (value === undefined) this.space.remove(key);
      else this.put(key, value);
    }
    this.before.length = 0;
  }

  private put(key: K, value: V): void {
    const cell = this.space.get(key);
    if (cell === undefined) this.space.add(key, value);
    else {
      cell.value = value;
      this.space.mark(cell);
    }
  }

  private remember(key: K): void {
    this.scope.check();
    if (this.call !== this.scope.call) {
      this.call = this.scope.call;
      this.scope.change(this);
    }
    this.before.push([key, this.get(key)]);
  }
}

/**
 * Describes a map that is the same for all keys: what a broadcast stream has set, such as rules. The other stream reads it.
 *
 * @param name unique within the function
 * @example
 * broadcastState<string, Rule>('rules')
 */
export function broadcastState<K extends Key, V>(name: string): StateDescriptor<MapState<K, V>> {
  return {
    name,
    kind: 'broadcast',
    bind: (scope: KeyedScope) => new BroadcastHandle<K, V>(scope, scope.space(name)),
  };
}
