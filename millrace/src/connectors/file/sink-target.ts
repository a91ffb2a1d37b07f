import { access, constants, link, lstat, mkdir, readdir, realpath, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MillraceError } from '../../base/errors.ts';
import { errorCode, writeError } from './file-errors.ts';
import { GzipFile, InProgressFile, inProgressPath, type SinkFile, SpecialFile } from './sink-file.ts';

/** Where the files of a sink go. */
export interface SinkTarget {
  /** Sees, before the first record, that files can be written. */
  prepare(): Promise<void>;
  /** Begins the next file. */
  begin(): Promise<SinkFile>;
}

/** One file, which is replaced by what is published. */
export class PathTarget implements SinkTarget {
  private readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  async prepare(): Promise<void> {}

  async begin(): Promise<SinkFile> {
    const file = await this.beginPlain();
    return this.path.endsWith('.gz') ? new GzipFile(file) : file;
  }

  private async beginPlain(): Promise<SinkFile> {
    await makeDirectory(dirname(this.path));
    const target = await stat(this.path).catch(absent);
    if (target?.isDirectory()) {
      throw new MillraceError('FILE_WRITE_FAILED', {
        where: this.path,
        expected: 'a file',
        got: 'a directory',
        hint: 'choose another path, or use { directory } to write files into it',
      });
    }
    if (target !== undefined && !target.isFile()) return SpecialFile.open(this.path);
    // A link stays, and what it leads to is replaced.
    const path = target === undefined ? this.path : await realpath(this.path);
    const name = (written: string) => rename(written, path);
    return (await InProgressFile.create(path, name)) ?? this.replaceLeftOver(path, name);
  }

  /** A run that failed left its file; that of a run that goes on loses its place, and is not published. */
  private async replaceLeftOver(path: string, name: (written: string) => Promise<void>): Promise<SinkFile> {
    try {
      await unlink(inProgressPath(path));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw writeError(path, error);
    }
    const file = await InProgressFile.create(path, name);
    if (file !== undefined) return file;
    throw new MillraceError('FILE_WRITE_FAILED', { where: path, expected: 'to be the only one that writes the file', got: 'another one' });
  }
}

/** Digits of a file's number; more where they are needed. */
const DIGITS = 5;

/**
 * Files with running numbers in a directory: `part-00000.jsonl`, `part-00001.jsonl`. Whoever creates the file of work of a number has that
 * number, so that several processes can write to one directory. The numbers of files that were never finished are not used again.
 */
export class DirectoryTarget implements SinkTarget {
  private readonly directory: string;
  private readonly prefix: string;
  private readonly extension: string;
  private next = 0;

  constructor(directory: string, prefix: string, extension: string) {
    this.directory = directory;
    this.prefix = prefix;
    this.extension = extension;
  }

  async prepare(): Promise<void> {
    await makeDirectory(this.directory);
    try {
      await access(this.directory, constants.W_OK | constants.X_OK);
      this.next = await this.firstFree();
    } catch (error) {
      throw writeError(this.directory, error);
    }
  }

  async begin(): Promise<SinkFile> {
    await makeDirectory(this.directory);
    for (;;) {
      const path = this.pathOf(this.next++);
      const file = await InProgressFile.create(path, written => this.name(written, path));
      if (file === undefined) continue;
      // Its owner may have published it between the look at the directory and now.
      if ((await lstat(path).catch(absent)) === undefined) return file;
      await file.discard();
    }
  }

  /** Gives the file its name, or that of a later number when someone else has taken it meanwhile. */
  private async name(written: string, path: string): Promise<void> {
    for (let free = path; ; free = this.pathOf(this.next++)) {
      try {
        // A link fails where a rename would overwrite.
        await link(written, free);
        break;
      } catch (error) {
        if (NO_LINKS.has(errorCode(error) ?? '')) return rename(written, free);
        if (errorCode(error) !== 'EEXIST') throw error;
      }
    }
    await unlink(written);
  }

  private pathOf(number: number): string {
    return join(this.directory, numberedName(this.prefix, number, this.extension));
  }

  /** The number after those of all files that are there, unfinished ones included. */
  private async firstFree(): Promise<number> {
    let free = 0;
    for (const entry of await readdir(this.directory)) {
      const name = entry.startsWith('.') && entry.endsWith('.inprogress') ? entry.slice(1, -'.inprogress'.length) : entry;
      if (!name.startsWith(`${this.prefix}-`) || !name.endsWith(this.extension)) continue;
      const digits = name.slice(this.prefix.length + 1, name.length - this.extension.length);
      if (/^\d{5,15}$/.test(digits)) free = Math.max(free, Number(digits) + 1);
    }
    return free;
  }
}

export function numberedName(prefix: string, number: number, extension: string): string {
  return `${prefix}-${String(number).padStart(DIGITS, '0')}${extension}`;
}

/** What a link leads to; the path itself where there is no link. */
export async function realPathOf(path: string): Promise<string> {
  return (await lstat(path).catch(absent)) === undefined ? path : realpath(path);
}

/** Errors by which file systems say that they have no hard links. */
export const NO_LINKS = new Set(['ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EMLINK']);

export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST' && errorCode(error) !== 'ENOTDIR') throw writeError(path, error);
    throw new MillraceError('FILE_WRITE_FAILED', {
      where: path,
      expected: 'a directory',
      got: 'a file, there or on the way to it',
      hint: 'choose another path',
      cause: error,
    });
  }
}

/** What is not there is undefined; any other error will show when the file is created. */
function absent(): undefined {}
