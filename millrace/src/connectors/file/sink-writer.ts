import { MillraceError, messageOf } from '../../base/errors.ts';
import type { Format } from '../../spi/format.ts';
import type { SinkContext, SinkWriter } from '../../spi/sink.ts';
import type { Batch } from '../../types/batch.ts';
import { type FileEncoder, fileEncoder } from './sink-encoder.ts';
import { SinkOutput } from './sink-output.ts';
import type { SinkTarget } from './sink-target.ts';

/** Bytes that may wait to be written before the upstream is held back. */
const MOST_PENDING_BYTES = 4 * 1024 * 1024;

/** When a file is published and the next begun. */
export interface RollPolicy {
  /** Once it has as many bytes. */
  readonly bytes: number;
  /** Once its first record is as old, in milliseconds. */
  readonly intervalMs: number;
}

export interface FileSinkTarget {
  readonly target: SinkTarget;
  readonly format: Format<unknown> | 'parquet';
  readonly roll: RollPolicy;
  /** Whether there is a file even without a record. */
  readonly always: boolean;
}

export class FileSinkWriter implements SinkWriter<unknown> {
  private readonly options: FileSinkTarget;
  private readonly context: SinkContext;
  private readonly output: SinkOutput;
  /** Of the file at hand; undefined until its first record. */
  private encoder: FileEncoder | undefined;
  private cancelRoll: (() => void) | undefined;

  constructor(options: FileSinkTarget, context: SinkContext) {
    this.options = options;
    this.context = context;
    this.output = new SinkOutput(options.target);
  }

  async open(): Promise<this> {
    await this.output.open(this.options.always);
    return this;
  }

  write(batch: Batch<unknown>): void | Promise<void> {
    for (let i = 0; i < batch.length; i++) this.add(batch.values[i]);
    return this.output.settled(MOST_PENDING_BYTES);
  }

  flush(): void | Promise<void> {
    const bytes = this.encoder?.flush();
    if (bytes !== undefined) this.output.write(bytes);
    return this.output.settled(0);
  }

  async close(outcome: 'finished' | 'failed'): Promise<void> {
    this.cancelRoll?.();
    try {
      if (outcome === 'failed') return;
      if (this.options.always) this.encoder ??= fileEncoder(this.options.format);
      this.roll();
      await this.output.settled(0);
    } finally {
      await this.output.abandon();
    }
  }

  private add(value: unknown): void {
    const encoder = (this.encoder ??= this.begin());
    try {
      encoder.add(value);
    } catch (error) {
      if (error instanceof MillraceError) throw error;
      this.context.reject('refused', messageOf(error), value);
      return;
    }
    if (encoder.bytes >= this.options.roll.bytes) this.roll();
    else if (encoder.ready) this.output.write(encoder.take());
  }

  private begin(): FileEncoder {
    const { intervalMs } = this.options.roll;
    const { clock, scheduler } = this.context.environment;
    if (intervalMs < Infinity) this.cancelRoll = scheduler.at(clock.now() + intervalMs, () => this.roll());
    return fileEncoder(this.options.format);
  }

  /** Ends the file at hand, if it has a record or is there in any case. */
  private roll(): void {
    const { encoder } = this;
    this.cancelRoll?.();
    this.encoder = undefined;
    if (encoder === undefined || (encoder.records === 0 && !this.options.always)) return;
    this.output.write(encoder.end());
    this.output.publish();
  }
}
