import { MillraceError } from '../base/errors.ts';
import type { SinkNode } from '../plan/graph.ts';
import type { Prepared, SinkRecovery, SinkWriter } from '../spi/sink.ts';
import { Batch, NO_TIME } from '../types/batch.ts';
import type { RejectReason } from '../spi/reject.ts';
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

  /** Opens the sink; where an epoch was committed but its results are not visible yet, publishes them. */
  async open(recovery: SinkRecovery | undefined): Promise<void> {
    const { node, worker } = this;
    await this.named(async () => {
      const context = {
        operator: node.id,
        environment: worker.environment,
        signal: worker.signal,
        epochs: worker.commits,
        reject: (reason: RejectReason, message: string, value: unknown) =>
          worker.rejects.fromOperator(node.id, reason, message, value, NO_TIME, undefined, 0),
      };
      const writer = await node.sink.open(context, recovery);
      this.writer = writer;
      if (recovery === undefined || writer.publish === undefined) return;
      const { epoch, prepared } = recovery;
      if (!(await writer.published?.(epoch, prepared))) await writer.publish(epoch, prepared);
    });
  }

  /** Whether the sink takes part in epochs. */
  get commits(): boolean {
    return this.writer?.prepare !== undefined;
  }

  /** Nothing is being written. */
  get quiet(): boolean {
    return !this.busy && this.queue.length === 0;
  }

  /** Resolves when all that was written has reached the target; for sinks that take no part in epochs. */
  async settle(): Promise<void> {
    const { writer } = this;
    if (writer === undefined) return;
    this.busy = true;
    await this.named(async () => writer.flush('barrier'));
    this.resume();
  }

  async prepare(epoch: number, last: boolean): Promise<Prepared> {
    return this.named(async () => this.writer!.prepare!(epoch, last));
  }

  async publish(epoch: number, prepared: Prepared): Promise<void> {
    await this.named(async () => this.writer?.publish?.(epoch, prepared));
  }

  get blocked(): boolean {
    return this.busy;
  }

  /** All records have come and been written. */
  get finished(): boolean {
    return this.watermark === Infinity && this.quiet;
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
    this.attempt(() => writer.flush('idle'));
  }

  /** Closes the sink, once. */
  async close(outcome: 'finished' | 'suspended' | 'failed'): Promise<void> {
    const { writer } = this;
    this.writer = undefined;
    await this.named(async () => writer?.close(outcome));
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
    // A sink that was closed meanwhile takes no more.
    while (!this.busy && this.queue.length > 0 && this.writer !== undefined) this.write(this.queue.shift()!);
    this.worker.wake();
  }

  private failed(error: unknown): void {
    this.worker.fail(this.nameError(error));
  }

  /** Does something with the sink; errors name it. The run is stopped at once, so that the others need not go on with what they are at. */
  private async named<R>(action: () => Promise<R>): Promise<R> {
    try {
      return await action();
    } catch (error) {
      const named = this.nameError(error);
      this.worker.fail(named);
      throw named;
    }
  }

  private nameError(error: unknown): MillraceError {
    return error instanceof MillraceError ? error : new MillraceError('SINK_FAILED', { where: this.node.id, cause: error });
  }
}

function copyOf(batch: Batch): Batch {
  const copy = new Batch(batch.length);
  copy.split = batch.split;
  for (let i = 0; i < batch.length; i++) copy.push(batch.values[i], batch.times[i]!, batch.positions[i]!);
  return copy;
}
