import { type Duration, durationMs, formatDuration } from '../base/duration.ts';
import { MillraceError, messageOf } from '../base/errors.ts';
import type { Advanced, Operator, OperatorContext, OperatorTask, ProcessRecord } from '../spi/operator.ts';
import type { RejectReason } from '../spi/reject.ts';
import type { KeySpace } from '../spi/state.ts';
import { type AsyncQueue, Fifo, OrderedQueue, UnorderedQueue } from './async-queue.ts';

/** What the function is given besides its record. */
export interface AsyncCall {
  /** Aborted when the record's time is over and when the pipeline stops. */
  readonly signal: AbortSignal;
  /** 1 for the first call for the record. */
  readonly attempt: number;
}

/** How often and when a call that failed is made again. */
export interface AsyncRetry {
  /** Most calls for one record, the first one included. */
  attempts: number;
  /**
   * Longest pause before the second call; it doubles with each further one. The pause itself is drawn at random between nothing and that,
   * so that calls that failed together do not come together again (full jitter: Brooker, "Exponential Backoff And Jitter", AWS 2015).
   * Default `'100ms'`.
   */
  backoff?: Duration;
  /** What the longest pause grows to. Default `'10s'`. */
  maxBackoff?: Duration;
  /** Whether this error is worth another call. Default: every one is. */
  retryIf?: (error: unknown, attempt: number) => boolean;
}

export interface AsyncOptions {
  /**
   * Whether results keep the order of their records; default true. Without order a result does not wait for those before it, but no
   * result overtakes a watermark or is overtaken by one, so that event time works the same.
   */
  ordered?: boolean;
  /** Most records under way at once. Beyond it input is held back. Default 100. */
  capacity?: number;
  /**
   * How long a record may take from its first call on, all attempts and pauses included. Then it is rejected as `timeout`. Default
   * `'1m'`.
   */
  timeout?: Duration;
  /** Default: a call that fails is not made again. */
  retry?: AsyncRetry;
}

/** What is kept of a record whose result has not left, so that the call is made again after a restart. */
interface StoredCall<T> {
  readonly record: T;
  readonly timeMs: number;
}

type Outcome<R> =
  | { readonly kind: 'result'; readonly result: R }
  | { readonly kind: 'reject'; readonly reason: RejectReason; readonly message: string };

/** A record on its way through its calls. */
class Entry<T, R> {
  readonly number: number;
  readonly record: T;
  readonly timeMs: number;
  attempt = 0;
  outcome: Outcome<R> | undefined;
  /** Whether it stands in the state table. */
  stored: boolean;
  left = false;
  deadlineMs = Infinity;
  retryMs = Infinity;
  controller: AbortController | undefined;

  constructor(number: number, record: T, timeMs: number, stored: boolean) {
    this.number = number;
    this.record = record;
    this.timeMs = timeMs;
    this.stored = stored;
  }

  get settled(): boolean {
    return this.outcome !== undefined;
  }
}

interface Plan<T, R> {
  readonly apply: (record: T, call: AsyncCall) => R | PromiseLike<R>;
  readonly ordered: boolean;
  readonly capacity: number;
  readonly timeoutMs: number;
  readonly attempts: number;
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  readonly retryIf: ((error: unknown, attempt: number) => boolean) | undefined;
}

/** What became of one call, noted when its promise settles and looked at in the engine's turn. */
interface Settlement<T, R> {
  readonly entry: Entry<T, R>;
  readonly outcome: { readonly ok: true; readonly result: R } | { readonly ok: false; readonly error: unknown };
}

class AsyncTask<T, R> implements OperatorTask {
  readonly inputs: readonly ProcessRecord[] = [(_, record, timeMs) => this.receive(record, timeMs)];
  private readonly context: OperatorContext<R>;
  private readonly plan: Plan<T, R>;
  private readonly calls: KeySpace<StoredCall<T>>;
  private readonly queue: AsyncQueue<Entry<T, R>>;
  /** Records beyond the capacity, which have not been called yet. */
  private readonly waiting = new Fifo<Entry<T, R>>();
  /** Records that have been called and have not left. */
  private active = 0;
  /** Records that have been called and have not settled, in the order of their deadlines. */
  private readonly running = new Set<Entry<T, R>>();
  private retries: Entry<T, R>[] = [];
  private nextRetryMs = Infinity;
  private settlements: Settlement<T, R>[] = [];
  private nextNumber = 0;
  private stopped = false;
  private readonly stop = () => {
    this.stopped = true;
    for (const { controller } of this.running) controller?.abort(this.context.signal.reason);
    this.running.clear();
  };

  constructor(context: OperatorContext<R>, plan: Plan<T, R>) {
    this.context = context;
    this.plan = plan;
    this.queue = plan.ordered ? new OrderedQueue() : new UnorderedQueue();
    this.calls = context.state.table<StoredCall<T>>('calls').space(0);
    if (context.signal.aborted) this.stop();
    context.signal.addEventListener('abort', this.stop);
    this.restore();
  }

