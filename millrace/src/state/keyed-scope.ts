import { MillraceError } from '../base/errors.ts';
import type { Key } from '../base/key.ts';
import type { OperatorContext } from '../spi/operator.ts';
import type { KeySpace } from '../spi/state.ts';
import type { TimeDomain } from '../spi/window.ts';
import type { StateDescriptors, StateHandles } from './descriptor.ts';
import { Expirations } from './expirations.ts';
import { knownEventTime } from './ttl.ts';

/** Changes of one call that are not yet final. */
export interface Uncommitted {
  commit(): void;
  /** Forgets the changes; nothing happens when they were committed. */
  rollback(): void;
}

/**
 * What state handles stand on: the key at hand and the call of the user's function that is under way. Changes become final when the call
 * has succeeded; when it throws, all of them are taken back, so that a rejected record leaves no trace.
 */
export class KeyedScope {
  /** The key at hand, in its lookup form. */
  key: Key = '';
  /** Number of the call; odd while one is under way. */
  call = 0;
  readonly expirations: Expirations;
  private readonly context: OperatorContext<never>;
  private readonly names = new Set<string>();
  private readonly changed: Uncommitted[] = [];
  private eventMs = -Infinity;

  constructor(context: OperatorContext<never>) {
    this.context = context;
    this.expirations = new Expirations(context);
  }

  /** Makes the handles; all of them at once, before the first call. */
  bind<S extends StateDescriptors>(descriptors: S): StateHandles<S> {
    const handles: Record<string, unknown> = {};
    for (const [name, descriptor] of Object.entries(descriptors)) handles[name] = descriptor.bind(this);
    return handles as StateHandles<S>;
  }

  /**
   * The cells of one piece of state.
   *
   * @throws MillraceError `STATE_NAME_TAKEN`
   */
  space<V>(name: string): KeySpace<V> {
    if (this.names.has(name)) throw new MillraceError('STATE_NAME_TAKEN', { where: this.context.id, got: JSON.stringify(name) });
    this.names.add(name);
    return this.context.state.table<V>(`state.${name}`).space(0);
  }

  /** @param eventMs event time for the time to live; -Infinity when there is none */
  begin(key: Key, eventMs: number): void {
    this.key = key;
    this.eventMs = eventMs;
    this.call++;
  }

  /**
   * Makes all changes final, in the order in which handles registered them; a handle may register another one meanwhile. What a handle
   * throws leaves the rest to `rollback`.
   */
  commit(): void {
    const { changed } = this;
    for (let i = 0; i < changed.length; i++) changed[i]!.commit();
    changed.length = 0;
    this.call++;
  }

  /** Takes back what has not been committed. */
  rollback(): void {
    for (const change of this.changed) change.rollback();
    this.changed.length = 0;
    this.call++;
  }

  /** Registers a handle with its first change of the call. */
  change(handle: Uncommitted): void {
    this.changed.push(handle);
  }

  /** Called by a handle that is used for the first time in the call. */
  check(): void {
    if (this.call % 2 === 0) throw new Error('the context was used after the function that it was given to had returned');
  }

  /** The time that counts for a time to live. */
  now(time: TimeDomain): number {
    return time === 'processing' ? this.context.environment.clock.now() : knownEventTime(this.eventMs);
  }
}
