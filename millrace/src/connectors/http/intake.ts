import type { Polled, ReaderContext, SplitReader } from '../../spi/source.ts';
import { type Batch, NO_TIME } from '../../types/batch.ts';
import type { Holder } from './read-body.ts';
import type { Parsed } from './parse-body.ts';
import { Refusal } from './refusal.ts';

/** Bodies in memory, arriving or waiting, take no more than this together, or than four of the largest allowed. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;

/** The records of one request. */
interface Submission {
  readonly records: readonly Parsed[];
  /** The first one that the pipeline has not taken. */
  next: number;
  readonly settle: (taken: boolean) => void;
}

/** Records that wait for the pipeline. A request is answered once the pipeline has taken all of its records. */
export class Intake implements SplitReader<unknown> {
  readonly drains = true;
  private stopping = false;
  private failure: { readonly error: unknown } | undefined;
  private readonly context: ReaderContext;
  private readonly maxPending: number;
  private readonly maxHeldBytes: number;
  private readonly release: () => Promise<void>;
  private readonly queue: Submission[] = [];
  /** Records in the queue. */
  private pending = 0;
  private heldBytes = 0;
  private taken: number;

  constructor(
    context: ReaderContext,
    options: { readonly maxPending: number; readonly maxBodyBytes: number; readonly position: number },
    release: () => Promise<void>,
  ) {
    this.context = context;
    this.maxPending = options.maxPending;
    this.maxHeldBytes = Math.max(MAX_HELD_BYTES, 4 * options.maxBodyBytes);
    this.taken = options.position;
    this.release = release;
  }

  /** @throws Refusal when no request can be taken now */
  checkRoom(records = 1): void {
    if (this.stopping) throw new Refusal(503, 'the pipeline is stopping', { 'retry-after': '1', connection: 'close' });
    if (this.pending + records > this.maxPending) throw tooBusy();
  }

  /** A part of the memory for bodies, which one request takes until it is let go. */
  holder(): Holder & { letGo(): void } {
    let held = 0;
    return {
      hold: bytes => {
        if (this.heldBytes + bytes > this.maxHeldBytes) throw tooBusy();
        this.heldBytes += bytes;
        held += bytes;
      },
      letGo: () => {
        this.heldBytes -= held;
        held = 0;
      },
    };
  }

  /**
   * Waits until the pipeline has taken the records; false when it stops before it has taken all of them, or when the client goes
   * away before it has taken any.
   */
  submit(records: readonly Parsed[], gone: AbortSignal): Promise<boolean> {
    if (records.length > this.maxPending) throw new Refusal(413, `more than ${this.maxPending} records in one request`);
    this.checkRoom(records.length);
    if (records.length === 0) return Promise.resolve(true);
    return new Promise(settle => {
      const submission: Submission = { records, next: 0, settle };
      this.queue.push(submission);
      this.pending += records.length;
      gone.addEventListener('abort', () => this.withdraw(submission), { once: true });
      this.context.wake();
    });
  }

  /** Takes no more in. What waits is still handed on. */
  stop(): void {
    this.stopping = true;
    this.context.wake();
  }

  /** Stops the pipeline once what waits has been handed on. */
  fail(error: unknown): void {
    this.failure ??= { error };
    this.stop();
  }

  poll(batch: Batch<unknown>): Polled {
    for (let first = this.queue[0]; first !== undefined; first = this.queue[0]) {
      for (; first.next < first.records.length; first.next++) {
        if (batch.full) return 'more';
        this.take(first.records[first.next]!, batch);
      }
      this.queue.shift();
      first.settle(true);
    }
    if (this.failure !== undefined) {
      if (batch.length > 0) return 'more';
      throw this.failure.error;
    }
    return this.stopping ? 'end' : 'wait';
  }

  position(): number {
    return this.taken;
  }

  async close(): Promise<void> {
    this.stopping = true;
    for (const submission of this.queue.splice(0)) submission.settle(false);
    await this.release();
  }

  private take(record: Parsed, batch: Batch<unknown>): void {
    const position = this.taken++;
    this.pending--;
    if ('value' in record) batch.push(record.value, NO_TIME, position);
    else this.context.reject(record.reason, record.message, record.bytes, position, record.rejected);
  }

  /** Nobody would learn that the records were taken, so the client will send them again. */
  private withdraw(submission: Submission): void {
    const i = this.queue.indexOf(submission);
    if (i < 0 || submission.next > 0) return;
    this.queue.splice(i, 1);
    this.pending -= submission.records.length;
    submission.settle(false);
  }
}

function tooBusy(): Refusal {
  return new Refusal(429, 'the pipeline cannot take more at the moment', { 'retry-after': '1' });
}
