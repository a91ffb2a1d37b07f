import type { Environment } from '../../src/base/environment.ts';
import type { RejectReason } from '../../src/spi/reject.ts';
import type { Source, Split, SplitReader } from '../../src/spi/source.ts';
import { Batch } from '../../src/types/batch.ts';
import type { Json } from '../../src/types/json.ts';
import { ManualEnvironment } from './manual-environment.ts';

export interface ReadRecord<T> {
  value: T;
  time: number;
  position: number;
  split: string;
}

export interface ReadReject {
  reason: RejectReason;
  message: string;
  bytes: Uint8Array | undefined;
  position: number;
  value: unknown;
  split: string;
}

export interface SourceHarnessOptions {
  /** Records per poll. */
  capacity?: number;
  /** Where splits go on, by split id. */
  positions?: ReadonlyMap<string, Json>;
  /** Default: a ManualEnvironment. */
  environment?: Environment;
}

interface OpenSplit<T> {
  readonly split: Split;
  reader: SplitReader<T> | undefined;
  ready: boolean;
  ended: boolean;
}

/**
 * Drives a source by hand: enumerates it, opens every split and polls whatever is ready, one batch at a time and split by split.
 *
 * const run = new SourceHarness(source);
 * await run.finish();                       // a bounded source to its end
 * await run.until(() => run.values.length === 3); // or until something holds
 * await run.stop();
 */
export class SourceHarness<T> {
  readonly records: ReadRecord<T>[] = [];
  readonly rejects: ReadReject[] = [];
  readonly splits: string[] = [];
  readonly environment: Environment;
  /** Set to stop polling, as a pipeline does that is held back. */
  paused = false;
  private readonly source: Source<T>;
  private readonly batch: Batch<T>;
  private readonly positionsAtStart: ReadonlyMap<string, Json>;
  private readonly open: OpenSplit<T>[] = [];
  private readonly abort = new AbortController();
  private readonly ended = new Map<string, Json>();
  private enumerated = false;
  private failure: { error: unknown } | undefined;

  constructor(source: Source<T>, options: SourceHarnessOptions = {}) {
    this.source = source;
    this.batch = new Batch<T>(options.capacity);
    this.positionsAtStart = options.positions ?? new Map();
    this.environment = options.environment ?? new ManualEnvironment();
    const context = { operator: 'test-source', environment: this.environment, signal: this.abort.signal };
    source.enumerate({ ...context, found: splits => splits.forEach(split => this.openSplit(split)) }).then(
      () => {
        this.enumerated = true;
      },
      error => this.fail(error),
    );
  }

  get values(): T[] {
    return this.records.map(r => r.value);
  }

  /** The position of every split, ended ones included. */
  positions(): Map<string, Json> {
    const positions = new Map(this.ended);
    for (const { split, reader } of this.open) if (reader !== undefined) positions.set(split.id, reader.position());
    return positions;
  }

  /** Polls each split that is ready once. True when a poll was made. */
  pollOnce(): boolean {
    let polled = false;
    for (const open of [...this.open]) {
      if (open.reader === undefined || !open.ready || open.ended) continue;
      polled = true;
      this.batch.clear();
      open.ready = false;
      const left = open.reader.poll(this.batch);
      for (let i = 0; i < this.batch.length; i++) {
        this.records.push({
          value: this.batch.values[i]!,
          time: this.batch.times[i]!,
          position: this.batch.positions[i]!,
          split: open.split.id,
        });
      }
      if (left === 'more') open.ready = true;
      if (left === 'end') {
        open.ended = true;
        this.ended.set(open.split.id, open.reader.position());
        const { reader } = open;
        this.open.splice(this.open.indexOf(open), 1);
        reader.close().catch(error => this.fail(error));
      }
    }
    return polled;
  }

  /** Polls until the condition holds; throws what the source throws. */
  async until(condition: () => boolean): Promise<void> {
    for (;;) {
      if (this.failure !== undefined) throw this.failure.error;
      if (condition()) return;
      if (!this.paused) this.pollOnce();
      await new Promise(resolve => setImmediate(resolve));
    }
  }

  /** Polls until the source has ended. */
  async finish(): Promise<this> {
    try {
      await this.until(() => this.enumerated && this.open.length === 0);
    } finally {
      await this.stop();
    }
    return this;
  }

  /** Gives I/O and polling a number of turns, for showing that nothing comes. */
  async settle(turns = 50): Promise<void> {
    let left = turns;
    await this.until(() => left-- === 0);
  }

  /** Aborts and closes whatever is open. */
  async stop(): Promise<void> {
    this.abort.abort();
    const open = this.open.splice(0);
    await Promise.all(open.map(async o => o.reader?.close()));
  }

  private openSplit(split: Split): void {
    this.splits.push(split.id);
    const open: OpenSplit<T> = { split, reader: undefined, ready: true, ended: false };
    this.open.push(open);
    this.source
      .open(
        {
          operator: 'test-source',
          environment: this.environment,
          signal: this.abort.signal,
          split,
          wake: () => {
            open.ready = true;
          },
          reject: (reason, message, bytes, position, value) =>
            void this.rejects.push({ reason, message, bytes: bytes?.slice(), position, value, split: split.id }),
        },
        this.positionsAtStart.get(split.id),
      )
      .then(
        async reader => {
          if (this.abort.signal.aborted) await reader.close();
          else open.reader = reader;
        },
        error => this.fail(error),
      );
  }

  private fail(error: unknown): void {
    this.failure ??= { error };
  }
}

/** Reads a bounded source to its end. */
export function readAll<T>(source: Source<T>, options: SourceHarnessOptions = {}): Promise<SourceHarness<T>> {
  return new SourceHarness(source, options).finish();
}
