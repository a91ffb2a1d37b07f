import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readParquet } from '../../support/parquet-files.ts';
import { tempDir } from '../../support/temp-dir.ts';

const script = fileURLToPath(new URL('./sink-process.ts', import.meta.url));

function writing(options: object): ChildProcess {
  return spawn(process.execPath, [script, JSON.stringify({ from: 0, count: null, parquet: false, ...options })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Kills the process once it has said so many lines. */
async function killAfter(child: ChildProcess, lines: number): Promise<void> {
  let said = 0;
  child.stdout!.on('data', (bytes: Buffer) => {
    said += bytes.toString().split('\n').length - 1;
    if (said >= lines) child.kill('SIGKILL');
  });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
}

/** The numbers of the records in the published files, in their order. Fails for a file that is not complete. */
async function published(directory: string): Promise<number[][]> {
  const names = (await readdir(directory)).filter(name => !name.startsWith('.')).sort();
  return Promise.all(
    names.map(async name => {
      const path = join(directory, name);
      if (name.endsWith('.parquet')) return (await readParquet(path)).values.map(row => (row as { n: number }).n);
      const text = await readFile(path, 'utf8');
      expect(text.endsWith('\n')).toBe(true);
      return text
        .slice(0, -1)
        .split('\n')
        .map(line => (JSON.parse(line) as { n: number }).n);
    }),
  );
}

describe('a process that is killed', () => {
  test.each([
    ['lines', false],
    ['Parquet', true],
  ])('leaves whole files of %s alone, and the next one goes on after them', async (_, parquet) => {
    const directory = await tempDir();
    const runs: number[] = [];
    for (const lines of [1, 7, 40]) {
      const from = runs.length * 1_000_000;
      await killAfter(writing({ directory, parquet, from, rollBytes: 50_000 }), lines);
      runs.push(from);
      const files = await published(directory);
      for (const numbers of files) {
        expect(numbers.length).toBeGreaterThan(0);
        // No file holds a part of a run out of order, or with holes.
        expect(numbers).toEqual(numbers.map((__, i) => numbers[0]! + i));
      }
      for (const start of runs) {
        const numbers = files.flat().filter(n => n >= start && n < start + 1_000_000);
        expect(numbers).toEqual(numbers.map((__, i) => start + i));
      }
    }
    expect((await published(directory)).length).toBeGreaterThan(3);
  });

  test('leaves the one file as it was', async () => {
    const dir = await tempDir();
    const path = join(dir, 'out.jsonl');
    await writeFile(path, '{"n":-1}\n');
    for (const lines of [1, 30]) {
      await killAfter(writing({ path }), lines);
      expect(await published(dir)).toEqual([[-1]]);
      expect(await readdir(dir)).toContain('.out.jsonl.inprogress');
    }
    const whole = writing({ path, count: 500 });
    whole.stdout!.resume();
    expect(await once(whole, 'exit')).toEqual([0, null]);
    expect(await published(dir)).toEqual([Array.from({ length: 500 }, (_, i) => i)]);
    expect(await readdir(dir)).toEqual(['out.jsonl']);
  });
});

test('processes that write to one directory overwrite nothing of each other', async () => {
  const directory = await tempDir();
  const count = 3000;
  const children = [0, 1, 2].map(i => writing({ directory, from: i * count, count, rollBytes: 10_000 }));
  for (const child of children) child.stdout!.resume();
  const exits = await Promise.all(children.map(child => once(child, 'exit')));
  expect(exits).toEqual(children.map(() => [0, null]));
  const numbers = (await published(directory)).flat();
  expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 3 * count }, (_, i) => i));
  expect((await readdir(directory)).filter(name => name.startsWith('.'))).toEqual([]);
});
