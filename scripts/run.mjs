import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter } from 'node:path';
import { isatty } from 'node:tty';
import { node, root } from './setup.mjs';

/** Copies of one signal, sent by npm and to the whole process group, come within this time. */
const ONE_SIGNAL_MS = 200;

/**
 * Runs the pinned Node in place of this process: same input, output, exit code, and each signal once.
 *
 * On a terminal, Ctrl-C reaches the program by itself, as it goes to the whole foreground group. Without one the program gets a group of
 * its own and hears signals from here alone.
 *
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
export async function run(args) {
  const terminal = process.platform === 'win32' || [0, 1, 2].some(fd => isatty(fd));
  const child = spawn(node, args, {
    cwd: root,
    stdio: 'inherit',
    detached: !terminal,
    env: { ...process.env, PATH: `${root}node_modules/.bin${delimiter}${process.env.PATH}` },
  });
  const sentAtMs = new Map();
  const forward = signal => {
    if (terminal && signal !== 'SIGTERM') return;
    const nowMs = performance.now();
    if (nowMs - (sentAtMs.get(signal) ?? -Infinity) < ONE_SIGNAL_MS) return;
    sentAtMs.set(signal, nowMs);
    child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  const [code, signal] = await once(child, 'exit');
  for (const s of signals) process.off(s, forward);
  if (signal !== null) process.kill(process.pid, signal);
  return code ?? 1;
}
