import { decodeKey } from '../base/key.ts';
import type { Operator } from '../spi/operator.ts';
import { expiringTask, type RunningOptions, runningState, runningTtl } from './running.ts';

/** What of a composed aggregate is needed to run it by key: accumulators of type A are changed in place. */
export interface RunningAggregate<in T, A, out R> {
  /** An accumulator that holds one record. */
  begin(record: T): A;
  /** Folds a record in. It throws before it has changed anything. */
  add(accumulator: A, record: T): void;
  /** A new object each time. */
  keyedResult(key: unknown, accumulator: A): R;
}

/**
 * Aggregates the records of each key and emits the result after every record with its time, an upsert by key.
 *
 * @param description what is computed, for plans: `'count, mean'`
 * @throws MillraceError `DURATION_INVALID`
 */
export function runningAggregate<T, A, R>(
  aggregate: RunningAggregate<T, A, R>,
  description: string,
  options: RunningOptions = {},
): Operator<R> {
  const ttl = runningTtl(options, 'aggregate');
  return {
    kind: 'aggregate',
    description,
    makes: 'upsert',
    state: runningState('accumulators', 'aggregating', ttl),
    open(context) {
      const { output } = context;
      if (ttl !== undefined) {
        return expiringTask<A>(
          context,
          'accumulators',
          ttl,
          (accumulator, record) => {
            if (accumulator === undefined) return aggregate.begin(record);
            aggregate.add(accumulator, record);
            return accumulator;
          },
          (key, accumulator, time) => output.emit(aggregate.keyedResult(decodeKey(key), accumulator), time),
        );
      }
      const space = context.state.table<A>('accumulators').space(0);
      return {
        inputs: [
          (key, record, time) => {
            const cell = space.get(key);
            let accumulator: A;
            if (cell === undefined) {
              accumulator = aggregate.begin(record);
              space.add(key, accumulator);
            } else {
              accumulator = cell.value;
              aggregate.add(accumulator, record);
              space.mark(cell);
            }
            output.emit(aggregate.keyedResult(decodeKey(key), accumulator), time);
          },
        ],
      };
    },
  };
}
