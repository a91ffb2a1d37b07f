import type { StateDescriptor } from './descriptor.ts';
import type { KeyedScope } from './keyed-scope.ts';
import { KeptValue } from './slot.ts';
import { describeTtl, ttlOf } from './ttl.ts';
import type { ValueStateOptions } from './value-state.ts';

/** All values added for a key, folded into one. */
export interface ReducingState<V> {
  /** The folded value; undefined before the first. */
  get(): V | undefined;
  add(value: V): void;
  clear(): void;
}

class ReducingHandle<V> implements ReducingState<V> {
  private readonly kept: KeptValue<V>;
  private readonly reduce: (folded: V, value: V) => V;

  constructor(kept: KeptValue<V>, reduce: (folded: V, value: V) => V) {
    this.kept = kept;
    this.reduce = reduce;
  }

  get(): V | undefined {
    return this.kept.get();
  }

  add(value: V): void {
    const folded = this.kept.get();
    this.kept.set(folded === undefined ? value : this.reduce(folded, value));
  }

  clear(): void {
    this.kept.set(undefined);
  }
}

/**
 * Describes values that are folded into one as they are added; the first is taken as it is. `reduce` returns a new value and leaves its
 * arguments as they are.
 *
 * @param name unique within the function
 * @throws MillraceError `DURATION_INVALID`
 * @example
 * reducingState<number>('highest', Math.max)
 */
export function reducingState<V>(
  name: string,
  reduce: (folded: V, value: V) => V,
  options: ValueStateOptions = {},
): StateDescriptor<ReducingState<V>> {
  const ttl = options.ttl === undefined ? undefined : ttlOf(options.ttl, `ttl of state '${name}'`);
  return {
    name,
    kind: 'reducing',
    ...(ttl && { boundedBy: describeTtl(ttl) }),
    bind: (scope: KeyedScope) => new ReducingHandle(new KeptValue<V>(scope, name, ttl), reduce),
  };
}
