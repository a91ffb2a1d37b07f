import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/base/random.ts';
import type { StateBackend } from '../../../src/spi/state.ts';
import { HeapStateBackend } from '../../../src/state/heap.ts';
import { openLmdbEpochStore } from '../../../src/state/lmdb/lmdb-epoch-store.ts';
import { LoggedStateBackend } from '../../../src/state/logged-state.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { change } from './programs/churn.ts';

const program = fileURLToPath(new URL('programs/committer.ts', import.meta.url));

/** How often a process is killed; a longer run sets KILLS. */
const KILLS = Number(process.env.KILLS ?? 50);

/** Runs the program for a while and kills it. Returns the newest epoch of which it had told. */
async function runAndKill(directory: string, afterMs: number): Promise<number> {
  const child = spawn(process.execPath, ['--no-warnings', program, directory], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    // How long Node takes to start depends on the machine.
    if (output === '') setTimeout(() => child.kill('SIGKILL'), afterMs);
    output += chunk;
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk));
  const [, signal] = (await once(child, 'close')) as [unknown, string | null];
  if (signal !== 'SIGKILL') throw new Error(`the program ended by itself:\n${errors}`);
  return Number(output.trim().split('\n').at(-1)) || 0;
}

/** All cells, with spaces that are empty as good as none. */
function contents(state: StateBackend): unknown {
  return [0, 1].map(operator => {
    const table = state.operator(`operator ${operator}`).table('entries');
    return [0, 1, 2, 3].map(namespace => {
      const space = table.find(namespace);
      return new Map(space === undefined ? [] : [...space.cells()].map(cell => [cell.key, cell.value]));
    });
  });
}

test(`after a process was killed ${KILLS} times at any moment the newest epoch is there, whole`, { timeout: 3_600_000 }, async () => {
  const directory = await tempDir();
  const random = seededRandom(Number(process.env.KILL_SEED ?? 1));
  const model = new HeapStateBackend();
  let known = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const told = await runAndKill(directory, random.next() * 60);
    const store = await openLmdbEpochStore(directory);
    const newest = store.newest();
    const number = newest?.number ?? 0;
    // A commit under way may have come to its end.
    expect([Math.max(told, known), Math.max(told, known) + 1]).toContain(number);
    for (; known < number; known++) change(model, known + 1);
    const state = new LoggedStateBackend();
    state.restore(store.segments());
    // Of so many cells a list of differences would take long to make.
    expect(isDeepStrictEqual(contents(state), contents(model))).toBe(true);
    if (newest !== undefined) {
      expect([newest.timeMs, newest.control, newest.pending[0]!.data]).toEqual([number, { number }, number]);
      expect(Buffer.alloc((number % 7) * 10_000, number).equals(newest.pending[0]!.bytes!)).toBe(true);
    }
    await store.close();
  }
  expect(known).toBeGreaterThan(KILLS / 2);
});
