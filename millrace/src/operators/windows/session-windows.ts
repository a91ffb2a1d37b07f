import type { TimeDomain, TimeWindow } from '../../spi/window.ts';
import { newestTime } from './newest-time.ts';
import type { WindowFunction } from './window-function.ts';
import type { WindowState } from './window-state.ts';

/** Sessions of a key, by index: from `from` up to but without `to`. */
export interface SessionRange {
  readonly from: number;
  readonly to: number;
}

/** The sessions of a key that a window overlaps. Sessions stand in the order of time and do not overlap each other; touching ends do not overlap. */
export function overlapped(sessions: readonly WindowState<unknown>[], window: TimeWindow): SessionRange {
  let to = sessions.length;
  while (to > 0 && sessions[to - 1]!.window.start >= window.end) to--;
  let from = to;
  while (from > 0 && sessions[from - 1]!.window.end > window.start) from--;
  return { from, to };
}

/**
 * Merges overlapping sessions and the window that made them overlap into the first of them, and takes the others off the list. Contents are merged
 * in the order of time, numbers of the trigger are added up.
 */
export function mergeSessions<A>(
  sessions: WindowState<A>[],
  { from, to }: SessionRange,
  window: TimeWindow,
  time: TimeDomain,
  fn: WindowFunction<A, unknown>,
): WindowState<A> {
  const merged = sessions[from]!;
  const others = sessions.slice(from + 1, to);
  for (const other of others) {
    if (other.contents === undefined) continue;
    merged.contents ??= fn.create();
    fn.merge(merged.contents, other.contents);
  }
  sessions.splice(from + 1, others.length);

  const last = others.at(-1) ?? merged;
  const start = Math.min(merged.window.start, window.start);
  const end = Math.max(last.window.end, window.end);
  if (start === merged.window.start && end === merged.window.end) return merged;

  dropEndTimers(merged, time);
  for (const other of others) {
    dropEndTimers(other, time);
    merged.eventTimers = union(merged.eventTimers, other.eventTimers);
    merged.processingTimers = union(merged.processingTimers, other.processingTimers);
    for (const [name, value] of Object.entries(other.numbers)) merged.numbers[name] = (merged.numbers[name] ?? 0) + value;
    merged.newestMs = newestTime(merged.newestMs, other.newestMs);
  }
  if (start !== merged.window.start) {
    // The queues know a window by its start.
    merged.eventCallMs = Infinity;
    merged.processingCallMs = Infinity;
  }
  merged.window = { start, end };
  return merged;
}

/** Timers at the end of a window or later were meant for its end, which has moved. */
function dropEndTimers(state: WindowState<unknown>, time: TimeDomain): void {
  const { end } = state.window;
  const timers = time === 'event' ? state.eventTimers : state.processingTimers;
  const endMs = time === 'event' ? end - 1 : end;
  while (timers.length > 0 && timers.at(-1)! >= endMs) timers.pop();
}

function union(timers: number[], more: readonly number[]): number[] {
  return more.length === 0 ? timers : [...new Set([...timers, ...more])].sort((a, b) => a - b);
}
