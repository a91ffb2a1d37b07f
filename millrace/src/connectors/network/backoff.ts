import { type Duration, durationMs } from '../../base/duration.ts';
import type { Random } from '../../base/environment.ts';
import { MillraceError } from '../../base/errors.ts';

/** How often and how fast something is tried again. */
export interface RetryOptions {
  /** Tries in a row without success before it is given up, the first one included. */
  attempts?: number;
  /** Longest wait before the second try; it doubles from try to try. */
  backoff?: Duration;
  /** Longest wait between two tries. */
  maxBackoff?: Duration;
}

/** RetryOptions that were read. */
export interface RetryPolicy {
  readonly attempts: number;
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
}

/** @throws MillraceError `OPTION_INVALID`, `DURATION_INVALID` */
export function retryPolicy(what: string, options: RetryOptions, defaults: Required<RetryOptions>): RetryPolicy {
  const attempts = options.attempts ?? defaults.attempts;
  if (!(attempts === Infinity || (Number.isInteger(attempts) && attempts >= 1))) {
    throw new MillraceError('OPTION_INVALID', {
      where: `${what}, attempts`,
      expected: 'a whole number from 1, or Infinity',
      got: String(attempts),
    });
  }
  return {
    attempts,
    backoffMs: durationMs(options.backoff ?? defaults.backoff, `${what}, backoff`),
    maxBackoffMs: durationMs(options.maxBackoff ?? defaults.maxBackoff, `${what}, maxBackoff`),
  };
}

/**
 * How long to wait after the `failures`-th failure in a row, in milliseconds: exponential, with the upper half drawn at random so that
 * clients that failed together do not come back together ("equal jitter"; Brooker, "Exponential Backoff And Jitter", AWS 2015).
 */
export function backoffMs(failures: number, policy: RetryPolicy, random: Random): number {
  const longest = Math.min(policy.maxBackoffMs, policy.backoffMs * 2 ** Math.min(failures - 1, 32));
  return longest / 2 + (longest / 2) * random.next();
}
