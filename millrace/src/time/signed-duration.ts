import { type Duration, durationMs } from '../base/duration.ts';

/** A length of time that may point back: milliseconds, or text such as `'5s'` or `'-5s'`. */
export type SignedDuration = Duration | `-${Exclude<Duration, number>}`;

/**
 * Milliseconds of a signed duration.
 *
 * @throws MillraceError `DURATION_INVALID` for text of another form and for numbers that are not finite
 * @example
 * signedDurationMs('-1m 30s') // -90_000
 */
export function signedDurationMs(duration: SignedDuration, what = 'duration'): number {
  if (typeof duration === 'number') return duration < 0 ? -durationMs(-duration, what) : durationMs(duration, what);
  return duration.startsWith('-') ? 0 - durationMs(duration.slice(1) as Duration, what) : durationMs(duration as Duration, what);
}
