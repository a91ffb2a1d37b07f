import { statSync } from 'node:fs';
import { join } from 'node:path';
import type * as Lmdb from 'lmdb';
import { checkFile } from './check-file.ts';
import type { KeyRange } from './record-keys.ts';

export interface Put {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** What a transaction does. */
export interface Changes {
  readonly puts: readonly Put[];
  readonly removes: readonly Buffer[];
}

const DATA_FILE = 'data.mdb';

/** An LMDB database with binary keys and values. */
export class Database {
  private readonly lmdb: typeof Lmdb;
  private readonly root: Lmdb.RootDatabase<Buffer, Buffer>;

  private constructor(lmdb: typeof Lmdb, root: Lmdb.RootDatabase<Buffer, Buffer>) {
    this.lmdb = lmdb;
    this.root = root;
  }

  /** An empty file is as good as none: LMDB was killed before it wrote anything. */
  static existsIn(directory: string): boolean {
    return (statSync(join(directory, DATA_FILE), { throwIfNoEntry: false })?.size ?? 0) > 0;
  }

  /**
   * Opens the database of a directory, or makes it.
   *
   * @throws DamagedFileError, and what LMDB throws
   */
  static async open(directory: string): Promise<Database> {
    if (Database.existsIn(directory)) checkFile(join(directory, DATA_FILE));
    // Programs without stored state do not load it.
    const lmdb = await import('lmdb');
    const root = lmdb.open<Buffer, Buffer>({
      path: directory,
      noSubdir: false,
      encoding: 'binary',
      keyEncoding: 'binary',
      cache: false,
      // A commit is over when all of it is on the disk: data, then the head page that makes it valid.
      overlappingSync: false,
      // Only what is handed over together is one transaction.
      eventTurnBatching: false,
    });
    return new Database(lmdb, root);
  }

  get(key: Buffer): Buffer | undefined {
    return this.root.get(key);
  }

  *keys(range: KeyRange): IterableIterator<Buffer> {
    for (const key of this.root.getKeys({ ...range })) yield Buffer.from(key);
  }

  *entries(range: KeyRange): IterableIterator<{ key: Buffer; value: Buffer }> {
    for (const { key, value } of this.root.getRange({ ...range })) yield { key: Buffer.from(key), value };
  }

  /** Writes at once, and returns when it is on the disk. */
  writeNow({ puts, removes }: Changes): void {
    this.root.transactionSync(() => {
      for (const key of removes) this.root.removeSync(key);
      for (const { key, value } of puts) this.root.putSync(key, value);
    });
  }

  /**
   * Writes on a thread of LMDB's, if there is a record under the key `provided`. Resolves when it is on the disk; with false when there is no
   * such record.
   */
  async write(provided: Buffer, { puts, removes }: Changes): Promise<boolean> {
    try {
      return await this.root.ifVersion(provided, this.lmdb.IF_EXISTS, () => {
        for (const key of removes) void this.root.remove(key);
        for (const { key, value } of puts) void this.root.put(key, value);
      });
    } catch (error) {
      throw await commitError(error);
    }
  }

  close(): Promise<void> {
    return this.root.close();
  }
}

/** LMDB tells why a commit failed by a promise that rejects. */
async function commitError(error: unknown): Promise<unknown> {
  try {
    await (error as { commitError?: Promise<never> }).commitError;
  } catch (cause) {
    return cause;
  }
  return error;
}
