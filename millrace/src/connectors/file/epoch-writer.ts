import { stat, unlink } from 'node:fs/promises';
import { MillraceError, messageOf } from '../../base/errors.ts';
import type { Format } from '../../spi/format.ts';
import type { Prepared, SinkContext, SinkRecovery, SinkWriter } from '../../spi/sink.ts';
import type { Batch } from '../../types/batch.ts';
import { EpochFile } from './epoch-file.ts';
import type { EpochPlace } from './epoch-places.ts';
import { type FileEncoder, fileEncoder } from './sink-encoder.ts';
import type { RollPolicy } from './sink-writer.ts';

/** Bytes that may wait to be written before the upstream is held back. */
const MOST_PENDING_BYTES = 4 * 1024 * 1024;

export interface EpochFileOptions {
  readonly place: EpochPlace;
  readonly format: Format<unknown> | 'parquet';
  readonly packs: boolean;
  readonly roll: RollPolicy;
  /** Whether there is a file even without a record. */
  readonly always: boolean;
}

/** What an epoch keeps of a file sink. */
interface FilesOfEpoch {
  /** Tells the sink's files of work from those of others. */
  readonly owner: string;
  readonly nextSequence: number;
  /** Files of work that are complete and to be published. */
  readonly ready: readonly string[];
  /** The file that is being written, and how much of it belongs to the epoch. */
  readonly current: { readonly name: string; readonly length: number; readonly columns: readonly string[] } | null;
}

/**
 * Writes files exactly once: what an epoch has not committed is cut away after a crash, and a file appears under its name when the epoch that completes it was
 * committed.
 */
export class EpochFileWriter implements SinkWriter<unknown> {
  private readonly options: EpochFileOptions;
  private readonly context: SinkContext;
  private owner = '';
  private nextSequence = 0;
  /** Of the file at hand; undefined until its first record. */
  private encoder: FileEncoder | undefined;
  private columns: readonly string[] = [];
  private file: EpochFile | undefined;
  private ready: string[] = [];
  private cancelRoll: (() => void) | undefined;
  /** What is done to files, one after the other. */
  private chain: Promise<void> = Promise.resolve();
  private pendingBytes = 0;
  private failure: { error: unknown } | undefined;

  constructor(options: EpochFileOptions, context: SinkContext) {
    this.options = options;
    this.context = context;
  }

  async open(recovery: SinkRecovery | undefined): Promise<this> {
    const { place } = this.options;
    await place.open();
    if (recovery === undefined) {
      this.owner = Math.floor(this.context.environment.random.next() * 2 ** 32)
        .toString(16)
        .padStart(8, '0');
    } else await this.recover(recovery.prepared.data as unknown as FilesOfEpoch);
    return this;
  }

  write(batch: Batch<unknown>): void | Promise<void> {
    for (let i = 0; i < batch.length; i++) this.add(batch.values[i]);
    return this.settled();
  }

  flush(): void | Promise<void> {
    const bytes = this.encoder?.flush();
    if (bytes !== undefined) this.append(bytes);
    return this.settled();
  }

  prepare(_epoch: number, last: boolean): Promise<Prepared> {
    const { encoder } = this;
    if (last && this.options.always) this.encoder ??= this.begin(undefined);
    // Files whose end is written with their last record cannot be cut where an epoch ends.
    const ends = last || (encoder !== undefined && encoder.records > 0 && this.options.format === 'parquet');
    if (ends) this.roll();
    else if (encoder !== undefined) this.append(encoder.take());
    const { columns } = this;
    return this.enqueue(async () => {
      const { file, owner } = this;
      const ready = this.ready.splice(0);
      const current = file === undefined ? null : { name: file.name, length: await file.sync(), columns };
      return { data: { owner, nextSequence: this.nextSequence, ready, current } };
    });
  }

  async publish(_epoch: number, { data }: Prepared): Promise<void> {
    for (const name of (data as unknown as FilesOfEpoch).ready) await this.options.place.publish(name);
  }

  async close(): Promise<void> {
    this.cancelRoll?.();
    await this.chain;
    await this.file?.close();
  }

  private async recover({ owner, nextSequence, ready, current }: FilesOfEpoch): Promise<void> {
    const { place, packs } = this.options;
    this.owner = owner;
    this.nextSequence = nextSequence;
    for (const name of await place.leftOvers(owner)) {
      if (name !== current?.name && !ready.includes(name)) await unlink(place.workPath(name));
    }
    if (current === null) return;
    // All of an earlier run that finished has been published, and there is nothing to go on with.
    const file = await EpochFile.reopen(current.name, place.workPath(current.name), packs, current.length);
    if (place.rolls) {
      await file.sync();
      await file.close();
      if (current.length > 0) this.ready.push(current.name);
      else await unlink(place.workPath(current.name));
      return;
    }
    this.file = file;
    this.columns = current.columns;
    this.encoder = fileEncoder(this.options.format);
    this.encoder.goOn?.(current.columns);
  }

  private add(value: unknown): void {
    const encoder = (this.encoder ??= this.begin(value));
    try {
      encoder.add(value);
    } catch (error) {
      if (error instanceof MillraceError) throw error;
      this.context.reject('refused', messageOf(error), value);
      return;
    }
    if (this.options.place.rolls && encoder.bytes >= this.options.roll.bytes) this.roll();
    else if (encoder.ready) this.append(encoder.take());
  }

  private begin(first: unknown): FileEncoder {
    const { intervalMs } = this.options.roll;
    const { clock, scheduler } = this.context.environment;
    if (intervalMs < Infinity) this.cancelRoll = scheduler.at(clock.now() + intervalMs, () => this.roll());
    this.columns = typeof first === 'object' && first !== null ? Object.keys(first) : [];
    return fileEncoder(this.options.format);
  }

  /** Ends the file at hand, if it has a record or is there in any case. */
  private roll(): void {
    const { encoder } = this;
    this.cancelRoll?.();
    this.encoder = undefined;
    if (encoder === undefined || (encoder.records === 0 && this.file === undefined && !this.options.always)) return;
    this.append(encoder.end());
    void this.enqueue(async () => {
      this.file ??= await this.next();
      await this.file.sync();
      await this.file.close();
      this.ready.push(this.file.name);
      this.file = undefined;
    }).catch(() => {});
  }

  private append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.pendingBytes += bytes.length;
    void this.enqueue(async () => {
      this.file ??= await this.next();
      await this.file.write(bytes);
      this.pendingBytes -= bytes.length;
    }).catch(() => {});
  }

  private async next(): Promise<EpochFile> {
    const { place, packs } = this.options;
    for (;;) {
      const name = place.workName(this.owner, this.nextSequence++);
      // Never the file of another run that has come to have the same name.
      if ((await stat(place.workPath(name)).catch(() => undefined)) === undefined)
        return EpochFile.create(name, place.workPath(name), packs);
    }
  }

  private enqueue<R>(action: () => Promise<R>): Promise<R> {
    const done = this.chain.then(() => {
      if (this.failure !== undefined) throw this.failure.error;
      return action();
    });
    this.chain = done.then(
      () => {},
      (error: unknown) => {
        this.failure ??= { error };
      },
    );
    return done;
  }

  private settled(): void | Promise<void> {
    if (this.failure !== undefined) throw this.failure.error;
    if (this.pendingBytes > MOST_PENDING_BYTES) return this.enqueue(async () => {});
  }
}
