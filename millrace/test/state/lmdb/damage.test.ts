import { copyFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MillraceError } from '../../../src/base/errors.ts';
import type { EpochStore } from '../../../src/spi/epoch-store.ts';
import { openLmdbEpochStore } from '../../../src/state/lmdb/lmdb-epoch-store.ts';
import { LoggedStateBackend } from '../../../src/state/logged-state.ts';
import { tempDir } from '../../support/temp-dir.ts';

const key = 'ab'.repeat(32);
const PAGE = 4096;

const runs = 60;

/** A directory with the epochs that some churn has left: long and short values, free pages, trees of two levels. */
async function churn(directory: string, options: { key?: string } = {}): Promise<void> {
  const store = await openLmdbEpochStore(directory, options);
  const state = new LoggedStateBackend({ logBytesMin: 0, portionBytesMin: 5000 });
  const tables = Array.from({ length: 40 }, (_, i) => state.operator(`op${i}`).table<string>('t').space(0));
  for (let number = 1; number <= 40; number++) {
    for (const [i, space] of tables.entries()) {
      const text = `${number} `.repeat(i < 20 ? 10 : 800);
      const cell = space.get(number % 5);
      if (cell === undefined) space.add(number % 5, text);
      else {
        cell.value = text;
        space.mark(cell);
      }
    }
    const pending = [{ sink: 's', data: number, bytes: Buffer.alloc(30_000, number) }];
    await store.commit({ number, timeMs: number, control: { number }, pending, ...state.collect(number) });
  }
  await store.close();
}

/** All that a store holds. */
function read(store: EpochStore): string {
  return JSON.stringify([store.newest(), [...store.segments()].map(s => [s.operator, s.table, Buffer.from(s.bytes).toString('base64')])]);
}

async function readDirectory(directory: string, options: { key?: string } = {}): Promise<string> {
  const store = await openLmdbEpochStore(directory, options);
  try {
    return read(store);
  } finally {
    await store.close();
  }
}

