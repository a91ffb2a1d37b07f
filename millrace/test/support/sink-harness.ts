import type { Environment } from '../../src/base/environment.ts';
import type { RejectReason } from '../../src/spi/reject.ts';
import type { Sink, SinkWriter } from '../../src/spi/sink.ts';
import { Batch } from '../../src/types/batch.ts';
import { ManualEnvironment } from './manual-environment.ts';

export interface SinkHarnessOptions {
  /** Records per batch. */
  capacity?: number;
  /** Default: a ManualEnvironment. */
  environment?: Environment;
}

/**
 * Drives a sink by hand: `const run = await SinkHarness.open(sink); await run.write(values); await run.close('finished');`
 * Batches are wiped after each call, as the engine reuses them.
 */
export class SinkHarness<T> {
  readonly rejects: { reason: RejectReason; message: string; value: unknown }[] = [];
  readonly environment: Environment;
  /** How many calls of `write` returned a promise, that is held the upstream back. */
  heldBack = 0;
  private readonly batch: Batch<T>;
  private readonly abort = new AbortController();
  private writer!: SinkWriter<T>;

  private constructor(options: SinkHarnessOptions) {
    this.batch = new Batch<T>(options.capacity);
    this.environment = options.environment ?? new ManualEnvironment();
  }

  static async open<T>(sink: Sink<T>, options: SinkHarnessOptions = {}): Promise<SinkHarness<T>> {
    const harness = new SinkHarness<T>(options);
    harness.writer = await sink.open({
      operator: 'test-sink',
      environment: harness.environment,
      epochs: false,
      signal: harness.abort.signal,
      reject: (reason, message, value) => void harness.rejects.push({ reason, message, value }),
    });
    return harness;
  }

  /** Writes records in batches, waiting whenever the sink holds back. */
  async write(values: readonly T[], timeOf: (value: T, index: number) => number = () => NaN): Promise<void> {
    const { batch } = this;
    for (let from = 0; from < values.length; from += batch.capacity) {
      batch.clear();
      const to = Math.min(values.length, from + batch.capacity);
      for (let i = from; i < to; i++) batch.push(values[i]!, timeOf(values[i]!, i), i);
      const taken = this.writer.write(batch);
      if (taken !== undefined) {
        this.heldBack++;
        await taken;
      }
      batch.values.fill(undefined as T);
      batch.times.fill(NaN);
      batch.clear();
    }
  }

  async flush(reason: 'idle' | 'barrier' = 'idle'): Promise<void> {
    await this.writer.flush(reason);
  }

  async close(outcome: 'finished' | 'failed' = 'finished'): Promise<void> {
    await this.writer.close(outcome);
  }

  stop(): void {
    this.abort.abort();
  }
}

/** Opens a sink, writes the records, flushes and closes it. */
export async function writeAll<T>(sink: Sink<T>, values: readonly T[], options: SinkHarnessOptions = {}): Promise<SinkHarness<T>> {
  const harness = await SinkHarness.open(sink, options);
  await harness.write(values);
  await harness.flush();
  await harness.close('finished');
  return harness;
}
