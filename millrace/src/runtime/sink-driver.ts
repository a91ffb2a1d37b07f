import { MillraceError } from '../base/errors.ts';
import type { SinkNode } from '../plan/graph.ts';
import type { SinkWriter } from '../spi/sink.ts';
import { Batch, NO_TIME } from '../types/batch.ts';
import type { Receiver, Signal } from './receiver.ts';
import type { Worker } from './worker.ts';

/** Feeds one sink. While the sink is busy with a write, what comes is queued and the upstream sees it blocked. */
export class SinkDriver implements Receiver {
  readonly node: SinkNode;
  recordsIn = 0;
  watermark = -Infinity;
  private readonly worker: Worker;
  private writer: SinkWriter<never> | undefined;
  private busy = false;
  private unflushed = false;
  private readonly queue: Batch[] = [];

  constructor(node: SinkNode, worker: Worker) {
    this.node = node;
    this.worker = worker;
  }

  async open(): Promise<void> {
    const { node, worker } = this;
    try {
      this.writer = await node.sink.open({
        operator: node.id,
        environment: worker.environment,
        signal: worker.signal,
        reject: (reason, message, value) => worker.rejects.fromOperator(node.id, reason, message, value, NO_TIME, undefined, 0),
      });
    } catch (error) {
      throw this.named(error);
    }
  }

  get blocked(): boolean {
    return this.busy;
  }

  /** All records have come and been written. */
  get finished(): boolean {
    return this.watermark === Infinity && !this.busy && this.queue.length === 0;
  }

  receive(batch: Batch): void {
    this.recordsIn += batch.length;
    if (this.busy) this.queue.push(copyOf(batch));
    else this.write(batch);
  }

  signal(_channel: number, signal: Signal): void {
    if (signal.kind === 'watermark') this.watermark = signal.time;
  }

  /** Nothing else is to be done: what the sink has buffered should not linger. */
  flushIdle(): void {
    const { writer } = this;
    if (writer === undefined || !this.unflushed || this.busy) return;
    this.unflushed = false;
    this.attempt(() => writer.flush());
  }

  /** Closes the sink, once. */
  async close(outcome: 'finished' | 'failed'): Promise<void> {
    const { writer } = this;
    this.writer = undefined;
    try {
      await writer?.close(outcome);
    } catch (error) {
      throw this.named(error);
    }
  }

  private write(batch: Batch): void {
    this.unflushed = true;
    this.attempt(() => this.writer!.write(batch as Batch<never>));
  }

  private attempt(action: () => void | Promise<void>): void {
    try {
      const pending = action();
      if (pending !== undefined) {
        this.busy = true;
        pending.then(
          () => this.resume(),
          (error: unknown) => this.failed(error),
        );
      }
    } catch (error) {
      this.failed(error);
    }
  }

  private resume(): void {
    this.busy = false;
    while (!this.busy && this.queue.length > 0) this.write(this.queue.shift()!);
    this.worker.wake();
  }

  private failed(error: unknown): void {
    this.worker.fail(this.named(error));
  }

  private named(error: unknown): MillraceError {
    return error instanceof MillraceError ? error : new MillraceError('SINK_FAILED', { where: this.node.id, cause: error });
  }
}

function copyOf(batch: Batch): Batch {
  const copy = new Batch(batch.length);
  copy.split = batch.split;
  for (let i = 0; i < batch.length; i++) copy.push(batch.values[i], batch.times[i]!, batch.positions[i]!);
  return copy;
}
