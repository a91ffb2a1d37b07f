import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface CommandRun {
  readonly elapsedMs: number;
  /** From the start of the process to the first byte on its standard output. */
  readonly firstOutputMs: number;
  readonly output: string;
  readonly directory: string;
}

/**
 * Runs Node in an empty directory, which is there until `look` returns.
 *
 * @throws Error when the process fails
 */
export async function runNode<T>(args: readonly string[], look: (run: CommandRun) => T): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  try {
    const startedAt = performance.now();
    const child = spawn(process.execPath, args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
    let firstOutputMs = NaN;
    let output = '';
    let errors = '';
    child.stdout.on('data', chunk => {
      if (output === '') firstOutputMs = performance.now() - startedAt;
      output += chunk;
    });
    child.stderr.on('data', chunk => {
      errors += chunk;
    });
    const { promise, resolve, reject } = Promise.withResolvers<number | null>();
    child.on('error', reject);
    child.on('close', resolve);
    const code = await promise;
    const elapsedMs = performance.now() - startedAt;
    if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}\n${errors}`);
    return look({ elapsedMs, firstOutputMs, output, directory });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Options of Node by which a process writes the most memory it has had, in megabytes, to the file `peak-memory` as it exits. */
export const PEAK_MEMORY = ['--import', new URL('../harness/peak-memory.ts', import.meta.url).href];

/** `millrace run`, from its sources. */
export function millraceRun(program: URL): string[] {
  const main = fileURLToPath(new URL('../../millrace/src/cli/main.ts', import.meta.url));
  return ['--conditions=millrace-source', main, 'run', '--quiet', fileURLToPath(program)];
}
