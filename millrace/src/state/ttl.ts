import { type Duration, durationMs, formatDuration } from '../base/duration.ts';
import { MillraceError } from '../base/errors.ts';
import type { OperatorContext } from '../spi/operator.ts';
import type { TimeDomain } from '../spi/window.ts';

/**
 * How long state is kept after it was last touched. Once the time is over it is never returned again, and it is removed in the
 * background at most a sixteenth of that time later.
 */
export interface StateTtl {
  after: Duration;
  /** What counts as a touch. Default `'write'`. */
  refreshOn?: 'write' | 'read-and-write';
  /**
   * Which time is meant; default `'processing'`, the clock. For `'event'` it is the time of the record at hand, or the watermark where
   * the record is behind it; state touched by a record without event time is an error of that record.
   */
  time?: TimeDomain;
}

/** A time to live as it is used: all of it decided, in milliseconds. */
export interface Ttl {
  readonly afterMs: number;
  readonly refreshOnRead: boolean;
  readonly time: TimeDomain;
}

/** A value with the time at which it was last touched. */
export interface Expiring<V> {
  value: V;
  touchedMs: number;
}

/**
 * Decides the defaults. A bare duration is the `after` of a time to live with all defaults.
 *
 * @throws MillraceError `DURATION_INVALID`, also for no time at all
 */
export function ttlOf(ttl: Duration | StateTtl, where: string): Ttl {
  const { after, refreshOn = 'write', time = 'processing' }: StateTtl = typeof ttl === 'object' ? ttl : { after: ttl };
  const afterMs = durationMs(after, where);
  if (afterMs === 0) throw new MillraceError('DURATION_INVALID', { where, expected: 'longer than nothing', got: String(after) });
  return { afterMs, refreshOnRead: refreshOn === 'read-and-write', time };
}

/** For plans: `'ttl 1h'`, `'ttl 1h event time'`. */
export function describeTtl(ttl: Ttl): string {
  return `ttl ${formatDuration(ttl.afterMs)}${ttl.time === 'event' ? ' event time' : ''}`;
}

export function hasExpired(touchedMs: number, ttl: Ttl, nowMs: number): boolean {
  return touchedMs + ttl.afterMs <= nowMs;
}

/**
 * The time that counts for a record's use of state: the clock, or the record's event time, which does not fall behind the watermark.
 *
 * @throws Error for event time when the record has none
 */
export function recordTime(ttl: Ttl, context: Pick<OperatorContext<never>, 'environment' | 'watermark'>, timeMs: number): number {
  if (ttl.time === 'processing') return context.environment.clock.now();
  return knownEventTime(timeMs > context.watermark ? timeMs : context.watermark);
}

/** @throws Error when there is no event time */
export function knownEventTime(timeMs: number): number {
  if (timeMs === -Infinity) throw new Error('state with an event-time ttl was used by a record that has no event time');
  return timeMs;
}
