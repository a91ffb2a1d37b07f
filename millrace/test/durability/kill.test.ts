import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { expected, makeEvents, published, writeEvents } from './killed-job.ts';

const program = fileURLToPath(new URL('killed-program.ts', import.meta.url));
/** How often a process is killed; a longer run sets KILLS. */
const KILLS = Number(process.env.KILLS ?? 60);

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-kill-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** Runs the program; kills it so many milliseconds after it has begun to work, if it has not ended by then. Returns how it ended. */
async function run(cwd: string, killAfterMs: number, nsPerRecord: number): Promise<'killed' | 'finished'> {
  const child = spawn(process.execPath, ['--conditions=millrace-source', '--no-warnings', program, cwd, '50', String(nsPerRecord)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let timer: NodeJS.Timeout | undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
    // From when it runs: how long Node takes to start depends on the machine.
    timer ??= setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  });
  child.stderr.on('data', (chunk: Buffer) => (output += chunk));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  clearTimeout(timer);
  if (signal === 'SIGKILL') return 'killed';
  if (code === 0 && output.trim() === 'running\nfinished') return 'finished';
  throw new Error(`the program ended with ${code ?? signal}:\n${output}`);
}

/** Changes with each epoch. */
async function newestEpoch(cwd: string): Promise<string> {
  const witness = await readFile(join(cwd, 'state', 'newest')).catch(() => undefined);
  return witness?.toString('hex') ?? '';
}

test(`a process that is killed ${KILLS} times loses and doubles nothing`, { timeout: 3_600_000 }, async () => {
  const random = seededRandom(Number(process.env.KILL_SEED ?? 1));
  let kills = 0;
  for (let round = 0; kills < KILLS; round++) {
    const cwd = join(directory, `round-${round}`);
    const events = makeEvents(60_000, round + 1);
    await writeEvents(cwd, events);
    const results = expected(events);
    let patience = 1;
    for (;;) {
      const before = await newestEpoch(cwd);
      if ((await run(cwd, patience * (20 + random.next() * 400), 10_000)) === 'finished') break;
      kills++;
      // On a slow machine a run may need longer to get anywhere.
      patience = (await newestEpoch(cwd)) === before ? patience * 1.5 : 1;
      // What can be seen meanwhile is a part of the whole: no line is broken, and none is there that does not belong.
      const seen = await published(join(cwd, 'windows'));
      const all = new Set(results.windows);
      expect(seen.filter(line => !all.has(line))).toEqual([]);
      expect(new Set(seen).size).toBe(seen.length);
    }
    expect(await published(join(cwd, 'windows'))).toEqual(results.windows);
    expect(await published(join(cwd, 'timers'))).toEqual(results.timers);
    expect(await published(join(cwd, 'joins'))).toEqual(results.joins);
  }
});
