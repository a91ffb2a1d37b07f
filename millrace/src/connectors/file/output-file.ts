import { type FileHandle, link, mkdir, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCode, writeError } from './file-errors.ts';

/**
 * A file that is written under a hidden name, `.name.inprogress`, and gets its own name in one step when it is complete. Whoever looks sees the
 * file that was there before or the whole new one, never a part.
 */
export class OutputFile {
  readonly path: string;
  private readonly handle: FileHandle;
  private closed = false;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.handle = handle;
  }

  /**
   * Begins the file, and the directory it stands in. What a run that failed left unfinished under that name is replaced.
   *
   * @param exclusive fail with EEXIST, as thrown, when someone is writing a file of that name
   */
  static async begin(path: string, exclusive: boolean): Promise<OutputFile> {
    try {
      await mkdir(dirname(path), { recursive: true });
      return new OutputFile(path, await open(inProgressPath(path), exclusive ? 'wx' : 'w'));
    } catch (error) {
      if (exclusive && errorCode(error) === 'EEXIST') throw error;
      throw writeError(path, error);
    }
  }

  async write(parts: readonly Uint8Array[]): Promise<void> {
    try {
      for (const part of parts) for (let done = 0; done < part.length; ) done += (await this.handle.write(part, done)).bytesWritten;
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  /** Makes the file visible in the place of whatever bore its name, once all its bytes are on the disk. */
  async replace(): Promise<void> {
    await this.publish(() => rename(inProgressPath(this.path), this.path));
  }

  /** Makes the file visible under its name, or under another if that has been taken meanwhile. */
  async add(otherPath: () => string): Promise<void> {
    await this.publish(async () => {
      const written = inProgressPath(this.path);
      for (let path = this.path; !(await linkUnlessTaken(written, path)); ) path = otherPath();
      await unlink(written);
    });
  }

  private async publish(giveName: () => Promise<void>): Promise<void> {
    try {
      await this.handle.sync();
      await this.abandon();
      await giveName();
      await syncDirectory(dirname(this.path));
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  /** Leaves the file as it is, under its hidden name. */
  async abandon(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.handle.close();
  }
}

export function inProgressPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.inprogress`);
}

/** A link fails where a rename would overwrite. */
async function linkUnlessTaken(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** A name is on the disk only when its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
