/** The calls to the outside at which a fault can happen. Each has a moment before it takes effect and one after, when the caller does not know of it yet. */
export const POINTS = [
  'store-open',
  'disk-write',
  'disk-sync',
  'commit',
  'enumerate',
  'split-open',
  'poll',
  'sink-open',
  'published',
  'write',
  'flush',
  'prepare',
  'publish',
  'sink-close',
] as const;

export type Point = (typeof POINTS)[number];

/** Something that goes wrong once. */
export type Fault =
  /** At the `nth` call of a kind in the whole run, counted from 1: the process dies, or the call fails. */
  | {
      readonly at: Point;
      readonly nth: number;
      readonly phase: 'before' | 'after';
      readonly does: 'crash' | 'fail';
      readonly pauseMs: number;
    }
  /** At a moment of the run: the process dies, is asked to stop, or gives up at once. It is started again after the pause. */
  | { readonly atMs: number; readonly does: 'crash' | 'stop' | 'abort'; readonly pauseMs: number }
  /** The clock steps, as when it is set. */
  | { readonly atMs: number; readonly does: 'jump'; readonly byMs: number };

export function describeFault(fault: Fault): string {
  if ('at' in fault) {
    const what = fault.does === 'crash' ? `crash, start again after ${fault.pauseMs} ms` : 'fails';
    return `${fault.phase} effect of ${fault.at} number ${fault.nth}: ${what}`;
  }
  if (fault.does === 'jump') return `at ${fault.atMs} ms: the clock steps by ${fault.byMs} ms`;
  return `at ${fault.atMs} ms: ${fault.does}, start again after ${fault.pauseMs} ms`;
}

/** What an outside call fails with when that was planned. */
export class InjectedFault extends Error {
  override readonly name = 'InjectedFault';
}

/** Whether an error is, or was caused by, a fault that was planned. */
export function wasInjected(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof InjectedFault) return true;
  return false;
}
