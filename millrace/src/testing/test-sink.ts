import type { Prepared, Sink, SinkContext, SinkRecovery, SinkWriter } from '../spi/sink.ts';
import type { Batch } from '../types/batch.ts';

/** A record as it reached a sink. */
export interface Received<T> {
  readonly value: T;
  /** Event time in epoch milliseconds; NaN when it had none. */
  readonly timeMs: number;
}

/**
 * Keeps what a sink would have written. With epochs a record counts as received when the epoch it belongs to is published, exactly once.
 */
export class TestSink implements Sink<never>, SinkWriter<never> {
  readonly connector: string;
  readonly description = 'read by a test';
  readonly accepts = ['append', 'upsert'] as const;
  readonly received: Received<unknown>[] = [];
  /** Results of epochs that have not been published; of the epoch at hand under Infinity. */
  private readonly unpublished = new Map<number, Received<unknown>[]>();
  private newestPublished = 0;
  prepare: ((epoch: number) => Promise<Prepared>) | undefined;
  publish: ((epoch: number) => Promise<void>) | undefined;
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

  async open(context: SinkContext, recovery?: SinkRecovery): Promise<SinkWriter<never>> {
    if (context.epochs) {
      for (const epoch of [...this.unpublished.keys()]) if (epoch > (recovery?.epoch ?? 0)) this.unpublished.delete(epoch);
      this.prepare = async epoch => {
        this.unpublished.set(epoch, this.unpublished.get(Infinity) ?? []);
        this.unpublished.delete(Infinity);
        return { data: null };
      };
      this.publish = async epoch => {
        // The marker: an epoch that has been published already is not published again.
        if (epoch <= this.newestPublished) return;
        this.newestPublished = epoch;
        this.received.push(...(this.unpublished.get(epoch) ?? []));
        this.unpublished.delete(epoch);
      };
    }
    return this;
  }

  write(batch: Batch<never>): void | Promise<void> {
    let target = this.received;
    if (this.prepare !== undefined) {
      target = this.unpublished.get(Infinity) ?? [];
      this.unpublished.set(Infinity, target);
    }
    for (let i = 0; i < batch.length; i++) target.push({ value: batch.values[i]!, timeMs: batch.times[i]! });
    return this.held;
  }

  flush(): void {}

  async close(): Promise<void> {}
}