  get blocked(): boolean {
    return this.queue.size >= this.plan.capacity;
  }

  advance(watermark: number): Advanced {
    if (this.queue.empty) return 'done';
    this.queue.addWatermark(watermark);
    return 'held';
  }

  wake(nowMs: number): boolean {
    if (this.stopped) return true;
    const settlements = this.settlements;
    this.settlements = [];
    for (const settlement of settlements) this.accept(settlement, nowMs);
    this.expire(nowMs);
    this.retry(nowMs);
    const done = this.drain();
    this.askForWake();
    return done;
  }

  close(): void {
    this.context.signal.removeEventListener('abort', this.stop);
    this.stop();
  }

  private receive(record: T, timeMs: number): void {
    const entry = new Entry<T, R>(this.nextNumber++, record, timeMs, false);
    this.queue.add(entry);
    if (this.waiting.length === 0 && this.active < this.plan.capacity) this.start(entry);
    else this.waiting.push(entry);
    if (entry.settled) {
      // Alone in the queue it leaves at once, like the result of any other function. Behind others it takes its turn, so that none of
      // them is rejected while this one is the record being processed.
      if (this.queue.size > 1 || !this.drain()) this.context.wakeSoon();
    } else this.askForWake();
    if (!entry.left) {
      entry.stored = true;
      this.calls.add(entry.number, { record, timeMs });
    }
  }

  private restore(): void {
    const stored = [...this.calls.cells()].sort((a, b) => Number(a.key) - Number(b.key));
    for (const { key, value } of stored) {
      const entry = new Entry<T, R>(Number(key), value.record, value.timeMs, true);
      this.queue.add(entry);
      this.waiting.push(entry);
      this.nextNumber = entry.number + 1;
    }
    if (stored.length > 0) this.context.wakeSoon();
  }

  private start(entry: Entry<T, R>): void {
    this.active++;
    entry.deadlineMs = this.context.environment.clock.now() + this.plan.timeoutMs;
    this.running.add(entry);
    this.call(entry);
  }

  private call(entry: Entry<T, R>): void {
    entry.attempt++;
    let returned: R | PromiseLike<R>;
    try {
      returned = this.plan.apply(entry.record, this.callFor(entry));
    } catch (error) {
      this.failed(entry, error, this.context.environment.clock.now());
      return;
    }
    if (!isThenable(returned)) {
      this.settle(entry, { kind: 'result', result: returned });
      return;
    }
    // A promise of another library may settle more than once; a native one made of it does not.
    Promise.resolve(returned).then(
      result => this.note({ entry, outcome: { ok: true, result } }),
      (error: unknown) => this.note({ entry, outcome: { ok: false, error } }),
    );
  }

  private callFor(entry: Entry<T, R>): AsyncCall {
    const task = this;
    return {
      attempt: entry.attempt,
      // Most functions do not look at the signal, and a controller for each call would be the dearest part of it.
      get signal() {
        if (entry.controller === undefined) {
          entry.controller = new AbortController();
          if (task.stopped || entry.settled) entry.controller.abort();
        }
        return entry.controller.signal;
      },
    };
  }

  /** Called outside the engine's turn. */
  private note(settlement: Settlement<T, R>): void {
    if (this.stopped) return;
    this.settlements.push(settlement);
    if (this.settlements.length === 1) this.context.wakeSoon();
  }

  private accept({ entry, outcome }: Settlement<T, R>, nowMs: number): void {
    if (entry.settled) return;
    if (outcome.ok) this.settle(entry, { kind: 'result', result: outcome.result });
    else this.failed(entry, outcome.error, nowMs);
  }

  private failed(entry: Entry<T, R>, error: unknown, nowMs: number): void {
    const { attempts, backoffMs, maxBackoffMs, retryIf } = this.plan;
    let reason = error;
    try {
      if (entry.attempt < attempts && (retryIf === undefined || retryIf(error, entry.attempt))) {
        const longestMs = Math.min(maxBackoffMs, backoffMs * 2 ** (entry.attempt - 1));
        entry.retryMs = nowMs + this.context.environment.random.next() * longestMs;
        // A call that could only begin after the deadline is not waited for.
        if (entry.retryMs < entry.deadlineMs) {
          this.retries.push(entry);
          this.nextRetryMs = Math.min(this.nextRetryMs, entry.retryMs);
          return;
        }
      }
    } catch (thrown) {
      reason = thrown;
    }
    const message = attempts === 1 ? messageOf(reason) : `${messageOf(reason)} (attempt ${entry.attempt} of ${attempts})`;
    this.settle(entry, { kind: 'reject', reason: 'failed', message });
  }

