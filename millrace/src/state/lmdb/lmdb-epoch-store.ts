import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../base/environment.ts';
import { MillraceError } from '../../base/errors.ts';
import { systemEnvironment } from '../../base/system.ts';
import type { Epoch, EpochStore, Segment, StoredEpoch } from '../../spi/epoch-store.ts';
import { DamagedFileError } from './check-file.ts';
import { Database } from './database.ts';
import { DirectoryLock } from './directory-lock.ts';
import { stateError } from './state-errors.ts';
import { parseStateKey } from './state-key.ts';
import { StoredEpochs } from './stored-epochs.ts';
import { syncDirectories } from './sync-directories.ts';
import { Witness } from './witness.ts';

export interface LmdbEpochStoreOptions {
  /** Key that everything stored is encrypted with (AES-256-GCM): 32 bytes in hex or base64. Default: it is not encrypted. */
  readonly key?: string;
  /** Clock and timers. Default: the machine's. */
  readonly environment?: Environment;
}

/**
 * Opens the epochs of a directory, or makes it. It belongs to one process at a time, and must be on a disk of this machine: LMDB maps its
 * file into memory.
 *
 *     data.mdb    the LMDB database: one transaction is one epoch; see record-keys.ts
 *     lock.mdb    LMDB's own lock
 *     lock        the process that uses the directory
 *     newest      number of the newest epoch, as a witness beside the database
 *
 * @throws MillraceError `STATE_LOCKED`, `STATE_KEY`, `STATE_VERSION`, `STATE_CORRUPT`, `STATE_UNAVAILABLE`
 */
export async function openLmdbEpochStore(
  directory: string,
  { key, environment = systemEnvironment }: LmdbEpochStoreOptions = {},
): Promise<EpochStore> {
  const store = new LmdbEpochStore(directory, key === undefined ? undefined : parseStateKey(key), environment);
  try {
    await store.open();
  } catch (error) {
    await store.close();
    throw stateError(error, directory);
  }
  return store;
}

class LmdbEpochStore implements EpochStore {
  readonly location: string;
  private readonly secret: Buffer | undefined;
  private readonly environment: Environment;
  private lock: DirectoryLock | undefined;
  private witness: Witness | undefined;
  private epochs: StoredEpochs | undefined;
  /** Why nothing can be read or committed any more. */
  private failure: MillraceError | undefined;
  private underWay: Promise<void> | undefined;

  constructor(directory: string, secret: Buffer | undefined, environment: Environment) {
    this.location = directory;
    this.secret = secret;
    this.environment = environment;
  }

  async open(): Promise<void> {
    const made = mkdirSync(this.location, { recursive: true });
    this.lock = await DirectoryLock.acquire(this.location, this.environment);
    this.witness = await Witness.open(join(this.location, 'newest'));
    this.epochs = await this.load(undefined);
    syncDirectories(this.location, made);
  }

  newest(): StoredEpoch | undefined {
    try {
      return this.usable().newest();
    } catch (error) {
      throw stateError(error, this.location);
    }
  }

  *segments(): IterableIterator<Segment> {
    try {
      yield* this.usable().segments();
    } catch (error) {
      throw stateError(error, this.location);
    }
  }

  async commit(epoch: Epoch): Promise<void> {
    if (this.underWay !== undefined) throw new Error('an epoch is committed while another is');
    const committing = this.write(this.usable(), epoch);
    this.underWay = committing.finally(() => {
      this.underWay = undefined;
    });
    this.underWay.catch(() => {});
    await committing;
  }

  /** Waits for a commit that is under way. */
  async close(): Promise<void> {
    await this.underWay?.catch(() => {});
    const { epochs, witness, lock } = this;
    this.epochs = undefined;
    this.witness = undefined;
    this.lock = undefined;
    this.failure ??= new MillraceError('STATE_UNAVAILABLE', { where: this.location, got: 'a store that was closed' });
    await epochs?.close();
    await witness?.close();
    lock?.release();
  }

  private usable(): StoredEpochs {
    if (this.epochs === undefined) throw this.failure!;
    return this.epochs;
  }

  private async write(epochs: StoredEpochs, epoch: Epoch): Promise<void> {
    if (epoch.number !== epochs.number + 1) throw new Error(`epoch ${epoch.number} does not follow epoch ${epochs.number}`);
    try {
      if (!(await epochs.commit(epoch, () => this.environment.scheduler.turn()))) throw this.takenOver();
      await this.witness!.write(epoch.number);
    } catch (error) {
      const failure = stateError(error, this.location);
      await this.reload(epochs);
      throw failure;
    }
  }

  /** After a failed commit LMDB is opened anew: whether the epoch is there is what the file says. */
  private async reload(epochs: StoredEpochs): Promise<void> {
    this.epochs = undefined;
    try {
      await epochs.close();
      this.epochs = await this.load(epochs.opening);
    } catch (error) {
      this.failure = stateError(error, this.location);
    }
  }

  /** @param opening that of this store when the database was open before */
  private async load(opening: number | undefined): Promise<StoredEpochs> {
    const committed = await this.witness!.read();
    if (committed > 0 && !Database.existsIn(this.location)) throw new DamagedFileError('data.mdb is missing');
    const database = await Database.open(this.location);
    try {
      const epochs = new StoredEpochs(database, this.secret);
      if (epochs.number < committed) {
        throw new MillraceError('STATE_CORRUPT', {
          where: this.location,
          expected: `epoch ${committed} in data.mdb, since it was committed`,
          got: `epoch ${epochs.number} as the newest`,
          hint: `bring the newer data.mdb back; to go on from epoch ${epochs.number} all the same, and lose what came after it, remove the file 'newest'`,
        });
      }
      if (opening === undefined) epochs.beginOpening();
      else if (!epochs.continueOpening(opening)) throw this.takenOver();
      return epochs;
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  private takenOver(): MillraceError {
    return new MillraceError('STATE_LOCKED', { where: this.location, got: 'another process has taken it over' });
  }
}
