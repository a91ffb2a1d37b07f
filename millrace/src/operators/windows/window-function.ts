import type { Evictor, TimedRecord, TimeWindow } from '../../spi/window.ts';
import type { Accumulators, ComposedAggregates } from '../aggregates/compose.ts';

/** Folds one record into an accumulator, in place. Where it throws, the accumulator is as it was. */
export type AddRecord<A> = (accumulator: A, record: never, timeMs: number) => void;

/** Rejects what a function of the program failed on, so that the other results of the window are still made. */
export type ReportFailure = (error: unknown, value: unknown) => void;

interface Accumulating<A> {
  /** One function for each input of the operator. */
  readonly inputs: readonly AddRecord<A>[];
  create(): A;
  /** A new accumulator that holds a record, for functions of one input where that is quicker than `create` and adding. */
  readonly begin?: (record: never) => A;
  /** A copy that may be changed, where that is quicker than `create` and merging. */
  readonly copy?: (accumulator: A) => A;
  /** Folds a later part of a window in, in place; `other` stays as it is. */
  merge(accumulator: A, other: A): void;
  /** Whether accumulators keep the records themselves, so that merged copies cost as much memory as the records do. */
  readonly keepsRecords: boolean;
}

interface OneResult<A, R> extends Accumulating<A> {
  readonly results: 'one';
  result(key: unknown, window: TimeWindow, accumulator: A): R;
}

interface ManyResults<A, R> extends Accumulating<A> {
  readonly results: 'many';
  /** Iterated at once, or in portions before anything else happens to the window. */
  each(key: unknown, window: TimeWindow, accumulator: A, failed: ReportFailure): Iterable<R>;
}

/**
 * What a window keeps of its records and what it makes of them. Accumulators are plain data that structuredClone can copy. A result is not changed
 * by what is added to the accumulator afterwards.
 */
export type WindowFunction<A, R> = OneResult<A, R> | ManyResults<A, R>;

/** Makes results of all records of a window. */
export type ProcessWindow<T, R> = (key: unknown, window: TimeWindow, records: Iterable<T>) => Iterable<R>;

/** `{ key, window, ...results }` of composed aggregates. */
export function aggregating<T, R>(
  composed: ComposedAggregates<T, R>,
): WindowFunction<Accumulators, { key: unknown; window: TimeWindow } & R> {
  // The functions themselves, so that no call stands between the operator and what was generated.
  return {
    inputs: [composed.add],
    create: composed.create,
    begin: composed.begin,
    copy: composed.copy,
    merge: composed.merge,
    keepsRecords: false,
    results: 'one',
    result: composed.windowedResult,
  };
}

/** The records of a window folded into one of their kind. `reduce` must leave its arguments as they are. */
export function reducing<T>(reduce: (a: T, b: T) => T): WindowFunction<T[], T> {
  // An accumulator is a list of no or one value, as any value may be one of the program's.
  const add = (accumulator: T[], value: T) => {
    accumulator[0] = accumulator.length === 0 ? value : reduce(accumulator[0]!, value);
  };
  return {
    inputs: [add],
    create: () => [],
    merge: (accumulator, other) => {
      if (other.length > 0) add(accumulator, other[0]!);
    },
    keepsRecords: false,
    results: 'one',
    result: (_key, _window, accumulator) => accumulator[0]!,
  };
}

/** All records of a window handed to a function. */
export function processing<T, R>(process: ProcessWindow<T, R>): WindowFunction<T[], R> {
  return {
    inputs: [(records, record) => void records.push(record)],
    create: () => [],
    merge: appendAll,
    keepsRecords: true,
    results: 'many',
    each: process,
  };
}

/** A window function over the records that an evictor leaves. What it takes out is gone for later firings too. */
export function evicting<T, A, R>(inner: WindowFunction<A, R>, evictor: Evictor<T>): WindowFunction<TimedRecord<T>[], R> {
  const add = inner.inputs[0]!;
  const evaluate = (kept: readonly TimedRecord<T>[], key: unknown, window: TimeWindow, failed: ReportFailure): Iterable<R> => {
    const accumulator = inner.create();
    // The type of the records is known to the inner function alone.
    for (const { value, timeMs } of kept) add(accumulator, value as never, timeMs);
    return inner.results === 'one' ? [inner.result(key, window, accumulator)] : inner.each(key, window, accumulator, failed);
  };
  return {
    inputs: [
      (records, value, timeMs) => {
        // A record that the function refuses is found when it comes, not when the window fires.
        add(inner.create(), value, timeMs);
        records.push({ value, timeMs });
      },
    ],
    create: () => [],
    merge: appendAll,
    keepsRecords: true,
    results: 'many',
    each(key, window, records, failed) {
      const kept = [...evictor.evict(records, window)];
      records.length = 0;
      appendAll(records, kept);
      return kept.length === 0 ? [] : evaluate(kept, key, window, failed);
    },
  };
}

export function appendAll<T>(list: T[], more: readonly T[]): void {
  for (const item of more) list.push(item);
}
