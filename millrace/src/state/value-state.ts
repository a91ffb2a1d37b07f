import type { Duration } from '../base/duration.ts';
import type { StateDescriptor } from './descriptor.ts';
import type { KeyedScope } from './keyed-scope.ts';
import { KeptValue } from './slot.ts';
import { describeTtl, type StateTtl, ttlOf } from './ttl.ts';

/** One value for each key. `Empty` is what is there before the first `set`. */
export interface ValueState<V, Empty = undefined> {
  get(): V | Empty;
  /**
   * Keeps a new value; undefined is no value and clears. A value that was changed in place must be set again, and should rather be
   * replaced: what was changed in place cannot be taken back when the function throws.
   */
  set(value: V): void;
  clear(): void;
}

export interface ValueStateOptions {
  /** Default: the value is kept until it is cleared. */
  ttl?: Duration | StateTtl;
}

class ValueHandle<V> implements ValueState<V, V | undefined> {
  private readonly kept: KeptValue<V>;
  private readonly initial: V | undefined;
  /** Every key must have a default of its own, which it may change. */
  private readonly copied: boolean;

  constructor(kept: KeptValue<V>, initial: V | undefined) {
    this.kept = kept;
    this.initial = initial;
    this.copied = typeof initial === 'object' && initial !== null;
  }

  get(): V | undefined {
    const value = this.kept.get();
    if (value !== undefined) return value;
    return this.copied ? structuredClone(this.initial) : this.initial;
  }

  set(value: V): void {
    this.kept.set(value);
  }

  clear(): void {
    this.kept.set(undefined);
  }
}

/**
 * Describes one value for each key: plain data that `structuredClone` can copy.
 *
 * @param name unique within the function
 * @throws MillraceError `DURATION_INVALID`
 * @example
 * valueState<number>('count', { default: 0, ttl: '1h' })
 */
export function valueState<V>(name: string, options: ValueStateOptions & { default: V }): StateDescriptor<ValueState<V, never>>;
export function valueState<V>(name: string, options?: ValueStateOptions): StateDescriptor<ValueState<V>>;
export function valueState<V>(
  name: string,
  options: ValueStateOptions & { default?: V } = {},
): StateDescriptor<ValueState<V, V | undefined>> {
  const ttl = options.ttl === undefined ? undefined : ttlOf(options.ttl, `ttl of state '${name}'`);
  return {
    name,
    kind: 'value',
    ...(ttl && { boundedBy: describeTtl(ttl) }),
    bind: (scope: KeyedScope) => new ValueHandle(new KeptValue<V>(scope, name, ttl), options.default),
  };
}
