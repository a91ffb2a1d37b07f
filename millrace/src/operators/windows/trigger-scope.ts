import type { Clock } from '../../base/environment.ts';
import type { TimeDomain, TriggerContext } from '../../spi/window.ts';
import type { WindowState } from './window-state.ts';

/** Stands for a timer at infinity, the end of the input, where a finite time is needed. */
export const END_OF_INPUT = Number.MAX_VALUE;

/** What a trigger sees and may do, for the window that is in focus. */
export class TriggerScope implements TriggerContext {
  readonly windowTime: TimeDomain;
  watermark: number;
  /** The input has ended and time is over: no clock and no watermark will rise any more. */
  ended = false;
  private readonly clock: Clock;
  private state: WindowState<unknown> | undefined;

  constructor(windowTime: TimeDomain, watermark: number, clock: Clock) {
    this.windowTime = windowTime;
    this.watermark = watermark;
    this.clock = clock;
  }

  focus(state: WindowState<unknown>): this {
    this.state = state;
    return this;
  }

  get processingTime(): number {
    return this.ended ? Infinity : this.clock.now();
  }

  registerEventTimeTimer(timeMs: number): void {
    // A window without an end could otherwise go on for ever after the last watermark.
    if (this.watermark === Infinity && this.state!.window.end === Infinity) return;
    register(this.state!.eventTimers, timeMs);
  }

  registerProcessingTimeTimer(timeMs: number): void {
    if (!this.ended) register(this.state!.processingTimers, timeMs);
  }

  deleteEventTimeTimer(timeMs: number): void {
    remove(this.state!.eventTimers, timeMs);
  }

  deleteProcessingTimeTimer(timeMs: number): void {
    remove(this.state!.processingTimers, timeMs);
  }

  get(name: string): number | undefined {
    return this.state!.numbers[name];
  }

  set(name: string, value: number | undefined): void {
    if (value === undefined) delete this.state!.numbers[name];
    else this.state!.numbers[name] = value;
  }
}

function register(timers: number[], timeMs: number): void {
  if (timeMs !== timeMs) throw new RangeError('a trigger registered a timer at NaN');
  const time = Math.min(timeMs, END_OF_INPUT);
  let i = timers.length;
  while (i > 0 && timers[i - 1]! > time) i--;
  if (i === timers.length && timers[i - 1] !== time) timers.push(time);
  else if (timers[i - 1] !== time) timers.splice(i, 0, time);
}

function remove(timers: number[], timeMs: number): void {
  const i = timers.indexOf(Math.min(timeMs, END_OF_INPUT));
  if (i >= 0) timers.splice(i, 1);
}
