import type { Environment } from '../../src/base/environment.ts';
import { seededRandom } from '../../src/base/random.ts';

/** An environment whose clock stands still until a test moves it. I/O is real: `turn` gives it a turn. */
export class ManualEnvironment implements Environment {
  now: number;
  readonly clock = { now: () => this.now, elapsed: () => this.now };
  readonly random = seededRandom(1);
  readonly scheduler = {
    at: (atMs: number, task: () => void) => {
      const timer = { atMs, task };
      this.timers.push(timer);
      return () => {
        this.timers = this.timers.filter(t => t !== timer);
      };
    },
    turn: () => new Promise<void>(resolve => setImmediate(resolve)),
  };
  private timers: { atMs: number; task: () => void }[] = [];

  constructor(now = 0) {
    this.now = now;
  }

  /** How many timers are pending. */
  get pending(): number {
    return this.timers.length;
  }

  /** Moves the clock on and calls what has become due, in order of time; also what such a call asks for within that span. */
  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const due = this.timers.filter(t => t.atMs <= end).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.timers = this.timers.filter(t => t !== due);
      this.now = Math.max(this.now, due.atMs);
      due.task();
    }
    this.now = end;
  }
}
