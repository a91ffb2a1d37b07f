import { MillraceError, messageOf } from '../../base/errors.ts';
import type { SinkContext, SinkWriter } from '../../spi/sink.ts';
import type { Batch } from '../../types/batch.ts';
import type { FileBody } from './file-body.ts';
import type { OutputFile } from './output-file.ts';
import type { OutputTarget } from './output-target.ts';

/** Bytes that are collected before they are handed to the system. */
const WRITE_BYTES = 256 * 1024;
/** Bytes that may be on their way to the disk before the upstream is held back. */
const QUEUED_BYTES = 1024 * 1024;

/** When a file is complete and the next one begins. */
export interface Rolling {
  /** Infinity: never by size. */
  readonly bytes: number;
  /** Since the first record of the file; Infinity: never by time. */
  readonly intervalMs: number;
}

/** The file that is being written. */
interface Current {
  readonly body: FileBody;
  file: Promise<OutputFile> | undefined;
  records: number;
  /** Bytes that were taken from the body. */
  bytes: number;
  cancelRoll: (() => void) | undefined;
}

/** Writes records to one file, or to one after another. */
export class FileWriter implements SinkWriter<unknown> {
  private readonly context: SinkContext;
  private readonly target: OutputTarget;
  private readonly newBody: () => FileBody;
  private readonly rolling: Rolling | undefined;
  private current: Current;
  /** Everything that was begun is done when it resolves; it never rejects. */
  private done: Promise<void> = Promise.resolve();
  private queuedBytes = 0;
  private failure: { error: unknown } | undefined;

  /** @param rolling absent for a single file, which is published even when it is empty */
  constructor(context: SinkContext, target: OutputTarget, newBody: () => FileBody, rolling: Rolling | undefined) {
    this.context = context;
    this.target = target;
    this.newBody = newBody;
    this.rolling = rolling;
    this.current = this.next();
  }

  /** Begins a single file at once, so that a place that cannot be written to is known before any record has come. */
  async open(): Promise<this> {
    if (this.rolling === undefined) {
      this.current.file = this.target.begin();
      await this.current.file;
    }
    return this;
  }

  write(batch: Batch<unknown>): void | Promise<void> {
    this.throwFailure();
    for (let i = 0; i < batch.length; i++) this.add(batch.values[i]);
    if (this.current.body.pendingBytes >= WRITE_BYTES) this.handOver(this.current);
    if (this.queuedBytes > QUEUED_BYTES) return this.settled();
  }

  async flush(): Promise<void> {
    this.handOver(this.current);
    await this.settled();
  }

  async close(outcome: 'finished' | 'failed'): Promise<void> {
    this.current.cancelRoll?.();
    if (outcome === 'finished' && this.failure === undefined) {
      if (this.rolling === undefined || this.current.records > 0) this.roll();
      else this.current.file = undefined;
    }
    await this.done;
    await abandon(this.current);
    if (outcome === 'finished') this.throwFailure();
  }

  private add(record: unknown): void {
    const { current, rolling } = this;
    try {
      current.body.add(record);
    } catch (error) {
      if (error instanceof MillraceError) throw error;
      this.context.reject('refused', messageOf(error), record);
      return;
    }
    current.records++;
    if (rolling === undefined) return;
    if (current.bytes + current.body.pendingBytes >= rolling.bytes) this.roll();
    else if (current.records === 1 && rolling.intervalMs < Infinity) {
      const { clock, scheduler } = this.context.environment;
      current.cancelRoll = scheduler.at(clock.now() + rolling.intervalMs, () => this.roll());
    }
  }

  private next(): Current {
    return { body: this.newBody(), file: undefined, records: 0, bytes: 0, cancelRoll: undefined };
  }

  /** Completes and publishes the file; what comes next goes to another. */
  private roll(): void {
    const { current } = this;
    current.cancelRoll?.();
    this.current = this.next();
    let parts: Uint8Array[] = [];
    try {
      parts = current.body.finish();
    } catch (error) {
      this.failure ??= { error };
    }
    this.enqueue(current, parts, file => this.target.publish(file));
  }

  private handOver(current: Current): void {
    const parts = current.body.take();
    if (parts.length > 0) this.enqueue(current, parts);
  }

  private enqueue(current: Current, parts: readonly Uint8Array[], then?: (file: OutputFile) => Promise<void>): void {
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    current.bytes += bytes;
    this.queuedBytes += bytes;
    this.done = this.done.then(async () => {
      try {
        if (this.failure !== undefined) return abandon(current);
        current.file ??= this.target.begin();
        const file = await current.file;
        await file.write(parts);
        await then?.(file);
      } catch (error) {
        this.failure ??= { error };
        await abandon(current);
      } finally {
        this.queuedBytes -= bytes;
      }
    });
  }

  private async settled(): Promise<void> {
    await this.done;
    this.throwFailure();
  }

  private throwFailure(): void {
    if (this.failure !== undefined) throw this.failure.error;
  }
}

/** Leaves a file unfinished, if it was begun at all. */
async function abandon(current: Current): Promise<void> {
  const file = await current.file?.catch(() => undefined);
  await file?.abandon();
}
