import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packageRoot = fileURLToPath(new URL('../..', import.meta.url));
const main = join(packageRoot, 'src/cli/main.ts');

/** Programs import `millrace` from its sources. */
const CONDITIONS = '--conditions=millrace-source';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running `millrace`, as a process of its own. */
export class CommandRun {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';
  private readonly watchers: (() => void)[] = [];

  constructor(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv) {
    // Colours and terminals of whoever runs the tests say nothing here.
    const { FORCE_COLOR: _, NODE_OPTIONS: __, ...inherited } = process.env;
    const child = spawn(command, args, { cwd, env: { ...inherited, ...env } });
    this.child = child;
    const look = () => {
      for (const watcher of [...this.watchers]) watcher();
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      look();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      look();
    });
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
        look();
      });
    });
  }

  /** Resolves when the condition holds; rejects when the process has ended without. */
  async until(condition: () => boolean): Promise<void> {
    const met = new Promise<void>(resolve => {
      const watcher = () => {
        if (condition()) resolve();
      };
      this.watchers.push(watcher);
      watcher();
    });
    const ended = await Promise.race([met.then(() => undefined), this.ended]);
    if (ended !== undefined && !condition()) throw new Error(`the process ended early: ${JSON.stringify(ended)}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

/** A folder of programs that finds `millrace` as an installed package. */
export class Workspace {
  readonly folder: string;

  constructor() {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-cli-')));
    this.write('package.json', '{ "type": "module" }');
    this.link('millrace', packageRoot);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Writes a file and returns its name. */
  write(name: string, text: string): string {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
    return name;
  }

  /** Puts a package where programs find it. */
  link(name: string, target: string, folder = '.'): void {
    const path = this.path(join(folder, 'node_modules', name));
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path, 'dir');
  }

  start(...args: string[]): CommandRun {
    return this.startWith({}, ...args);
  }

  startWith(env: NodeJS.ProcessEnv, ...args: string[]): CommandRun {
    const [node, ...nodeArgs] = this.command(...args);
    return new CommandRun(node, nodeArgs, this.folder, env);
  }

  /** What starts `millrace` with the arguments. */
  command(...args: string[]): [string, ...string[]] {
    return [process.execPath, CONDITIONS, main, ...args];
  }

  run(...args: string[]): Promise<Ended> {
    return this.start(...args).ended;
  }

  /** Runs any command in a folder of the workspace. */
  exec(folder: string, command: string, ...args: string[]): Promise<Ended> {
    return new CommandRun(command, args, this.path(folder), { NODE_OPTIONS: CONDITIONS }).ended;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
