import { formatDuration } from '../base/duration.ts';
import type { Figures } from './figures.ts';

/** `1234567` as `1,234,567`. */
export function grouped(n: number): string {
  return Math.round(n)
    .toString()
    .replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** Events per second, with a tenth where it matters. */
export function rate(perSecond: number): string {
  return `${perSecond > 0 && perSecond < 10 ? perSecond.toFixed(1) : grouped(perSecond)}/s`;
}

/** Tenths of a second below ten seconds, then whole units. */
export function coarseDuration(ms: number): string {
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)}s` : formatDuration(Math.round(ms / 1_000) * 1_000);
}

/** A time as ISO text; undefined for the infinities and for times beyond the years that have one. */
export function isoTime(timeMs: number): string | undefined {
  return Math.abs(timeMs) <= 8.64e15 ? new Date(timeMs).toISOString() : undefined;
}

/** `5 (2 late)` */
function rejectedText({ rejected, late }: Figures): string {
  return late === 0 ? grouped(rejected) : `${grouped(rejected)} (${grouped(late)} late)`;
}

/** What happens, in two parts: counts and rates, and what is known of time and backpressure. The second may be empty. */
export function progressParts(figures: Figures): { counts: string; state: string } {
  const { metrics, recordsPerSecond, meanRecordsPerSecond, lagMs, heldBackBy } = figures;
  const counts = [
    `in ${grouped(metrics.recordsIn)}`,
    `out ${grouped(metrics.recordsOut)}`,
    `${rate(recordsPerSecond)} (mean ${rate(meanRecordsPerSecond)})`,
    `rejected ${rejectedText(figures)}`,
  ];
  const watermark = isoTime(metrics.watermarkMs);
  const state = [
    ...(watermark === undefined ? [] : [`watermark ${watermark}`]),
    ...(lagMs === undefined ? [] : [`lag ${lagMs < 0 ? '-' : ''}${coarseDuration(Math.abs(lagMs))}`]),
    ...(heldBackBy.length === 0 ? [] : [`backpressure by ${heldBackBy.join(', ')}`]),
  ];
  return { counts: counts.join('  '), state: state.join('  ') };
}
