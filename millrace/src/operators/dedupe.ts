import { type Duration, durationMs, formatDuration } from '../base/duration.ts';
import { MillraceError } from '../base/errors.ts';
import type { Operator } from '../spi/operator.ts';
import type { TimeDomain } from '../spi/window.ts';
import { Expirations } from '../state/expirations.ts';
import { recordTime } from '../state/ttl.ts';

export interface DedupeOptions {
  /** For how long after the first record of a key its further records are duplicates. Default: for ever, so that every key is kept. */
  within?: Duration;
  /** Which time `within` means. Default `'event'`; a record behind the watermark counts as one at the watermark. */
  time?: TimeDomain;
}

/**
 * Keeps the first record of each key and drops its duplicates. What counts as first is the order of arrival. Duplicates do not prolong
 * `within`: the first record after it is a first one again.
 *
 * @throws MillraceError `DURATION_INVALID`
 */
export function dedupe<T>({ within, time = 'event' }: DedupeOptions = {}): Operator<T> {
  if (within === undefined) return dedupeForEver();
  const withinMs = durationMs(within, 'within of dedupe');
  if (withinMs === 0) {
    throw new MillraceError('DURATION_INVALID', { where: 'within of dedupe', expected: 'longer than nothing', got: String(within) });
  }
  const span = `${formatDuration(withinMs)} of ${time} time`;
  const ttl = { afterMs: withinMs, refreshOnRead: false, time };
  return {
    kind: 'dedupe',
    description: `first of each key within ${span}`,
    makes: 'append',
    state: [{ name: 'firsts', kind: 'value', boundedBy: span }],
    open(context) {
      const { output } = context;
      /** When the first record came. */
      const space = context.state.table<number>('firsts').space(0);
      const expirations = new Expirations(context);
      const added = expirations.watch(space, ttl, (cell, nowMs) => (cell.value + withinMs <= nowMs ? Infinity : cell.value + withinMs));
      return {
        inputs: [
          (key, record: T, timeMs) => {
            const nowMs = recordTime(ttl, context, timeMs);
            const cell = space.get(key);
            if (cell === undefined) {
              space.add(key, nowMs);
              added(key, nowMs + withinMs);
            } else {
              if (nowMs < cell.value + withinMs) return;
              cell.value = nowMs;
              space.mark(cell);
            }
            output.emit(record, timeMs);
          },
        ],
        advance(watermark) {
          expirations.advance(watermark);
          return 'done';
        },
        wake(nowMs) {
          expirations.wake(nowMs);
          return true;
        },
      };
    },
  };
}

function dedupeForEver<T>(): Operator<T> {
  return {
    kind: 'dedupe',
    description: 'first of each key',
    makes: 'append',
    state: [{ name: 'firsts', kind: 'value' }],
    open({ state, output }) {
      const space = state.table<true>('firsts').space(0);
      return {
        inputs: [
          (key, record: T, timeMs) => {
            if (space.get(key) !== undefined) return;
            space.add(key, true);
            output.emit(record, timeMs);
          },
        ],
      };
    },
  };
}
