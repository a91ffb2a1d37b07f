import { type Duration, durationMs, formatDuration } from '../base/duration.ts';

/** Makes the watermark of one split from its records. */
export interface WatermarkGenerator<in T = unknown> {
  /** Sees each record with its event time in epoch milliseconds. */
  onEvent(record: T, timeMs: number): void;
  /** The current watermark: no record at or before this time is expected any more. -Infinity: nothing is known yet. */
  onBatchEnd(): number;
}

/**
 * How the watermark follows from the records. Each split has a generator of its own.
 *
 * With `bounded` the largest time seen says all: the watermark is `maximum - boundMs - 1`, as in Flink, and a loop that keeps the
 * maximum itself needs no generator.
 */
export type WatermarkStrategy<T = unknown> =
  | { readonly kind: 'bounded'; readonly boundMs: number; readonly description: string; generator(): WatermarkGenerator<T> }
  | { readonly kind: 'custom'; readonly description: string; generator(): WatermarkGenerator<T> };

class BoundedGenerator implements WatermarkGenerator {
  private readonly boundMs: number;
  private maximum = -Infinity;

  constructor(boundMs: number) {
    this.boundMs = boundMs;
  }

  onEvent(_record: unknown, timeMs: number): void {
    if (timeMs > this.maximum) this.maximum = timeMs;
  }

  onBatchEnd(): number {
    return this.maximum - this.boundMs - 1;
  }
}

class PunctuatedGenerator<T> implements WatermarkGenerator<T> {
  private readonly marker: (record: T, timeMs: number) => number | undefined;
  private watermark = -Infinity;

  constructor(marker: (record: T, timeMs: number) => number | undefined) {
    this.marker = marker;
  }

  onEvent(record: T, timeMs: number): void {
    const watermark = this.marker(record, timeMs);
    if (watermark !== undefined && watermark > this.watermark) this.watermark = watermark;
  }

  onBatchEnd(): number {
    return this.watermark;
  }
}

/**
 * Records come at most `bound` later than the newest one before them; later ones are late.
 *
 * @throws MillraceError `DURATION_INVALID`
 * @example
 * boundedOutOfOrderness('10s')
 */
export function boundedOutOfOrderness(bound: Duration): WatermarkStrategy {
  const boundMs = durationMs(bound, 'out-of-orderness');
  return {
    kind: 'bounded',
    boundMs,
    description: boundMs === 0 ? 'monotonous' : `out of order by up to ${formatDuration(boundMs)}`,
    generator: () => new BoundedGenerator(boundMs),
  };
}

/** Times never go back within a split; several records may have the same time. */
export function monotonous(): WatermarkStrategy {
  return boundedOutOfOrderness(0);
}

/**
 * Some records say how far the stream has come: the function returns the watermark for those and undefined for all others.
 *
 * @example
 * punctuated((r: Reading, timeMs) => (r.endOfMinute ? timeMs : undefined))
 */
export function punctuated<T>(marker: (record: T, timeMs: number) => number | undefined): WatermarkStrategy<T> {
  return { kind: 'custom', description: 'punctuated', generator: () => new PunctuatedGenerator(marker) };
}

/**
 * Watermarks of your own making; the function is called once for each split.
 *
 * @example
 * customWatermarks(() => {
 *   let newest = -Infinity;
 *   return { onEvent: (_, timeMs) => { newest = Math.max(newest, timeMs) }, onBatchEnd: () => newest - 500 };
 * })
 */
export function customWatermarks<T>(generator: () => WatermarkGenerator<T>, description = 'custom'): WatermarkStrategy<T> {
  return { kind: 'custom', description, generator };
}
