import { type Duration, durationMs } from '../base/duration.ts';
import { MillraceError } from '../base/errors.ts';
import type { TimeDomain } from '../spi/window.ts';

/** Most windows that one record may be in. More of them would be neither computed nor read in time. */
export const MAX_WINDOWS_PER_RECORD = 100_000;

/** Milliseconds of a window's length: a whole number from 1. */
export function lengthMs(length: Duration, where: string): number {
  const ms = durationMs(length, where);
  if (!Number.isInteger(ms) || ms < 1) throw invalid(where, 'a length of whole milliseconds from 1', String(length));
  return ms;
}

export function timeDomain(where: string, time: TimeDomain | undefined): TimeDomain {
  if (time === undefined || time === 'event' || time === 'processing') return time ?? 'event';
  throw invalid(where, "time: 'event' or 'processing'", String(time));
}

export function invalid(where: string, expected: string, got: string, hint?: string): MillraceError {
  return new MillraceError('WINDOW_INVALID', hint === undefined ? { where, expected, got } : { where, expected, got, hint });
}
