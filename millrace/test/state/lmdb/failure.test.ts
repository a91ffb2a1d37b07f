import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { MillraceError } from '../../../src/base/errors.ts';
import { openLmdbEpochStore } from '../../../src/state/lmdb/lmdb-epoch-store.ts';
import { tempDir } from '../../support/temp-dir.ts';

const holder = fileURLToPath(new URL('programs/holder.ts', import.meta.url));
const filler = fileURLToPath(new URL('programs/filler.ts', import.meta.url));

async function errorOf(opening: Promise<unknown>): Promise<MillraceError> {
  try {
    await opening;
  } catch (error) {
    if (error instanceof MillraceError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

function canLiftLimits(): boolean {
  try {
    execFileSync('prlimit', ['--version']);
    return true;
  } catch {
    return false;
  }
}

describe('a directory that cannot be used', () => {
  test('because a file is in its place', async () => {
    const path = join(await tempDir(), 'file');
    writeFileSync(path, '');
    for (const directory of [path, join(path, 'below')]) {
      const error = await errorOf(openLmdbEpochStore(directory));
      expect([error.code, error.details.where]).toEqual(['STATE_UNAVAILABLE', directory]);
    }
  });

  test.skipIf(process.platform === 'win32')('because it may not be written', async () => {
    const directory = await tempDir();
    const path = join(directory, 'state');
    mkdirSync(path);
    chmodSync(directory, 0o755);
    chmodSync(path, 0o555);
    // The superuser may write everything; another user is nobody special.
    const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
    const { stdout } = spawnSync(process.execPath, ['--no-warnings', holder, path], { encoding: 'utf8', ...user });
    expect(stdout.trim()).toBe('STATE_UNAVAILABLE');
  });

  test('is made when it is not there', async () => {
    const path = join(await tempDir(), 'a', 'b');
    await (await openLmdbEpochStore(path)).close();
    await (await openLmdbEpochStore(path)).close();
  });
});

describe('a store that was closed', () => {
  test('says so, and may be closed again', async () => {
    const store = await openLmdbEpochStore(await tempDir());
    await store.close();
    await store.close();
    expect(() => store.newest()).toThrow('a store that was closed');
    expect(() => [...store.segments()]).toThrow('a store that was closed');
    const commit = store.commit({ number: 1, timeMs: 0, control: null, segments: [], superseded: [], pending: [] });
    expect((await errorOf(commit)).code).toBe('STATE_UNAVAILABLE');
  });

  test('has waited for the commit that was under way', async () => {
    const directory = await tempDir();
    let store = await openLmdbEpochStore(directory);
    const bytes = Buffer.alloc(5_000_000, 1);
    const commit = store.commit({
      number: 1,
      timeMs: 0,
      control: null,
      segments: [{ operator: 'op', table: 't', bytes }],
      superseded: [],
      pending: [],
    });
    await store.close();
    await commit;
    store = await openLmdbEpochStore(directory);
    expect(store.newest()!.number).toBe(1);
    await store.close();
  });
});

test.skipIf(!canLiftLimits())(
  'a commit for which there is no room leaves what was there, and the store goes on when there is room again',
  async () => {
    const directory = await tempDir();
    // Units of 512 bytes or of 1 KiB, depending on the shell; a few megabytes in any case.
    const script = `ulimit -S -f 6000; exec "$0" --no-warnings "$1" "$2"`;
    const { stdout, status } = spawnSync('sh', ['-c', script, process.execPath, filler, directory], { encoding: 'utf8' });
    const lines = stdout.trim().split('\n');
    const failed = lines.findIndex(line => line.startsWith('STATE'));
    expect(status, stdout).toBe(0);
    expect(failed).toBeGreaterThan(5);
    expect(lines).toEqual([
      ...Array.from({ length: failed }, (_, i) => `committed ${i + 1}`),
      ...Array.from({ length: 2 }, () => `STATE_UNAVAILABLE at ${failed + 1}, newest ${failed}`),
      ...Array.from({ length: 3 }, (_, i) => `committed ${failed + 1 + i}`),
    ]);
    const store = await openLmdbEpochStore(directory);
    expect(store.newest()).toMatchObject({ number: failed + 3, control: failed + 3 });
    const expected = Array.from({ length: failed + 3 }, (_, i) => Buffer.alloc(200_000, i + 1));
    expect([...store.segments()].every(({ bytes }, i) => expected[i]!.equals(bytes))).toBe(true);
    await store.close();
  },
);
