import type { Key } from '../base/key.ts';
import type { Cell, KeySpace } from '../spi/state.ts';
import type { Added, Expirations } from './expirations.ts';
import type { KeyedScope } from './keyed-scope.ts';
import { type Expiring, hasExpired, type Ttl } from './ttl.ts';

/** One value per key as it stands in a table. */
interface Slot<V> {
  /** The key's value; undefined when there is none or it has expired by that time. The other methods then mean this key and time. */
  load(key: Key, nowMs: number): V | undefined;
  store(value: V): void;
  remove(): void;
}

class PlainSlot<V> implements Slot<V> {
  private readonly space: KeySpace<V>;
  private key: Key = '';
  private cell: Cell<V> | undefined;

  constructor(space: KeySpace<V>) {
    this.space = space;
  }

  load(key: Key): V | undefined {
    this.key = key;
    this.cell = this.space.get(key);
    return this.cell?.value;
  }

  store(value: V): void {
    if (this.cell === undefined) this.space.add(this.key, value);
    else {
      this.cell.value = value;
      this.space.mark(this.cell);
    }
  }

  remove(): void {
    if (this.cell !== undefined) this.space.remove(this.key);
  }
}

/** The values expire; once expired they are not returned, and removed when the space's owner says so. */
export class ExpiringSlot<V> implements Slot<V> {
  private readonly space: KeySpace<Expiring<V>>;
  private readonly ttl: Ttl;
  private readonly added: Added;
  private key: Key = '';
  private nowMs = 0;
  private cell: Cell<Expiring<V>> | undefined;

  constructor(space: KeySpace<Expiring<V>>, ttl: Ttl, expirations: Expirations) {
    this.space = space;
    this.ttl = ttl;
    this.added = expirations.watchValues(space, ttl);
  }

  load(key: Key, nowMs: number): V | undefined {
    this.key = key;
    this.nowMs = nowMs;
    const cell = this.space.get(key);
    this.cell = cell;
    if (cell === undefined || hasExpired(cell.value.touchedMs, this.ttl, this.nowMs)) return undefined;
    if (this.ttl.refreshOnRead) this.touch(cell);
    return cell.value.value;
  }

  store(value: V): void {
    const { cell } = this;
    if (cell === undefined) {
      this.space.add(this.key, { value, touchedMs: this.nowMs });
      this.added(this.key, this.nowMs + this.ttl.afterMs);
      return;
    }
    cell.value.value = value;
    this.touch(cell);
  }

  remove(): void {
    if (this.cell !== undefined) this.space.remove(this.key);
  }

  private touch(cell: Cell<Expiring<V>>): void {
    if (this.nowMs > cell.value.touchedMs) cell.value.touchedMs = this.nowMs;
    this.space.mark(cell);
  }
}

/** A single value per key whose changes are final only when the call of the user's function has succeeded. */
export class KeptValue<V> {
  private readonly scope: KeyedScope;
  private readonly slot: Slot<V>;
  private readonly ttl: Ttl | undefined;
  /** The call in which the slot was loaded. */
  private call = -1;
  private value: V | undefined;
  private changed = false;

  constructor(scope: KeyedScope, name: string, ttl: Ttl | undefined) {
    this.scope = scope;
    this.ttl = ttl;
    this.slot =
      ttl === undefined ? new PlainSlot(scope.space<V>(name)) : new ExpiringSlot(scope.space<Expiring<V>>(name), ttl, scope.expirations);
  }

  get(): V | undefined {
    if (this.call !== this.scope.call) this.load();
    return this.value;
  }

  /** Undefined removes the value. */
  set(value: V | undefined): void {
    if (this.call !== this.scope.call) this.load();
    this.value = value;
    if (this.changed) return;
    this.changed = true;
    this.scope.change(this);
  }

  commit(): void {
    this.changed = false;
    if (this.value === undefined) this.slot.remove();
    else this.slot.store(this.value);
    this.value = undefined;
  }

  rollback(): void {
    this.changed = false;
    this.value = undefined;
  }

  private load(): void {
    this.scope.check();
    this.value = this.slot.load(this.scope.key, this.ttl === undefined ? 0 : this.scope.now(this.ttl.time));
    this.call = this.scope.call;
  }
}
