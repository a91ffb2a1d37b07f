import { Worker } from '../../millrace/src/runtime/worker.ts';
import { wasInjected } from '../world/fault.ts';
import { incarnationOf, type World } from '../world/world.ts';

const worlds = new WeakMap<object, World>();

/** From now on errors that stop a run in this environment are looked at, since the engine hides those from which it recovers. */
export function watchFailures(environment: object, world: World): void {
  worlds.set(environment, world);
}

const fail = Worker.prototype.fail;

Worker.prototype.fail = function (this: Worker, error: unknown): void {
  const world = worlds.get(this.environment);
  // What goes wrong after the first error is a consequence of it.
  if (world !== undefined && !this.signal.aborted && !incarnationOf(this.environment).dead) {
    world.log(`the run fails: ${String(error)}`);
    if (!wasInjected(error)) world.violated(`the engine failed without cause: ${explain(error)}`);
  }
  fail.call(this, error);
};

export function explain(error: unknown): string {
  const lines: string[] = [];
  for (let at = error; at !== undefined; at = at instanceof Error ? at.cause : undefined) {
    lines.push(at instanceof Error ? (at.stack ?? String(at)) : String(at));
  }
  return lines.join('\ncaused by: ');
}
