import type { Environment } from '../../base/environment.ts';

/** Resolves after a time, or at once when the signal is aborted. */
export function pause(environment: Environment, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve();
    const done = () => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = environment.scheduler.at(environment.clock.now() + ms, done);
    signal.addEventListener('abort', done);
  });
}
