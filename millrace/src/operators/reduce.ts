import type { Operator } from '../spi/operator.ts';
import { expiringTask, type RunningOptions, runningState, runningTtl } from './running.ts';

/**
 * Folds the records of each key into one and emits every new value with the time of its newest record, an upsert by key. The first record
 * of a key is its first value. `fold` returns a new value and leaves its arguments as they are: the one is what was emitted before.
 *
 * @throws MillraceError `DURATION_INVALID`
 */
export function reduce<T>(fold: (folded: T, record: T) => T, options: RunningOptions = {}): Operator<T> {
  const ttl = runningTtl(options, 'reduce');
  return {
    kind: 'reduce',
    description: 'newest value of each key',
    makes: 'upsert',
    state: runningState('reduced', 'reducing', ttl),
    open(context) {
      const { output } = context;
      if (ttl !== undefined) {
        return expiringTask<T>(
          context,
          'reduced',
          ttl,
          (folded, record) => (folded === undefined ? record : fold(folded, record)),
          (_, folded, time) => output.emit(folded, time),
        );
      }
      const space = context.state.table<T>('reduced').space(0);
      return {
        inputs: [
          (key, record, time) => {
            const cell = space.get(key);
            if (cell === undefined) {
              space.add(key, record);
              output.emit(record, time);
              return;
            }
            const folded = fold(cell.value, record);
            cell.value = folded;
            space.mark(cell);
            output.emit(folded, time);
          },
        ],
      };
    },
  };
}
