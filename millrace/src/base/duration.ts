import { MillraceError } from './errors.ts';

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
type Unit = keyof typeof UNIT_MS;

/** A length of time: milliseconds as a number, or text such as `'500ms'`, `'5s'`, `'1m'`, `'1.5h'`, `'1d'`, `'1h 30m'`. */
export type Duration = number | `${number}${Unit}` | `${number}${Unit} ${number}${Unit}`;

/**
 * Milliseconds of a duration.
 *
 * @throws MillraceError `DURATION_INVALID` for text of another form, negative or non-finite numbers
 * @example
 * durationMs('1h 30m') // 5_400_000
 */
export function durationMs(duration: Duration, what = 'duration'): number {
  if (typeof duration === 'number') {
    if (Number.isFinite(duration) && duration >= 0) return duration;
  } else if (/^\s*\d/.test(duration)) {
    let total = 0;
    const rest = duration.replace(/\s*(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d|w)(?=\s|\d|$)/gy, (_, n: string, unit: Unit) => {
      total += Number(n) * UNIT_MS[unit];
      return '';
    });
    if (rest.trim() === '') return total;
  }
  throw new MillraceError('DURATION_INVALID', {
    where: what,
    expected: "milliseconds as a number from 0, or text such as '500ms', '5s', '1m', '2h', '1d'",
    got: String(duration),
  });
}

/** The shortest text for a number of milliseconds: `90000` is `'1m 30s'`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return ms > 0 ? 'forever' : String(ms);
  if (ms < 0) return `-${formatDuration(-ms)}`;
  let rest = ms;
  const parts: string[] = [];
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const n = unit === 'ms' ? rest : Math.floor(rest / UNIT_MS[unit]);
    if (n > 0) parts.push(`${n}${unit}`);
    rest -= n * UNIT_MS[unit];
  }
  return parts.slice(0, 2).join(' ') || '0ms';
}
