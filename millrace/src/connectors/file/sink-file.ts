import type { FileHandle } from 'node:fs/promises';
import { lstat, open, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createGzip } from 'node:zlib';
import { MillraceError } from '../../base/errors.ts';
import { errorCode, writeError } from './file-errors.ts';

/** A file that is being written. */
export interface SinkFile {
  write(bytes: Uint8Array): Promise<void>;
  /** Makes the file visible under its name, once all of it is on the disk. */
  publish(): Promise<void>;
  /** Leaves the file as it is. */
  abandon(): Promise<void>;
}

/** Where a file is written before it has its name. */
export function inProgressPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.inprogress`);
}

/** Writes a file under its name of work, and gives it its own in one step. */
export class InProgressFile implements SinkFile {
  readonly path: string;
  private readonly handle: FileHandle;
  private readonly name: (written: string) => Promise<void>;

  private constructor(path: string, handle: FileHandle, name: (written: string) => Promise<void>) {
    this.path = path;
    this.handle = handle;
    this.name = name;
  }

  /**
   * @param name gives what was written under this path its own name
   * @returns undefined when there is one in progress already
   */
  static async create(path: string, name: (written: string) => Promise<void>): Promise<InProgressFile | undefined> {
    try {
      return new InProgressFile(path, await open(inProgressPath(path), 'wx'), name);
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return undefined;
      throw writeError(path, error);
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      // Goes on from where the last write ended, and does not leave a part of the bytes out.
      await this.handle.writeFile(bytes);
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  async publish(): Promise<void> {
    const written = inProgressPath(this.path);
    try {
      await this.handle.sync();
      await this.checkOwned(written);
      await this.handle.close();
      await this.name(written);
      await syncDirectory(dirname(this.path));
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  abandon(): Promise<void> {
    return this.handle.close();
  }

  /** As if it had never been begun. */
  async discard(): Promise<void> {
    await this.handle.close();
    await unlink(inProgressPath(this.path));
  }

  /** Whether what stands there is still this file: another process that writes the same path replaces it. */
  private async checkOwned(written: string): Promise<void> {
    const [own, there] = await Promise.all([this.handle.stat({ bigint: true }), lstat(written, { bigint: true }).catch(() => undefined)]);
    if (there?.ino === own.ino && there.dev === own.dev) return;
    throw new MillraceError('FILE_WRITE_FAILED', {
      where: this.path,
      expected: 'to be the only one that writes the file',
      got: there === undefined ? `${written} was removed` : `${written} was replaced`,
      hint: 'write each file from one pipeline, or write to a directory, which several can share',
    });
  }
}

/** A device or a pipe, which is written as it is and has nothing to publish. */
export class SpecialFile implements SinkFile {
  private readonly path: string;
  private readonly handle: FileHandle;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.handle = handle;
  }

  static async open(path: string): Promise<SpecialFile> {
    try {
      return new SpecialFile(path, await open(path, 'w'));
    } catch (error) {
      throw writeError(path, error);
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      await this.handle.writeFile(bytes);
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  publish(): Promise<void> {
    return this.handle.close();
  }

  abandon(): Promise<void> {
    return this.handle.close();
  }
}

/** Packs what is written into another file. */
export class GzipFile implements SinkFile {
  private readonly file: SinkFile;
  private readonly gzip = createGzip();
  private packed: Buffer[] = [];

  constructor(file: SinkFile) {
    this.file = file;
    this.gzip.on('data', (bytes: Buffer) => this.packed.push(bytes));
    // Whoever writes is told too.
    this.gzip.on('error', () => {});
  }

  async write(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => this.gzip.write(bytes, error => (error ? reject(error) : resolve())));
    await this.writePacked();
  }

  async publish(): Promise<void> {
    await new Promise((resolve, reject) => this.gzip.on('end', resolve).on('error', reject).end());
    await this.writePacked();
    await this.file.publish();
  }

  async abandon(): Promise<void> {
    this.gzip.destroy();
    await this.file.abandon();
  }

  private async writePacked(): Promise<void> {
    const { packed } = this;
    this.packed = [];
    if (packed.length > 0) await this.file.write(Buffer.concat(packed));
  }
}

/** Errors by which platforms say that a directory cannot be opened or synchronised. */
const NO_DIRECTORY_SYNC = new Set(['EACCES', 'EBADF', 'EINVAL', 'EISDIR', 'ENOTSUP', 'EPERM']);

/** A name is on the disk only when its directory is. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    const directory = await open(path, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  } catch (error) {
    if (!NO_DIRECTORY_SYNC.has(errorCode(error) ?? '')) throw error;
  }
}
