import { type Duration, durationMs, formatDuration } from '../base/duration.ts';
import type { SessionAssigner, TimeDomain } from '../spi/window.ts';
import { lengthMs, timeDomain } from './arguments.ts';

/** How sessions measure time. */
export interface SessionOptions {
  /** Whose time decides: the record's (`'event'`, the default) or the clock's (`'processing'`). */
  time?: TimeDomain;
}

/**
 * Windows of activity: each record keeps its session open for the gap after it, and records less than a gap apart are in one session. Records
 * that come out of order join and merge sessions exactly. The gap may depend on the record.
 *
 * @throws MillraceError `WINDOW_INVALID`, `DURATION_INVALID`. A gap function that throws or gives no length from 1 ms rejects its record.
 * @example
 * clicks.keyBy(c => c.user).window(session('30m')).aggregate({ clicks: count() })
 * clicks.keyBy(c => c.user).window(session(c => (c.mobile ? '5m' : '30m'))).aggregate({ clicks: count() })
 */
export function session(gap: Duration, options?: SessionOptions): SessionAssigner<unknown>;
export function session<T>(gap: (record: T) => Duration, options?: SessionOptions): SessionAssigner<T>;
export function session<T>(gap: Duration | ((record: T) => Duration), options: SessionOptions = {}): SessionAssigner<T> {
  const time = timeDomain('session', options.time);
  const suffix = time === 'processing' ? ' processing time' : '';
  if (typeof gap === 'function') {
    return { kind: 'session', time, description: `session(gap of each record)${suffix}`, gap: record => gapMs(gap(record)) };
  }
  const ms = lengthMs(gap, 'session: gap');
  return { kind: 'session', time, description: `session(${formatDuration(ms)})${suffix}`, gap: () => ms };
}

function gapMs(gap: Duration): number {
  const ms = durationMs(gap, 'session: gap');
  if (ms < 1) throw new RangeError(`the session gap is ${String(gap)}, expected at least 1 ms`);
  return ms;
}
