import { link, readdir, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCode } from './file-errors.ts';
import { syncDirectory } from './sink-file.ts';
import { makeDirectory, NO_LINKS, numberedName, realPathOf } from './sink-target.ts';

/** Where the files of a sink with epochs are worked on and where they appear. */
export interface EpochPlace {
  /** Whether a file of work can be published as it is and a new one begun; otherwise there is one file from beginning to end. */
  readonly rolls: boolean;
  open(): Promise<void>;
  /** Path of a file of work; hidden, and named by its owner. */
  workPath(name: string): string;
  workName(owner: string, sequence: number): string;
  /** Names of the owner's files of work. */
  leftOvers(owner: string): Promise<string[]>;
  /** Gives a file of work its own name, unless that has been done already. */
  publish(name: string): Promise<void>;
}

const SUFFIX = '.inprogress';

/** Files with running numbers in a directory, which other pipelines may write to as well. */
export class DirectoryPlace implements EpochPlace {
  readonly rolls = true;
  private readonly directory: string;
  private readonly prefix: string;
  private readonly extension: string;

  constructor(directory: string, prefix: string, extension: string) {
    this.directory = directory;
    this.prefix = prefix;
    this.extension = extension;
  }

  open(): Promise<void> {
    return makeDirectory(this.directory);
  }

  workPath(name: string): string {
    return join(this.directory, name);
  }

  workName(owner: string, sequence: number): string {
    return `.${this.prefix}.${owner}-${sequence}${SUFFIX}`;
  }

  async leftOvers(owner: string): Promise<string[]> {
    const names = await readdir(this.directory);
    return names.filter(name => name.startsWith(`.${this.prefix}.${owner}-`) && name.endsWith(SUFFIX));
  }

  async publish(name: string): Promise<void> {
    const work = this.workPath(name);
    const found = await stat(work).catch(absent);
    if (found === undefined) return;
    // With two names it was published already, and the process died before the name of work was taken away.
    if (found.nlink === 1) await this.nameIt(work);
    else await unlink(work);
    await syncDirectory(this.directory);
  }

  private async nameIt(work: string): Promise<void> {
    for (let number = await this.firstFree(); ; number++) {
      const path = join(this.directory, numberedName(this.prefix, number, this.extension));
      try {
        // A link fails where a rename would overwrite what another pipeline has published meanwhile.
        await link(work, path);
        return await unlink(work);
      } catch (error) {
        if (NO_LINKS.has(errorCode(error) ?? '')) return rename(work, path);
        if (errorCode(error) !== 'EEXIST') throw error;
      }
    }
  }

  private async firstFree(): Promise<number> {
    let free = 0;
    for (const name of await readdir(this.directory)) {
      if (!name.startsWith(`${this.prefix}-`) || !name.endsWith(this.extension)) continue;
      const digits = name.slice(this.prefix.length + 1, name.length - this.extension.length);
      if (/^\d{5,15}$/.test(digits)) free = Math.max(free, Number(digits) + 1);
    }
    return free;
  }
}

/** One file, which is replaced when all of it is there. */
export class PathPlace implements EpochPlace {
  readonly rolls = false;
  private path: string;

  constructor(path: string) {
    this.path = path;
  }

  async open(): Promise<void> {
    await makeDirectory(dirname(this.path));
    this.path = await realPathOf(this.path);
  }

  workPath(name: string): string {
    return join(dirname(this.path), name);
  }

  workName(owner: string, sequence: number): string {
    return `.${basename(this.path)}.${owner}-${sequence}${SUFFIX}`;
  }

  async leftOvers(owner: string): Promise<string[]> {
    const names = await readdir(dirname(this.path));
    return names.filter(name => name.startsWith(`.${basename(this.path)}.${owner}-`) && name.endsWith(SUFFIX));
  }

  async publish(name: string): Promise<void> {
    const work = this.workPath(name);
    if ((await stat(work).catch(absent)) === undefined) return;
    await rename(work, this.path);
    await syncDirectory(dirname(this.path));
  }
}

function absent(): undefined {}
