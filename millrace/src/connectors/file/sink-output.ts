import type { SinkFile } from './sink-file.ts';
import type { SinkTarget } from './sink-target.ts';

/** Writes and publishes files in the background, in the order in which it is told to. */
export class SinkOutput {
  private readonly target: SinkTarget;
  private readonly queue: (Uint8Array | 'publish')[] = [];
  private pendingBytes = 0;
  private publishing = 0;
  private file: SinkFile | undefined;
  /** Works through the queue; never rejects. */
  private running: Promise<void> | undefined;
  private stopped = false;
  private failure: { error: unknown } | undefined;
  /** Called after each step. */
  private readonly waiting: (() => void)[] = [];

  constructor(target: SinkTarget) {
    this.target = target;
  }

  /** Sees that files can be written, and begins the first when it is there in any case. */
  async open(begin: boolean): Promise<void> {
    await this.target.prepare();
    if (begin) this.file = await this.target.begin();
  }

  /** Adds bytes to the file at hand, or to a new one. */
  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.pendingBytes += bytes.length;
    this.push(bytes);
  }

  /** Publishes the file at hand. */
  publish(): void {
    this.publishing++;
    this.push('publish');
  }

  /**
   * Undefined when no more than so many bytes are still to be written and nothing is to be published; otherwise resolves when that is so.
   *
   * @throws MillraceError `FILE_WRITE_FAILED`
   */
  settled(mostBytes: number): Promise<void> | undefined {
    if (this.failure !== undefined) throw this.failure.error;
    return this.isSettled(mostBytes) ? undefined : this.settle(mostBytes);
  }

  /** Leaves what is being written as it is. */
  async abandon(): Promise<void> {
    this.stopped = true;
    await this.running;
    const { file } = this;
    this.file = undefined;
    await file?.abandon();
  }

  private isSettled(mostBytes: number): boolean {
    return this.pendingBytes <= mostBytes && this.publishing === 0;
  }

  private async settle(mostBytes: number): Promise<void> {
    while (!this.isSettled(mostBytes) && this.failure === undefined && !this.stopped)
      await new Promise<void>(resolve => this.waiting.push(resolve));
    if (this.failure !== undefined) throw this.failure.error;
  }

  private push(command: Uint8Array | 'publish'): void {
    // What comes after bytes that are missing is not written either.
    if (this.failure !== undefined) return;
    this.queue.push(command);
    this.running ??= this.run();
  }

  private async run(): Promise<void> {
    try {
      while (this.queue.length > 0 && !this.stopped) {
        await this.execute(this.queue.shift()!);
        this.stepped();
      }
    } catch (error) {
      this.failure = { error };
    }
    this.running = undefined;
    this.stepped();
  }

  private stepped(): void {
    for (const resume of this.waiting.splice(0)) resume();
  }

  private async execute(command: Uint8Array | 'publish'): Promise<void> {
    if (command === 'publish') {
      await this.file?.publish();
      this.file = undefined;
      this.publishing--;
    } else {
      this.file ??= await this.target.begin();
      await this.file.write(command);
      this.pendingBytes -= command.length;
    }
  }
}
