import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { MillraceError } from '../../../src/base/errors.ts';
import { openLmdbEpochStore } from '../../../src/state/lmdb/lmdb-epoch-store.ts';
import { isAlive, ownIdentity } from '../../../src/state/lmdb/process-identity.ts';
import { ManualEnvironment } from '../../support/manual-environment.ts';
import { tempDir } from '../../support/temp-dir.ts';

const program = fileURLToPath(new URL('programs/holder.ts', import.meta.url));

/** Another process that uses the store of a directory. */
class Holder {
  readonly process: ChildProcessByStdio<Writable, Readable, null>;
  private readonly lines: AsyncIterator<string>;

  constructor(directory: string) {
    this.process = spawn(process.execPath, ['--no-warnings', program, directory], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    return String((await this.lines.next()).value);
  }

  commit(): Promise<string> {
    this.process.stdin.write('commit\n');
    return this.line();
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await once(this.process, 'exit');
  }
}

const holders: Holder[] = [];

async function hold(directory: string): Promise<Holder> {
  const holder = new Holder(directory);
  holders.push(holder);
  expect(await holder.line()).toBe('open');
  return holder;
}

afterEach(() => {
  for (const { process } of holders.splice(0)) process.kill('SIGKILL');
});

async function errorOf(opening: Promise<unknown>): Promise<MillraceError> {
  try {
    await opening;
  } catch (error) {
    if (error instanceof MillraceError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a directory', () => {
  test('that a live process uses is locked, and free at once when it was killed', async () => {
    const directory = await tempDir();
    const holder = await hold(directory);
    const error = await errorOf(openLmdbEpochStore(directory));
    expect(error.code).toBe('STATE_LOCKED');
    expect(error.details.got).toContain(`process ${holder.process.pid}`);
    // The attempt has taken nothing away.
    expect((await errorOf(openLmdbEpochStore(directory))).code).toBe('STATE_LOCKED');
    expect(await holder.commit()).toBe('committed 1');
    await holder.kill();
    const store = await openLmdbEpochStore(directory);
    expect(store.newest()).toMatchObject({ number: 1, control: 'holder' });
    await store.close();
  });

  test('is given back when its store is closed', async () => {
    const directory = await tempDir();
    const holder = await hold(directory);
    holder.process.stdin.end();
    expect(await holder.line()).toBe('closed');
    expect(existsSync(join(directory, 'lock'))).toBe(false);
    await (await openLmdbEpochStore(directory)).close();
  });

  test('is locked for the process that uses it, too', async () => {
    const directory = await tempDir();
    const store = await openLmdbEpochStore(directory);
    const error = await errorOf(openLmdbEpochStore(directory));
    expect([error.code, error.details.got]).toEqual(['STATE_LOCKED', `held by process ${process.pid} on ${ownIdentity().host}`]);
    await store.commit({ number: 1, timeMs: 0, control: null, segments: [], superseded: [], pending: [] });
    await store.close();
  });

  test('is given back when it cannot be opened', async () => {
    const directory = await tempDir();
    await (await openLmdbEpochStore(directory)).close();
    expect((await errorOf(openLmdbEpochStore(directory, { key: 'ab'.repeat(32) }))).code).toBe('STATE_KEY');
    expect(existsSync(join(directory, 'lock'))).toBe(false);
  });
});

describe('a lock', () => {
  test('of a process whose number was given to another one since is left behind', async () => {
    const directory = await tempDir();
    writeFileSync(join(directory, 'lock'), JSON.stringify({ ...ownIdentity(), started: 'long ago' }));
    await (await openLmdbEpochStore(directory)).close();
  });

  test.each([
    ['of a process that cannot be seen', JSON.stringify({ ...ownIdentity(), system: 'another' })],
    ['that its process had not finished', ''],
  ])('%s is waited for', async (_, text) => {
    const directory = await tempDir();
    const path = join(directory, 'lock');
    writeFileSync(path, text);

    // It is touched: its process is alive.
    const environment = new ManualEnvironment(Date.now());
    let opening = errorOf(openLmdbEpochStore(directory, { environment }));
    await untilItWaits(environment);
    environment.advance(1000);
    await untilItWaits(environment);
    utimesSync(path, new Date(), new Date(statSync(path).mtimeMs + 2000));
    environment.advance(1000);
    expect((await opening).code).toBe('STATE_LOCKED');
    expect(readFileSync(path, 'utf8')).toBe(text);

    // It is not touched for long enough.
    let open = false;
    const store = openLmdbEpochStore(directory, { environment });
    store.then(
      () => (open = true),
      () => {},
    );
    for (let seconds = 0; seconds < 4; seconds++) {
      await untilItWaits(environment);
      environment.advance(1000);
      expect(open).toBe(false);
    }
    while (!open) {
      environment.advance(1000);
      await new Promise(resolve => setImmediate(resolve));
    }
    await (await store).close();

    // It was not touched for so long that there is no need to wait.
    writeFileSync(path, text);
    environment.advance(100_000);
    await (await openLmdbEpochStore(directory, { environment })).close();

    // It goes away meanwhile.
    writeFileSync(path, text);
    environment.now = Date.now();
    opening = openLmdbEpochStore(directory, { environment }).then(async s => {
      await s.close();
      return new MillraceError('STATE_LOCKED');
    });
    await untilItWaits(environment);
    rmSync(path);
    environment.advance(1000);
    await opening;
  });
});

test('a process whose directory another one has taken over can commit nothing more', async () => {
  const directory = await tempDir();
  const holder = await hold(directory);
  expect(await holder.commit()).toBe('committed 1');
  rmSync(join(directory, 'lock'));
  const store = await openLmdbEpochStore(directory);
  expect(await holder.commit()).toBe('STATE_LOCKED');
  expect(store.newest()!.number).toBe(1);
  await store.commit({ number: 2, timeMs: 0, control: 'ours', segments: [], superseded: [], pending: [] });
  expect(store.newest()).toMatchObject({ number: 2, control: 'ours' });
  expect(existsSync(join(directory, 'lock'))).toBe(true);
  await store.close();
});

test('processes are told apart by when they began', async () => {
  const own = ownIdentity();
  expect(isAlive(own)).toBe(true);
  expect(isAlive({ ...own, started: `${own.started}0` })).toBe(false);
  expect(isAlive({ ...own, system: 'another' })).toBeUndefined();
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  expect(isAlive({ ...own, pid: child.pid! })).toBe(false);
});

async function untilItWaits(environment: ManualEnvironment): Promise<void> {
  while (environment.pending === 0) await new Promise(resolve => setImmediate(resolve));
}
