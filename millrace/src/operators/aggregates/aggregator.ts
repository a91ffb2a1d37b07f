import type { Aggregate } from '../../spi/aggregate.ts';

interface Folding<I, A, R> {
  /** Name for plans and messages; default `'aggregator'`. */
  name?: string;
  /** A new accumulator: plain data that structuredClone can copy. */
  create: () => A;
  /**
   * Folds one input in; may change and return the accumulator. It must not throw: whatever can be wrong with a record is found by `input`.
   */
  add: (accumulator: A, input: I) => A;
  /** Folds a later part in; may change and return the accumulator, but must leave `other` as it is. */
  merge: (accumulator: A, other: A) => A;
  /** The result so far. It must not be changed by what is added afterwards. */
  result: (accumulator: A) => R;
}

/** An aggregate over what `input` returns for a record. */
export interface InputAggregator<T, I, A, R> extends Folding<I & {}, A, R> {
  /** What of a record is folded. `null` and `undefined` are skipped; a throw rejects the record before anything is folded. */
  input: (record: T) => I;
}

/** An aggregate over the records themselves. */
export interface RecordAggregator<T, A, R> extends Folding<T, A, R> {
  input?: undefined;
}

/**
 * An aggregate of your own. Accumulators of the parts of a window are merged in the order of their times, so merging must give what adding
 * one after the other would have given.
 *
 * @example
 * const range = aggregator({
 *   name: 'range',
 *   input: (f: Flight) => f.delay,
 *   create: () => ({ low: Infinity, high: -Infinity }),
 *   add: (a, delay) => ({ low: Math.min(a.low, delay), high: Math.max(a.high, delay) }),
 *   merge: (a, b) => ({ low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) }),
 *   result: a => a.high - a.low,
 * });
 */
export function aggregator<T, I, A, R>(definition: InputAggregator<T, I, A, R>): Aggregate<T, R>;
export function aggregator<T, A, R>(definition: RecordAggregator<T, A, R>): Aggregate<T, R>;
export function aggregator<T, A, R>(definition: InputAggregator<T, unknown, A, R> | RecordAggregator<T, A, R>): Aggregate<T, R> {
  return { ...definition, name: definition.name ?? 'aggregator', input: definition.input ?? (record => record) };
}
