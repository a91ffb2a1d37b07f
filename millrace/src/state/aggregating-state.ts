import type { Aggregate } from '../spi/aggregate.ts';
import type { StateDescriptor } from './descriptor.ts';
import type { KeyedScope } from './keyed-scope.ts';
import { KeptValue } from './slot.ts';
import { describeTtl, ttlOf } from './ttl.ts';
import type { ValueStateOptions } from './value-state.ts';

/** All records added for a key, kept as the accumulator of an aggregate. */
export interface AggregatingState<in T, out R> {
  /**
   * The result so far; undefined before the first record. When records were added in the same call the accumulator is copied for it, so
   * read first and add then where it is large.
   */
  get(): R | undefined;
  add(record: T): void;
  clear(): void;
}

/**
 * Accumulators change in place, so inputs wait until the call has succeeded. Only a result asked for before is computed on a copy, which
 * then becomes the accumulator.
 */
class AggregatingHandle<T, R> implements AggregatingState<T, R> {
  private readonly scope: KeyedScope;
  private readonly kept: KeptValue<unknown>;
  private readonly aggregate: Aggregate<T, R>;
  /** The call in which something was changed. */
  private call = -1;
  private added = false;
  private readonly waiting: unknown[] = [];

  constructor(scope: KeyedScope, kept: KeptValue<unknown>, aggregate: Aggregate<T, R>) {
    this.scope = scope;
    this.kept = kept;
    this.aggregate = aggregate;
  }

  get(): R | undefined {
    if (this.call === this.scope.call && this.added) this.fold(structuredClone(this.kept.get()));
    const accumulator = this.kept.get();
    return accumulator === undefined ? undefined : this.aggregate.result(accumulator as never);
  }

  add(record: T): void {
    this.scope.check();
    const input = this.aggregate.input(record);
    this.begin();
    this.added = true;
    // The key has an accumulator from its first record on, even when nothing of the record is folded.
    if (input !== undefined && input !== null) this.waiting.push(input);
  }

  clear(): void {
    this.scope.check();
    this.begin();
    this.forget();
    this.kept.set(undefined);
  }

  commit(): void {
    if (this.added) this.fold(this.kept.get());
    this.forget();
  }

  rollback(): void {
    this.forget();
  }

  private begin(): void {
    if (this.call === this.scope.call) return;
    this.call = this.scope.call;
    this.scope.change(this);
  }

  private fold(into: unknown): void {
    let accumulator = into === undefined ? this.aggregate.create() : into;
    for (const input of this.waiting) accumulator = this.aggregate.add(accumulator as never, input as never);
    this.forget();
    this.kept.set(accumulator);
  }

  private forget(): void {
    this.added = false;
    this.waiting.length = 0;
  }
}

/**
 * Describes the accumulator of an aggregate for each key.
 *
 * @param name unique within the function
 * @throws MillraceError `DURATION_INVALID`
 * @example
 * aggregatingState('delay', mean((f: Flight) => f.delay))
 */
export function aggregatingState<T, R>(
  name: string,
  aggregate: Aggregate<T, R>,
  options: ValueStateOptions = {},
): StateDescriptor<AggregatingState<T, R>> {
  const ttl = options.ttl === undefined ? undefined : ttlOf(options.ttl, `ttl of state '${name}'`);
  return {
    name,
    kind: 'aggregating',
    ...(ttl && { boundedBy: describeTtl(ttl) }),
    bind: (scope: KeyedScope) => new AggregatingHandle(scope, new KeptValue<unknown>(scope, name, ttl), aggregate),
  };
}
