import { MillraceError } from '../../base/errors.ts';
import type { Format } from '../../spi/format.ts';
import type { Polled, ReaderContext, SplitReader } from '../../spi/source.ts';
import type { Batch } from '../../types/batch.ts';
import type { Json } from '../../types/json.ts';
import { backoffMs, type RetryPolicy } from '../network/backoff.ts';
import { pause } from '../network/pause.ts';
import { Connection } from './connection.ts';
import { ConnectionDecoder } from './connection-decoder.ts';
import { describeTarget, dial, type Target } from './dial.ts';

/** Reads from a server and connects again when the connection is over, or ends with it when there is no retry policy. */
export class ClientReader<T> implements SplitReader<T> {
  readonly drains = true;
  private readonly target: Target;
  private readonly format: Format<T>;
  private readonly retry: RetryPolicy | undefined;
  private readonly context: ReaderContext;
  /** Aborted by `close` and with the pipeline's signal. */
  private readonly signal: AbortSignal;
  private readonly closing = new AbortController();
  private current: ConnectionDecoder<T> | undefined;
  private received: number;
  /** Connections in a row that could not be made or brought nothing. */
  private failures = 0;
  private connectedMs = 0;
  private failure: MillraceError | undefined;
  private ended = false;

  constructor(target: Target, format: Format<T>, retry: RetryPolicy | undefined, context: ReaderContext, position: number) {
    this.target = target;
    this.format = format;
    this.retry = retry;
    this.context = context;
    this.received = position;
    this.signal = AbortSignal.any([context.signal, this.closing.signal]);
    this.signal.addEventListener('abort', () => {
      this.current?.connection.cut(undefined);
      context.wake();
    });
  }

  /** Without a retry policy it rejects when the server cannot be reached; with one it returns at once. */
  async open(): Promise<this> {
    if (this.retry !== undefined) void this.connectAgain(this.retry);
    else await this.connect();
    if (this.failure !== undefined) throw this.failure;
    return this;
  }

  poll(batch: Batch<T>): Polled {
    if (this.failure !== undefined) throw this.failure;
    if (this.ended) return 'end';
    const { current } = this;
    if (current === undefined) return this.signal.aborted ? 'end' : 'wait';
    const polled = current.poll(batch);
    const brought = current.position - this.received;
    this.received = current.position;
    if (brought > 0) this.failures = 0;
    if (polled !== 'end') return polled;
    this.current = undefined;
    return this.signal.aborted ? 'end' : this.connectionOver(current.connection);
  }

  position(): Json {
    return this.received;
  }

  async close(): Promise<void> {
    this.closing.abort();
  }

  private connectionOver(connection: Connection): Polled {
    if (this.retry === undefined) {
      this.ended = true;
      if (connection.state === 'ended') return 'end';
      // What was read before the break goes on its way first.
      this.failure = new MillraceError('CONNECTION_LOST', { where: this.where, cause: connection.cause });
      return 'more';
    }
    // A server that closes quiet connections now and then is not failing.
    if (this.context.environment.clock.elapsed() - this.connectedMs >= this.retry.maxBackoffMs) this.failures = 0;
    this.failed(this.retry, connection.cause ?? new Error('the server closed the connection'));
    if (this.failure !== undefined) return 'more';
    void this.connectAgain(this.retry);
    return 'wait';
  }

  private async connectAgain(retry: RetryPolicy): Promise<void> {
    while (!this.signal.aborted && this.failure === undefined) {
      if (this.failures > 0) {
        await pause(this.context.environment, backoffMs(this.failures, retry, this.context.environment.random), this.signal);
      }
      if (await this.connect()) return;
    }
  }

  private async connect(): Promise<boolean> {
    const { environment } = this.context;
    try {
      const socket = await dial(this.target, environment, this.signal);
      const connection = new Connection(socket, environment.clock, () => this.context.wake());
      this.current = new ConnectionDecoder(connection, this.format, this.context, this.received);
      this.connectedMs = environment.clock.elapsed();
      if (this.signal.aborted) connection.cut(undefined);
      return true;
    } catch (error) {
      if (!this.signal.aborted) this.failed(this.retry, error);
      return false;
    }
  }

  private failed(retry: RetryPolicy | undefined, cause: unknown): void {
    this.failures++;
    if (retry !== undefined && this.failures < retry.attempts) return;
    this.failure = new MillraceError('CONNECT_FAILED', {
      where: this.where,
      got: `${this.failures} ${this.failures === 1 ? 'try' : 'tries'} without success`,
      cause,
    });
    this.context.wake();
  }

  private get where(): string {
    return `${this.context.operator}, ${describeTarget(this.target)}`;
  }
}
