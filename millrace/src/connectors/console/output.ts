import type { SinkContext } from '../../spi/sink.ts';

/** What is needed of a stream such as `process.stdout`. */
export interface WritableLike {
  write(text: string, done?: (error?: Error | null) => void): boolean;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
  /** Whether it is a terminal. */
  readonly isTTY?: boolean;
  /** Size of the terminal in characters. */
  readonly columns?: number;
  readonly rows?: number;
}

/**
 * Writes text to a stream that others write to as well, and holds back when it is full. When its reader has gone, as `head` does, what
 * is written is forgotten.
 */
export class Output {
  private readonly stream: WritableLike;
  private readonly context: SinkContext;
  /** Writes that the stream has not taken yet. */
  private pending = 0;
  private waiting: (() => void)[] = [];
  private gone = false;
  private failure: { error: unknown } | undefined;

  constructor(stream: WritableLike, context: SinkContext) {
    this.stream = stream;
    this.context = context;
    stream.on('error', this.failed);
    context.signal.addEventListener('abort', this.release, { once: true });
  }

  get busy(): boolean {
    return this.pending > 0 && !this.gone;
  }

  /** A promise when the stream is full. @throws what the stream failed with, other than that its reader has gone */
  write(text: string): void | Promise<void> {
    this.checkFailure();
    if (this.gone || text === '') return;
    this.pending++;
    const room = this.stream.write(text, error => {
      if (error) this.failed(error);
      if (--this.pending === 0) this.release();
    });
    if (!room) return this.taken().then(() => this.checkFailure());
  }

  /** Waits until all is written, and leaves the stream open: it is not the sink's. */
  async close(): Promise<void> {
    await this.taken();
    // A stream tells an error in the turn after the write that caused it.
    await this.context.environment.scheduler.turn();
    this.stream.off('error', this.failed);
    this.context.signal.removeEventListener('abort', this.release);
    this.checkFailure();
  }

  /** Resolves once nothing is pending, the reader has gone or the pipeline stops at once. */
  private async taken(): Promise<void> {
    if (this.busy && !this.context.signal.aborted) await new Promise<void>(resolve => this.waiting.push(resolve));
  }

  private checkFailure(): void {
    if (this.failure !== undefined) throw this.failure.error;
  }

  private readonly failed = (error: NodeJS.ErrnoException): void => {
    this.gone = true;
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') this.failure ??= { error };
    this.release();
  };

  private readonly release = (): void => {
    for (const resolve of this.waiting.splice(0)) resolve();
  };
}
