import { type FileHandle, open } from 'node:fs/promises';
import { createGzip, type Gzip } from 'node:zlib';
import { MillraceError } from '../../base/errors.ts';
import { readError, writeError } from './file-errors.ts';

/** A file of work that can be cut back to where an epoch left it and gone on with. */
export class EpochFile {
  readonly name: string;
  private readonly path: string;
  private readonly handle: FileHandle;
  private readonly packs: boolean;
  /** Bytes on the disk. */
  private length: number;
  /** The part of a packed file since the last barrier: parts of gzip stand one behind the other. */
  private gzip: Gzip | undefined;
  private packed: Buffer[] = [];

  private constructor(name: string, path: string, handle: FileHandle, packs: boolean, length: number) {
    this.name = name;
    this.path = path;
    this.handle = handle;
    this.packs = packs;
    this.length = length;
  }

  /** A new file. */
  static async create(name: string, path: string, packs: boolean): Promise<EpochFile> {
    try {
      return new EpochFile(name, path, await open(path, 'w'), packs, 0);
    } catch (error) {
      throw writeError(path, error);
    }
  }

  /** The file as an epoch left it: what was written later was never committed. */
  static async reopen(name: string, path: string, packs: boolean, length: number): Promise<EpochFile> {
    let handle: FileHandle;
    try {
      handle = await open(path, 'r+');
    } catch (error) {
      throw readError(path, error);
    }
    const { size } = await handle.stat();
    if (size < length) {
      await handle.close();
      throw new MillraceError('FILE_CORRUPT', {
        where: path,
        expected: `at least ${length} bytes, which the state says were written`,
        got: `${size} bytes`,
        hint: 'put the file back as it was, or start with a new state directory',
      });
    }
    await handle.truncate(length);
    return new EpochFile(name, path, handle, packs, length);
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.packs) return this.writePlain(bytes);
    if (this.gzip === undefined) {
      this.gzip = createGzip();
      this.gzip.on('data', (packed: Buffer) => this.packed.push(packed));
      // Whoever writes is told too.
      this.gzip.on('error', () => {});
    }
    const { gzip } = this;
    await new Promise<void>((resolve, reject) => gzip.write(bytes, error => (error ? reject(error) : resolve())));
    await this.writePacked();
  }

  /** Makes sure that all of it is on the disk. Returns its length. */
  async sync(): Promise<number> {
    const { gzip } = this;
    this.gzip = undefined;
    if (gzip !== undefined) {
      await new Promise((resolve, reject) => gzip.on('end', resolve).on('error', reject).end());
      await this.writePacked();
    }
    try {
      await this.handle.datasync();
    } catch (error) {
      throw writeError(this.path, error);
    }
    return this.length;
  }

  close(): Promise<void> {
    this.gzip?.destroy();
    return this.handle.close();
  }

  private async writePacked(): Promise<void> {
    const { packed } = this;
    this.packed = [];
    if (packed.length > 0) await this.writePlain(Buffer.concat(packed));
  }

  private async writePlain(bytes: Uint8Array): Promise<void> {
    try {
      for (let from = 0; from < bytes.length; ) {
        const { bytesWritten } = await this.handle.write(bytes, from, bytes.length - from, this.length);
        from += bytesWritten;
        this.length += bytesWritten;
      }
    } catch (error) {
      throw writeError(this.path, error);
    }
  }
}
