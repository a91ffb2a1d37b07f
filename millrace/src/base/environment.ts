/** Reads time. The only way the engine learns what time it is. */
export interface Clock {
  /** Processing time in epoch milliseconds. */
  now(): number;
  /** Milliseconds on a clock that never steps back; for measuring, not for records. */
  elapsed(): number;
}

/** Runs work later. Virtual in tests, the event loop in production. */
export interface Scheduler {
  /** Calls `task` once the clock reads `atMs` or later. The returned function cancels it. */
  at(atMs: number, task: () => void): () => void;
  /** Resolves after pending I/O callbacks have had a turn. */
  turn(): Promise<void>;
}

/** A source of random numbers; seeded in tests. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}

/**
 * All that the engine takes from the machine besides I/O. It is passed in everywhere, so that a whole
 * pipeline runs on virtual time with seeded randomness.
 */
export interface Environment {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
}
