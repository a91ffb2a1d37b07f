import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process of any machine. Its number alone does not tell it: numbers are used again, and every container counts from 1. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it began, in a form of the system; empty where the system does not tell. */
  readonly started: string;
  /** The system whose processes the number is one of: machine, start of the machine and container. */
  readonly system: string;
  /** For messages. */
  readonly host: string;
}

export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, started: startOf(process.pid) ?? '', system: ownSystem(), host: hostname() };
}

/** Whether a process still runs; undefined when that cannot be seen from here. */
export function isAlive(identity: ProcessIdentity): boolean | undefined {
  if (identity.system !== ownSystem()) return undefined;
  return startOf(identity.pid) === identity.started;
}

function ownSystem(): string {
  if (process.platform !== 'linux') return hostname();
  return `${readText('/proc/sys/kernel/random/boot_id')} ${readlinkSync('/proc/self/ns/pid')}`;
}

/** When a process began; undefined when there is none. */
function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') return linuxStartOf(pid);
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
  }
  if (process.platform === 'win32') return '';
  return spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env: { LC_ALL: 'C' } }).stdout.trim();
}

/** Ticks after the start of the machine: the 22nd field of its `stat`, counted after the name in parentheses, which may contain anything. */
function linuxStartOf(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readText(`/proc/${pid}/stat`);
  } catch {
    return undefined;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A process that has ended stays as a zombie until its parent asks for it.
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function readText(path: string): string {
  return readFileSync(path, 'utf8').trim();
}
