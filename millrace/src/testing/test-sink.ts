import type { Sink, SinkWriter } from '../spi/sink.ts';
import type { Batch } from '../types/batch.ts';

/** A record as it reached a sink. */
export interface Received<T> {
  readonly value: T;
  /** Event time in epoch milliseconds; NaN when it had none. */
  readonly timeMs: number;
}

/** Keeps what a sink would have written. */
export class TestSink implements Sink<never>, SinkWriter<never> {
  readonly connector: string;
  readonly description = 'read by a test';
  readonly accepts = ['append', 'upsert'] as const;
  readonly received: Received<unknown>[] = [];
  private resume: (() => void) | undefined;
  private held: Promise<void> | undefined;

  constructor(replaces: Sink<never>) {
    this.connector = replaces.connector;
  }

  /** From now on the sink takes no more than what comes with its next write, as a slow target would. */
  hold(): void {
    this.held ??= new Promise(resolve => {
      this.resume = resolve;
    });
  }

  release(): void {
    this.held = undefined;
    this.resume?.();
  }

  async open(): Promise<SinkWriter<never>> {
    return this;
  }

  write(batch: Batch<never>): void | Promise<void> {
    for (let i = 0; i < batch.length; i++) this.received.push({ value: batch.values[i]!, timeMs: batch.times[i]! });
    return this.held;
  }

  flush(): void {}

  async close(): Promise<void> {}
}
