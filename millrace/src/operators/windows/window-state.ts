import type { TimeWindow } from '../../spi/window.ts';

/** A window of one key: what it holds and what its trigger keeps. Plain data. */
export interface WindowState<A> {
  window: TimeWindow;
  /** Undefined after a purge, until the next record. */
  contents: A | undefined;
  /** The greatest time of any record since the window was made; NaN when none had one. */
  newestMs: number;
  /** Numbers of the trigger. */
  numbers: Record<string, number>;
  /** Timers of the trigger, in ascending order. */
  eventTimers: number[];
  processingTimers: number[];
  /**
   * When the timer queues call for the window; Infinity when they do not. It may be earlier than the first timer: timers that move later, as those of a
   * session do with each record, are looked up when the call comes, and the queue is not touched.
   */
  eventCallMs: number;
  processingCallMs: number;
}

export function newWindowState<A>(window: TimeWindow, contents: A): WindowState<A> {
  return {
    window,
    contents,
    newestMs: NaN,
    numbers: {},
    eventTimers: [],
    processingTimers: [],
    eventCallMs: Infinity,
    processingCallMs: Infinity,
  };
}

/** Index of a window in a list that is ordered by ends, then starts; `-1 - i` where it is not in the list and belongs at `i`. */
export function indexOfWindow(list: readonly WindowState<unknown>[], { start, end }: TimeWindow): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const { window } = list[middle]!;
    if (window.end < end || (window.end === end && window.start < start)) low = middle + 1;
    else high = middle;
  }
  const found = list[low]?.window;
  return found !== undefined && found.end === end && found.start === start ? low : -1 - low;
}
