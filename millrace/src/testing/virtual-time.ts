import type { Environment } from '../base/environment.ts';
import { seededRandom } from '../base/random.ts';
import { systemEnvironment } from '../base/system.ts';

/** Processing time at which tests start: later than the times that records in tests usually have, as the clock is later than real records. */
export const DEFAULT_START_MS = Date.UTC(2030, 0, 1);

/**
 * An environment whose clock moves only when it is told to, and whose randomness is seeded. `testPipeline` has one of its own; this is for running a custom source or sink on virtual time with
 * `pipeline.run({ environment })`.
 */
export class VirtualTime implements Environment {
  readonly clock: Environment['clock'];
  readonly scheduler: Environment['scheduler'];
  readonly random: Environment['random'];
  private nowMs: number;
  private readonly timers: { readonly atMs: number; readonly task: () => void }[] = [];

  constructor(startMs: number = DEFAULT_START_MS, seed = 1) {
    this.nowMs = startMs;
    this.random = seededRandom(seed);
    let ticks = 0;
    this.clock = {
      now: () => this.nowMs,
      // Steps at each look, so that loops that run for a time come to an end on a clock that stands still.
      elapsed: () => ticks++,
    };
    this.scheduler = {
      at: (atMs, task) => {
        const timer = { atMs, task };
        this.timers.push(timer);
        return () => {
          const i = this.timers.indexOf(timer);
          if (i >= 0) this.timers.splice(i, 1);
        };
      },
      turn: () => systemEnvironment.scheduler.turn(),
    };
  }

  /** Time of the earliest timer; Infinity when there is none. */
  get nextTimerMs(): number {
    return this.timers.reduce((earliest, { atMs }) => Math.min(earliest, atMs), Infinity);
  }

  /** Moves the clock forward and runs, in the order they were set, the timers of that moment. */
  moveTo(timeMs: number): void {
    this.nowMs = Math.max(this.nowMs, timeMs);
    for (const timer of this.timers.filter(({ atMs }) => atMs <= this.nowMs)) {
      const i = this.timers.indexOf(timer);
      if (i < 0) continue;
      this.timers.splice(i, 1);
      timer.task();
    }
  }
}
