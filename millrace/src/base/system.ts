import type { Environment } from './environment.ts';

/** Longest delay `setTimeout` takes, in milliseconds; a longer one would fire at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The real machine: the system clock, the event loop and Math.random. */
export const systemEnvironment: Environment = {
  clock: {
    now: () => Date.now(),
    elapsed: () => performance.now(),
  },
  scheduler: {
    at(atMs, task) {
      let timer: NodeJS.Timeout;
      const arm = () => {
        const delayMs = Math.max(0, atMs - Date.now());
        timer = delayMs > MAX_TIMEOUT_MS ? setTimeout(arm, MAX_TIMEOUT_MS) : setTimeout(task, delayMs);
      };
      arm();
      return () => clearTimeout(timer);
    },
    turn: () => new Promise(resolve => setImmediate(resolve)),
  },
  random: { next: () => Math.random() },
};

/** Calls the task again and again until the returned function is called. It does not keep the process alive. */
export function everyMs(periodMs: number, task: () => void): () => void {
  const timer = setInterval(task, periodMs);
  timer.unref();
  return () => clearInterval(timer);
}