  private settle(entry: Entry<T, R>, outcome: Outcome<R>): void {
    entry.outcome = outcome;
    this.running.delete(entry);
    this.queue.settle(entry);
  }

  private expire(nowMs: number): void {
    for (const entry of this.running) {
      if (entry.deadlineMs > nowMs) return;
      const message = `no result after ${formatDuration(this.plan.timeoutMs)}, in attempt ${entry.attempt}`;
      this.settle(entry, { kind: 'reject', reason: 'timeout', message });
      entry.controller?.abort(new Error(message));
    }
  }

  private retry(nowMs: number): void {
    if (nowMs < this.nextRetryMs) return;
    const waiting = this.retries;
    this.retries = [];
    this.nextRetryMs = Infinity;
    for (const entry of waiting) {
      if (entry.settled) continue;
      if (entry.retryMs <= nowMs) this.call(entry);
      else {
        this.retries.push(entry);
        this.nextRetryMs = Math.min(this.nextRetryMs, entry.retryMs);
      }
    }
  }

  /** Lets out what may leave and calls what waits. Returns false when the output is blocked and something could leave. */
  private drain(): boolean {
    this.startWaiting();
    while (this.queue.ready) {
      if (this.context.output.blocked) return false;
      const item = this.queue.take()!;
      if (typeof item === 'number') {
        this.context.emitWatermark(item);
        continue;
      }
      this.leave(item);
      this.startWaiting();
    }
    return true;
  }

  private startWaiting(): void {
    while (this.active < this.plan.capacity && this.waiting.length > 0) this.start(this.waiting.shift()!);
  }

  private leave(entry: Entry<T, R>): void {
    this.active--;
    entry.left = true;
    if (entry.stored) this.calls.remove(entry.number);
    const outcome = entry.outcome!;
    if (outcome.kind === 'result') this.context.output.emit(outcome.result, entry.timeMs);
    else this.context.reject(outcome.reason, outcome.message, entry.record, entry.timeMs);
  }

  private askForWake(): void {
    let next = this.nextRetryMs;
    for (const { deadlineMs } of this.running) {
      next = Math.min(next, deadlineMs);
      break;
    }
    if (next < Infinity) this.context.wakeAt(next);
  }
}

function isThenable<R>(returned: R | PromiseLike<R>): returned is PromiseLike<R> {
  return typeof returned === 'object' && returned !== null && 'then' in returned && typeof returned.then === 'function';
}

function wholeNumber(value: number, where: string): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new MillraceError('OPTION_INVALID', { where, expected: 'a whole number from 1', got: String(value) });
}

/**
 * Calls a function that may take its time for each record, many at once, and emits what its promise resolves to, with the time of the
 * record.
 *
 * A call that fails is made again as `retry` says and then rejected as `failed`; a record that takes longer than `timeout` is rejected as
 * `timeout`. Records whose result has not left are kept in state and called again after a restart, so the function may be called more
 * than once for a record.
 *
 * @throws MillraceError `OPTION_INVALID`, `DURATION_INVALID`
 * @example
 * orders.mapAsync(async (order, { signal }) => {
 *   const response = await fetch(`${customers}/${order.customer}`, { signal });
 *   return { ...order, customer: await response.json() };
 * }, { capacity: 50, timeout: '5s', retry: { attempts: 3 } })
 */
export function mapAsync<T, R>(apply: (record: T, call: AsyncCall) => R | PromiseLike<R>, options: AsyncOptions = {}): Operator<R> {
  const { ordered = true, timeout = '1m', retry } = options;
  const capacity = wholeNumber(options.capacity ?? 100, 'capacity of mapAsync');
  const timeoutMs = durationMs(timeout, 'timeout of mapAsync');
  if (timeoutMs === 0) {
    throw new MillraceError('DURATION_INVALID', { where: 'timeout of mapAsync', expected: 'longer than nothing', got: String(timeout) });
  }
  const attempts = wholeNumber(retry?.attempts ?? 1, 'retry.attempts of mapAsync');
  const plan: Plan<T, R> = {
    apply,
    ordered,
    capacity,
    timeoutMs,
    attempts,
    backoffMs: durationMs(retry?.backoff ?? '100ms', 'retry.backoff of mapAsync'),
    maxBackoffMs: durationMs(retry?.maxBackoff ?? '10s', 'retry.maxBackoff of mapAsync'),
    retryIf: retry?.retryIf,
  };
  const parts = [ordered ? 'ordered' : 'unordered', `capacity ${capacity}`, `timeout ${formatDuration(timeoutMs)}`];
  if (attempts > 1) parts.push(`${attempts} attempts`);
  return {
    kind: 'async map',
    description: parts.join(', '),
    makes: 'append',
    state: [{ name: 'calls', kind: 'buffer', boundedBy: `capacity ${capacity} + one batch` }],
    open: context => new AsyncTask(context, plan),
  };
}
