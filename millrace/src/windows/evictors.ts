import { type Duration, durationMs, formatDuration } from '../base/duration.ts';
import type { Evictor } from '../spi/window.ts';
import { invalid } from './arguments.ts';

/**
 * Keeps the newest `n` records to arrive.
 *
 * @throws MillraceError `WINDOW_INVALID`
 */
export function countEvictor<T>(n: number): Evictor<T> {
  if (!Number.isSafeInteger(n) || n < 1) throw invalid(`countEvictor(${n})`, 'a whole number of records from 1', String(n));
  return {
    description: `countEvictor(${n})`,
    evict: records => (records.length > n ? records.slice(-n) : records),
  };
}

/**
 * Keeps the records whose time is less than `duration` before the newest time in the window.
 *
 * @throws MillraceError `DURATION_INVALID`
 */
export function timeEvictor<T>(duration: Duration): Evictor<T> {
  const ms = durationMs(duration, 'timeEvictor');
  return {
    description: `timeEvictor(${formatDuration(ms)})`,
    evict(records) {
      let newest = -Infinity;
      for (const { timeMs } of records) if (timeMs > newest) newest = timeMs;
      return records.filter(({ timeMs }) => !(timeMs <= newest - ms));
    },
  };
}

/**
 * Keeps the records whose `delta` to the last record to arrive is below the threshold.
 *
 * @example
 * deltaEvictor(100, (car, last) => last.odometer - car.odometer) // the last 100 km
 */
export function deltaEvictor<T>(threshold: number, delta: (record: T, last: T) => number): Evictor<T> {
  return {
    description: `deltaEvictor(${threshold})`,
    evict(records) {
      const last = records.at(-1);
      return last === undefined ? records : records.filter(({ value }) => delta(value, last.value) < threshold);
    },
  };
}
