/**
 * An incremental aggregate over records of type T with a result of type R.
 *
 * A record is added in two steps: `input` runs the program's function on the record, `add` folds what it returned. All inputs of a composed
 * aggregate are taken before the first is folded, so that a function that throws leaves no half-added record behind.
 *
 * Accumulators are plain data that structuredClone can copy; they may hold -0, NaN, Map, Set and typed arrays. `add` and `merge` may change
 * and return their first argument; `merge` leaves its second as it is, and the two share nothing that is changed later. Neither throws:
 * whatever can be wrong with a record is found by `input`. What `result` returns is not changed by later adds. Partial accumulators are
 * merged in the order of their panes.
 */
export interface Aggregate<in T, out R> {
  /** Name for plans: `'mean'`. */
  readonly name: string;
  /** What of the record is folded; `undefined` or `null` is skipped, as SQL skips NULL. */
  input(record: T): unknown;
  create(): unknown;
  // Method syntax keeps the accumulator, which only the aggregate itself knows, out of the public type.
  add(accumulator: never, input: never): unknown;
  merge(accumulator: never, other: never): unknown;
  result(accumulator: never): R;
}

/** The record type of results: `{ flights: count() }` gives `{ flights: number }`. */
export type AggregateResults<A extends Record<string, Aggregate<never, unknown>>> = {
  -readonly [name in keyof A]: A[name] extends Aggregate<never, infer R> ? R : never;
};
