import { closeSync, openSync, readFileSync, renameSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../../base/environment.ts';
import { MillraceError } from '../../base/errors.ts';
import { everyMs } from '../../base/system.ts';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.ts';

/** How often the holder touches its lock. */
const TOUCH_MS = 1_000;

/** After how long without a touch the lock of a process that cannot be seen, as one in another container, counts as left behind. */
const PATIENCE_MS = 5_000;

/** With that long since the last touch there is nothing to wait for, even where clocks of machines differ. */
const LONG_AGO_MS = 60_000;

/** How often the waiting looks. */
const LOOK_MS = 200;

/**
 * A file that says which process uses a directory. That of a process that has died is taken over at once where this can be seen, and else
 * when it has not been touched for a while. Two that take over at the same moment may both succeed: the store lets only one of them write.
 */
export class DirectoryLock {
  private readonly path: string;
  private readonly text: string;
  private readonly stopTouching: () => void;

  private constructor(path: string, text: string, { clock }: Environment) {
    this.path = path;
    this.text = text;
    this.stopTouching = everyMs(TOUCH_MS, () => {
      const nowSeconds = clock.now() / 1000;
      // That the lock was taken away is found out by the next commit.
      utimes(path, nowSeconds, nowSeconds).catch(() => {});
    });
  }

  /** @throws MillraceError `STATE_LOCKED`; what the file system throws */
  static async acquire(directory: string, environment: Environment): Promise<DirectoryLock> {
    const path = join(directory, 'lock');
    const text = JSON.stringify(ownIdentity());
    while (!create(path, text)) {
      const found = read(path);
      if (found === undefined || !(await isLeftBehind(path, found, environment))) continue;
      if (read(path) === found) remove(path, text);
    }
    return new DirectoryLock(path, text, environment);
  }

  release(): void {
    this.stopTouching();
    if (read(this.path) === this.text) unlinkSync(this.path);
  }
}

function create(path: string, text: string): boolean {
  let file: number;
  try {
    file = openSync(path, 'wx');
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    writeSync(file, text);
  } finally {
    closeSync(file);
  }
  return true;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Takes it away in one step, so that only one of several succeeds. */
function remove(path: string, text: string): void {
  const aside = `${path}.${(JSON.parse(text) as ProcessIdentity).pid}`;
  try {
    renameSync(path, aside);
    unlinkSync(aside);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/**
 * Whether the holder is gone; false when the lock has changed meanwhile.
 *
 * @throws MillraceError `STATE_LOCKED`
 */
async function isLeftBehind(path: string, text: string, environment: Environment): Promise<boolean> {
  const holder = parse(text);
  const alive = holder && isAlive(holder);
  if (alive === false) return true;
  if (alive === true || (await isTouched(path, environment))) throw locked(path, holder);
  return read(path) === text;
}

/** Waits until it has been touched, or has not been for long enough. */
async function isTouched(path: string, { clock, scheduler }: Environment): Promise<boolean> {
  const touchedMs = touchTime(path);
  if (touchedMs === undefined || clock.now() - touchedMs > LONG_AGO_MS) return false;
  for (const until = clock.elapsed() + PATIENCE_MS; clock.elapsed() < until; ) {
    await new Promise<void>(resolve => scheduler.at(clock.now() + LOOK_MS, resolve));
    const nowTouchedMs = touchTime(path);
    if (nowTouchedMs === undefined) return false;
    if (nowTouchedMs !== touchedMs) return true;
  }
  return false;
}

function touchTime(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

function parse(text: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(text) as ProcessIdentity;
  } catch {
    // Its holder died, or is about to write it.
    return undefined;
  }
}

function locked(path: string, holder: ProcessIdentity | undefined): MillraceError {
  const got = holder === undefined ? 'a lock that someone is making' : `held by process ${holder.pid} on ${holder.host}`;
  return new MillraceError('STATE_LOCKED', { where: path, got });
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
