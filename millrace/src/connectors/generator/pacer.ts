import type { Environment } from '../../base/environment.ts';

/** Most that is made up for after a time in which nothing could be made, in milliseconds of the rate. */
const CATCH_UP_MS = 1_000;

/**
 * Says how many records are due at a rate. Due times are counted from the start and not from record to record, so that they do not drift.
 */
export class Pacer {
  private readonly environment: Environment;
  private readonly ratePerMs: number;
  /** When index 0 was due, on the clock's `elapsed`. */
  private originMs: number;

  /** Index `first` is due now. */
  constructor(environment: Environment, ratePerSecond: number, first: number) {
    this.environment = environment;
    this.ratePerMs = ratePerSecond / 1_000;
    this.originMs = environment.clock.elapsed() - first / this.ratePerMs;
  }

  /** The first index that is not due yet. `next` is the next to be made; what is too long overdue is put off. */
  dueBefore(next: number): number {
    const nowMs = this.environment.clock.elapsed();
    const behindMs = nowMs - (this.originMs + next / this.ratePerMs);
    if (behindMs > CATCH_UP_MS) this.originMs += behindMs - CATCH_UP_MS;
    return Math.floor((nowMs - this.originMs) * this.ratePerMs) + 1;
  }

  /** Calls `task` when the index is due. */
  at(index: number, task: () => void): () => void {
    const { clock, scheduler } = this.environment;
    const leftMs = this.originMs + index / this.ratePerMs - clock.elapsed();
    // Whole milliseconds: timers are no finer, and a fraction could be lost beside epoch milliseconds.
    return scheduler.at(clock.now() + Math.max(1, Math.ceil(leftMs)), task);
  }
}
