import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const FROM_SOURCES = '--conditions=millrace-source';
const MILLRACE = fileURLToPath(new URL('../millrace/src/cli/main.ts', import.meta.url));

export interface RunningProgram {
  readonly process: ChildProcess;
  /** An empty folder that the program runs in. It is removed when the test has finished. */
  readonly folder: string;
  /** Resolves when the program has ended. */
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Resolves when so many lines stand on the standard output; fails if the program ends before. */
  lines(count: number): Promise<readonly string[]>;
  /** Resolves with the first group of the pattern when it stands on the standard error; fails if the program ends before. */
  says(pattern: RegExp): Promise<string>;
}

/** Starts a program of this folder as a user does: `millrace run <program> -- <args>`. */
export function startProgram(program: string, ...args: readonly string[]): RunningProgram {
  return startNode(MILLRACE, 'run', pathOf(program), '--', ...args);
}

/** Shows what a program of this folder would do: `millrace plan <program>`. */
export function planProgram(program: string): RunningProgram {
  return startNode(MILLRACE, 'plan', pathOf(program));
}

/** Starts a program of this folder with Node alone. */
export function startWithNode(program: string): RunningProgram {
  return startNode(pathOf(program));
}

function pathOf(program: string): string {
  return fileURLToPath(new URL(program, import.meta.url));
}

function startNode(...args: readonly string[]): RunningProgram {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-example-'));
  const child = spawn(process.execPath, [FROM_SOURCES, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  let changed = () => {};
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    changed();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    changed();
  });
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>(resolve => {
    child.on('close', code => resolve({ code, stdout, stderr }));
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true });
  });
  /** Looks again each time that the program has written something. */
  const until = async <T>(look: () => T | undefined): Promise<T> => {
    for (let over = false; ; ) {
      const more = new Promise<false>(resolve => {
        changed = () => resolve(false);
      });
      const found = look();
      if (found !== undefined) return found;
      if (over) throw new Error(`the program ended before it wrote what was waited for:\n${stdout}${stderr}`);
      over = await Promise.race([more, ended.then(() => true)]);
    }
  };
  return {
    process: child,
    folder,
    ended,
    lines(count) {
      return until(() => {
        const complete = stdout.split('\n').slice(0, -1);
        return complete.length < count ? undefined : complete;
      });
    },
    says: pattern => until(() => pattern.exec(stderr)?.[1]),
  };
}
