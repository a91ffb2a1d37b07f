import type { Socket } from 'node:net';
import { MillraceError, messageOf } from '../../base/errors.ts';
import type { Encoder, Format } from '../../spi/format.ts';
import type { SinkContext, SinkWriter } from '../../spi/sink.ts';
import type { Batch } from '../../types/batch.ts';
import { backoffMs, type RetryPolicy } from '../network/backoff.ts';
import { pause } from '../network/pause.ts';
import { describeTarget, dial, type Target } from './dial.ts';

/** How long a receiver that has been sent everything may take to close its side. */
const CLOSE_TIMEOUT_MS = 5_000;

/** Writes to a server, one batch at a time: the next is taken once the operating system has the whole of the last. */
export class SocketWriter<T> implements SinkWriter<T> {
  private readonly target: Target;
  private readonly format: Format<T>;
  private readonly retry: RetryPolicy | undefined;
  private readonly context: SinkContext;
  private socket: Socket | undefined;
  private encoder: Encoder<T>;
  private headerDue = true;
  /** Why the newest connection ended. */
  private cause: unknown;
  /** Tries in a row in which no batch could be handed over. */
  private failures = 0;

  constructor(target: Target, format: Format<T>, retry: RetryPolicy | undefined, context: SinkContext) {
    this.target = target;
    this.format = format;
    this.retry = retry;
    this.context = context;
    this.encoder = format.encoder();
  }

  async open(): Promise<this> {
    await this.connect();
    return this;
  }

  write(batch: Batch<T>): Promise<void> {
    return this.deliver(batch.values.slice(0, batch.length));
  }

  flush(): void {
    this.checkAlive();
  }

  async close(outcome: 'finished' | 'failed'): Promise<void> {
    const { socket } = this;
    if (outcome === 'failed' || this.context.signal.aborted) socket?.destroy();
    else if (socket !== undefined) {
      this.checkAlive();
      await this.end(socket);
    }
  }

  private async deliver(values: T[]): Promise<void> {
    while (values.length > 0) {
      if (!this.socket?.writable) {
        this.checkAlive();
        await this.connect();
      }
      if (this.context.signal.aborted) return;
      const sent = await send(this.socket!, this.encode(values));
      if (sent) {
        this.failures = 0;
        return;
      }
      if (this.context.signal.aborted) return;
      this.checkAlive();
      this.failed(this.cause);
    }
  }

  /** Encodes in runs; records that cannot be encoded are rejected and removed from `values`. */
  private encode(values: T[]): (string | Uint8Array)[] {
    const runs: (string | Uint8Array)[] = [];
    let run = '';
    const add = (part: string | Uint8Array | undefined) => {
      if (typeof part === 'string') run += part;
      else if (part !== undefined) {
        runs.push(run, part);
        run = '';
      }
    };
    let kept = 0;
    for (const value of values) {
      try {
        if (this.headerDue) add(this.encoder.header?.(value));
        this.headerDue = false;
        add(this.encoder.encode(value));
        values[kept++] = value;
      } catch (error) {
        this.context.reject('failed', messageOf(error), value);
      }
    }
    values.length = kept;
    runs.push(run);
    return runs.filter(part => part.length > 0);
  }

  private async connect(): Promise<void> {
    const { environment, signal } = this.context;
    while (!signal.aborted) {
      if (this.failures > 0 && this.retry !== undefined)
        await pause(environment, backoffMs(this.failures, this.retry, environment.random), signal);
      try {
        this.use(await dial(this.target, environment, signal));
        return;
      } catch (error) {
        if (!signal.aborted) this.failed(error);
      }
    }
  }

  private use(socket: Socket): void {
    this.socket = socket;
    this.cause = undefined;
    this.encoder = this.format.encoder();
    this.headerDue = true;
    const { signal } = this.context;
    const abort = () => void socket.destroy();
    signal.addEventListener('abort', abort);
    socket
      .on('error', error => {
        this.cause = error;
      })
      .on('end', () => {
        this.cause ??= new Error('the receiver closed the connection');
      })
      .on('close', () => signal.removeEventListener('abort', abort))
      // What a receiver sends back is not wanted, but must be read so that its end is seen.
      .resume();
  }

  /** One connection is all there is when none is made again. */
  private checkAlive(): void {
    if (this.retry !== undefined || this.socket === undefined || this.socket.writable || this.context.signal.aborted) return;
    throw new MillraceError('CONNECTION_LOST', { where: this.where, cause: this.cause });
  }

  private failed(cause: unknown): void {
    this.failures++;
    if (this.retry !== undefined && this.failures < this.retry.attempts) return;
    throw new MillraceError('CONNECT_FAILED', {
      where: this.where,
      got: `${this.failures} ${this.failures === 1 ? 'try' : 'tries'} without success`,
      cause,
    });
  }

  private end(socket: Socket): Promise<void> {
    const { clock, scheduler } = this.context.environment;
    return new Promise(resolve => {
      let cancel = () => {};
      socket.once('close', () => {
        cancel();
        resolve();
      });
      if (socket.destroyed) return resolve();
      socket.end(() => {
        cancel = scheduler.at(clock.now() + CLOSE_TIMEOUT_MS, () => socket.destroy());
      });
    });
  }

  private get where(): string {
    return `${this.context.operator}, ${describeTarget(this.target)}`;
  }
}

/** Resolves with true once the operating system has taken all of it, or with false when the connection has ended before. */
function send(socket: Socket, parts: (string | Uint8Array)[]): Promise<boolean> {
  return new Promise(resolve => {
    let left = parts.length;
    if (left === 0) return resolve(true);
    const closed = () => resolve(false);
    socket.once('close', closed);
    const taken = (error?: Error | null) => {
      // The write that a break cuts short is called back without an error; 'close' follows in either case.
      if (error || socket.destroyed || --left > 0) return;
      socket.off('close', closed);
      resolve(true);
    };
    socket.cork();
    for (const part of parts) socket.write(part, taken);
    socket.uncork();
  });
}