async function errorOf(act: () => Promise<unknown>): Promise<MillraceError> {
  try {
    await act();
  } catch (error) {
    if (error instanceof MillraceError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

let directory: string;
let data: Buffer;
let contents: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-'));
  await churn(directory);
  contents = await readDirectory(directory);
  data = readFileSync(join(directory, 'data.mdb'));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Opens a copy of the directory whose data file was replaced. */
async function readDamaged(bytes: Uint8Array): Promise<string> {
  const copy = await tempDir();
  writeFileSync(join(copy, 'data.mdb'), bytes);
  copyFileSync(join(directory, 'newest'), join(copy, 'newest'));
  try {
    const store = await openLmdbEpochStore(copy);
    try {
      const found = read(store);
      // What is not found out must do no harm later either, as a wrong list of free pages would.
      const bytes = Buffer.alloc(300_000, 1);
      const { number } = store.newest()!;
      for (const next of [number + 1, number + 2, number + 3]) {
        await store.commit({
          number: next,
          timeMs: 0,
          control: null,
          pending: [],
          segments: [{ operator: 'op0', table: 't', bytes }],
          superseded: [],
        });
      }
      const later = JSON.parse(read(store)) as [unknown, unknown[]];
      expect(later[1].filter(s => !JSON.stringify(s).includes(bytes.toString('base64')))).toEqual(
        (JSON.parse(found) as [unknown, unknown[]])[1],
      );
      return found;
    } finally {
      await store.close();
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

async function expectFoundOrHarmless(bytes: Uint8Array): Promise<string> {
  try {
    const found = await readDamaged(bytes);
    expect(found).toBe(contents);
    return 'harmless';
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    // A wrong list of free pages may first show as a write that the system refuses.
    expect(['STATE_CORRUPT', 'STATE_VERSION', 'STATE_UNAVAILABLE'], error.message).toContain(error.code);
    return 'found';
  }
}

describe('a damaged data file', () => {
  test('that was cut off is found out, wherever it was', async () => {
    const lastUsed = data.length;
    for (const length of [1, 100, PAGE, PAGE + 100, 2 * PAGE, 5 * PAGE, Math.floor(lastUsed / 2), lastUsed - PAGE]) {
      await expectFoundOrHarmless(data.subarray(0, length));
    }
    expect((await errorOf(() => readDamaged(data.subarray(0, Math.floor(data.length / 2))))).code).toBe('STATE_CORRUPT');
    expect((await errorOf(() => readDamaged(data.subarray(0, 0)))).code).toBe('STATE_CORRUPT');
  });

  test('with a changed byte is found out, or the byte was not in use', async () => {
    const outcomes = { found: 0, harmless: 0 };
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: data.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = Buffer.from(data);
        bytes[at]! ^= change;
        outcomes[(await expectFoundOrHarmless(bytes)) as keyof typeof outcomes]++;
      }),
      { numRuns: runs },
    );
    expect(outcomes.found).toBeGreaterThan(runs / 10);
  });

  test('with a changed byte in what describes its structure is found out', async () => {
    // The heads, and the first bytes of every page.
    const places = fc.oneof(
      fc.nat({ max: 2 * PAGE - 1 }).filter(at => at % PAGE < 200),
      fc.tuple(fc.nat({ max: Math.floor(data.length / PAGE) - 1 }), fc.nat({ max: 60 })).map(([page, at]) => page * PAGE + at),
    );
    await fc.assert(
      fc.asyncProperty(places, fc.nat({ max: 7 }), async (at, bit) => {
        const bytes = Buffer.from(data);
        bytes[at]! ^= 1 << bit;
        await expectFoundOrHarmless(bytes);
      }),
      { numRuns: runs },
    );
  });

  test('that is another kind of file is found out', async () => {
    const error = await errorOf(() => readDamaged(Buffer.alloc(100_000, 'no database ')));
    expect(error.code).toBe('STATE_CORRUPT');
    expect(error.message).toContain('none of LMDB');
  });

  test('that is missing is found out', async () => {
    const copy = await tempDir();
    copyFileSync(join(directory, 'newest'), join(copy, 'newest'));
    writeFileSync(join(copy, 'data.mdb'), '');
    expect((await errorOf(() => openLmdbEpochStore(copy))).message).toContain('data.mdb is missing');
    rmSync(join(copy, 'data.mdb'));
    const error = await errorOf(() => openLmdbEpochStore(copy));
    expect([error.code, error.details.where]).toEqual(['STATE_CORRUPT', copy]);
    expect(error.message).toContain('data.mdb is missing');
    // Not even the attempt makes a new one.
    expect((await errorOf(() => openLmdbEpochStore(copy))).code).toBe('STATE_CORRUPT');
  });

  test('that is empty is no damage where nothing was ever committed', async () => {
    const copy = await tempDir();
    writeFileSync(join(copy, 'data.mdb'), '');
    const store = await openLmdbEpochStore(copy);
    expect(store.newest()).toBeUndefined();
    await store.close();
  });

  test('that is older than what was committed is found out', async () => {
    const copy = await tempDir();
    copyFileSync(join(directory, 'data.mdb'), join(copy, 'data.mdb'));
    const store = await openLmdbEpochStore(copy);
    await store.commit({ number: 41, timeMs: 41, control: null, pending: [], segments: [], superseded: [] });
    await store.close();
    copyFileSync(join(directory, 'data.mdb'), join(copy, 'data.mdb'));
    const error = await errorOf(() => openLmdbEpochStore(copy));
    expect(error.code).toBe('STATE_CORRUPT');
    expect(error.details).toMatchObject({ expected: 'epoch 41 in data.mdb, since it was committed', got: 'epoch 40 as the newest' });
    rmSync(join(copy, 'newest'));
    expect(await readDirectory(copy)).toBe(contents);
  });

  test('with a damaged or missing witness is whole', async () => {
    const copy = await tempDir();
    copyFileSync(join(directory, 'data.mdb'), join(copy, 'data.mdb'));
    expect(await readDirectory(copy)).toBe(contents);
    writeFileSync(join(copy, 'newest'), 'nonsense here');
    expect(await readDirectory(copy)).toBe(contents);
    truncateSync(join(copy, 'newest'), 3);
    expect(await readDirectory(copy)).toBe(contents);
  });

  test('leaves nothing behind: it can be replaced by a whole one and opened', async () => {
    const copy = await tempDir();
    writeFileSync(join(copy, 'data.mdb'), data.subarray(0, 3 * PAGE));
    expect((await errorOf(() => openLmdbEpochStore(copy))).code).toBe('STATE_CORRUPT');
    expect(statSync(join(copy, 'data.mdb')).size).toBe(3 * PAGE);
    writeFileSync(join(copy, 'data.mdb'), data);
    expect(await readDirectory(copy)).toBe(contents);
  });
});

describe('encrypted state', () => {
  test('is read with its key alone', async () => {
    const encrypted = await tempDir();
    await churn(encrypted, { key });
    expect(await readDirectory(encrypted, { key: Buffer.from(key, 'hex').toString('base64') })).toBe(contents);
    const wrong = await errorOf(() => readDirectory(encrypted, { key: 'ac'.repeat(32) }));
    expect([wrong.code, wrong.details.got]).toEqual(['STATE_KEY', 'another key']);
    const none = await errorOf(() => readDirectory(encrypted));
    expect([none.code, none.details.got]).toEqual(['STATE_KEY', 'no key, for state that is encrypted']);
    const needless = await errorOf(() => readDirectory(directory, { key }));
    expect([needless.code, needless.details.got]).toEqual(['STATE_KEY', 'a key, for state that is not encrypted']);
  });

  test('does not show what it holds', async () => {
    const secret = 'a secret that stands in the state';
    for (const options of [{}, { key }]) {
      const at = await tempDir();
      const store = await openLmdbEpochStore(at, options);
      const bytes = Buffer.from(secret);
      await store.commit({
        number: 1,
        timeMs: 0,
        control: { secret },
        segments: [{ operator: 'op', table: 't', bytes }],
        superseded: [],
        pending: [{ sink: 's', data: secret, bytes }],
      });
      await store.close();
      expect(readFileSync(join(at, 'data.mdb')).includes(secret)).toBe(!('key' in options));
    }
  });

  test('is found out to be damaged when a byte was changed', async () => {
    const encrypted = await tempDir();
    await churn(encrypted, { key });
    const file = join(encrypted, 'data.mdb');
    const whole = readFileSync(file);
    let found = 0;
    for (let i = 0; i < 40; i++) {
      const bytes = Buffer.from(whole);
      bytes[Math.floor(((i + 0.5) * whole.length) / 40)]! ^= 1;
      writeFileSync(file, bytes);
      try {
        expect(await readDirectory(encrypted, { key })).toBe(contents);
      } catch (error) {
        expect((error as MillraceError).code).toBe('STATE_CORRUPT');
        found++;
      }
    }
    expect(found).toBeGreaterThan(3);
  });

  test.each(['', 'abc', 'ab'.repeat(31), `${'ab'.repeat(31)}xy`, '!'.repeat(44)])('a key that is none: %j', async text => {
    expect((await errorOf(async () => openLmdbEpochStore(await tempDir(), { key: text }))).code).toBe('STATE_KEY');
  });
});

describe('state of another version', () => {
  test('is not touched', async () => {
    const { open } = await import('lmdb');
    const { plainSeal } = await import('../../../src/state/lmdb/seal.ts');
    const { FORMAT_KEY } = await import('../../../src/state/lmdb/record-keys.ts');
    const at = await tempDir();
    const database = open<Buffer, Buffer>({ path: at, noSubdir: false, encoding: 'binary', keyEncoding: 'binary', overlappingSync: false });
    await database.put(FORMAT_KEY, plainSeal.close(FORMAT_KEY, Buffer.from('{"format":2,"news":true}')));
    await database.close();
    const before = readFileSync(join(at, 'data.mdb'));
    const error = await errorOf(() => openLmdbEpochStore(at));
    expect([error.code, error.details.expected, error.details.got]).toEqual(['STATE_VERSION', 'format 1', 'format 2']);
    expect(readFileSync(join(at, 'data.mdb')).equals(before)).toBe(true);
  });
});
