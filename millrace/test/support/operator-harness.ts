import { encodeKey } from '../../src/base/key.ts';
import type { Environment } from '../../src/base/environment.ts';
import { messageOf } from '../../src/base/errors.ts';
import { seededRandom } from '../../src/base/random.ts';
import type { Operator, OperatorTask } from '../../src/spi/operator.ts';
import type { RejectReason } from '../../src/spi/reject.ts';
import { HeapStateBackend } from '../../src/state/heap.ts';

export interface Emitted<R = unknown> {
  value: R;
  time: number;
}

/** Runs one operator by hand: feed records, raise the watermark, set the clock, read what came out. */
export class OperatorHarness<R = unknown> {
  readonly out: Emitted<R>[] = [];
  readonly sides = new Map<string, Emitted[]>();
  readonly rejects: { reason: RejectReason; message: string; value: unknown; time: number }[] = [];
  /** Watermarks passed on, in order. */
  readonly watermarks: number[] = [];
  /** For each record of `out` the newest watermark that was passed on before it; -Infinity when there was none. */
  readonly watermarksBefore: number[] = [];
  readonly failures: unknown[] = [];
  /** Set to hold the output back. */
  blocked = false;
  now = 0;
  watermark = -Infinity;
  readonly task: OperatorTask;
  private wakeTime = Infinity;
  private woken = false;
  /** The watermark that `advance` has not finished. */
  private pending: number | undefined;
  private readonly timers: { atMs: number; task: () => void }[] = [];
  private readonly stop = new AbortController();

  /** @param restored what the runtime restores beside the state */
  constructor(operator: Operator<R>, backend = new HeapStateBackend(), restored: { watermark?: number; now?: number } = {}) {
    const harness = this;
    this.watermark = restored.watermark ?? -Infinity;
    this.now = restored.now ?? 0;
    const environment: Environment = {
      clock: { now: () => harness.now, elapsed: () => harness.now },
      scheduler: {
        at(atMs, task) {
          const timer = { atMs, task };
          harness.timers.push(timer);
          return () => {
            const i = harness.timers.indexOf(timer);
            if (i >= 0) harness.timers.splice(i, 1);
          };
        },
        turn: () => new Promise(resolve => setImmediate(resolve)),
      },
      random: seededRandom(1),
    };
    this.task = operator.open({
      id: 'test',
      environment,
      state: backend.operator('test'),
      output: {
        emit: (value, time) => {
          this.out.push({ value, time });
          this.watermarksBefore.push(this.watermarks.at(-1) ?? -Infinity);
        },
        get blocked() {
          return harness.blocked;
        },
      },
      side: tag => ({
        emit: (value, time) => {
          const side = this.sides.get(tag) ?? [];
          side.push({ value, time });
          this.sides.set(tag, side);
        },
        get blocked() {
          return harness.blocked;
        },
      }),
      get watermark() {
        return harness.watermark;
      },
      wakeAt: timeMs => {
        this.wakeTime = Math.min(this.wakeTime, timeMs);
      },
      wakeSoon: () => {
        this.woken = true;
      },
      emitWatermark: watermark => void this.watermarks.push(watermark),
      reject: (reason, message, value, time) => void this.rejects.push({ reason, message, value, time }),
      fail: error => void this.failures.push(error),
      signal: this.stop.signal,
    });
  }

  /** Feeds one record; a throw becomes a reject, as in the engine. */
  feed(value: unknown, time = NaN, key: unknown = 'k', input = 0): this {
    try {
      this.task.inputs[input]!(encodeKey(key), value as never, time);
    } catch (error) {
      this.rejects.push({ reason: 'failed', message: messageOf(error), value, time });
    }
    return this;
  }

  /** Raises the watermark. With a blocked output it may need `resume` afterwards. */
  advance(watermark: number): this {
    this.watermark = watermark;
    this.pending = watermark;
    return this.goOn();
  }

  /** Opens the output and lets the operator go on with what it could not finish. */
  resume(): this {
    this.blocked = false;
    return this.goOn();
  }

  /** Sets the clock and wakes the operator if it asked for it. */
  tick(now: number): this {
    while (Math.min(this.wakeTime, ...this.timers.map(t => t.atMs)) <= now) {
      const next = Math.min(this.wakeTime, ...this.timers.map(t => t.atMs));
      this.now = Math.max(this.now, next);
      for (const timer of this.timers.filter(t => t.atMs <= next)) {
        this.timers.splice(this.timers.indexOf(timer), 1);
        timer.task();
      }
      if (this.wakeTime <= next) {
        this.wakeTime = Infinity;
        this.woken = true;
        this.goOn();
      }
    }
    this.now = now;
    return this;
  }

  /** Wakes the operator if it asked for it. */
  goOn(): this {
    while (this.woken) {
      this.woken = false;
      if (this.task.wake?.(this.now) === false) {
        this.woken = true;
        return this;
      }
    }
    if (this.pending !== undefined) {
      const watermark = this.pending;
      const advanced = this.task.advance?.(watermark) ?? 'done';
      if (advanced !== 'more') this.pending = undefined;
      if (advanced === 'done') this.watermarks.push(watermark);
    }
    return this;
  }

  /** Lets promises settle and wakes the operator as long as it asks for it. */
  async settle(): Promise<this> {
    for (let i = 0; i < 50; i++) {
      await new Promise(resolve => setImmediate(resolve));
      if (this.woken) this.goOn();
    }
    return this;
  }

  abort(): void {
    this.stop.abort();
  }

  get values(): R[] {
    return this.out.map(o => o.value);
  }
}
