import { type Duration, formatDuration } from '../base/duration.ts';
import type { PaneAssigner } from '../spi/window.ts';
import { invalid, lengthMs, MAX_WINDOWS_PER_RECORD } from './arguments.ts';
import { paneAssigner, type WindowOptions } from './pane-assigner.ts';
import { floorTo } from './time-axis.ts';

/**
 * Windows that begin together and grow by `step` up to `maxSize`, then begin anew: the day so far, told every hour.
 *
 * @throws MillraceError `WINDOW_INVALID` also where `maxSize` is not a multiple of `step`, `DURATION_INVALID`, `TIME_ZONE_INVALID`
 * @example
 * orders.keyBy(o => o.shop).window(cumulative('1d', '1h')).aggregate({ revenue: sum(o => o.total) })
 */
export function cumulative(maxSize: Duration, step: Duration, options: WindowOptions = {}): PaneAssigner {
  const sizeMs = lengthMs(maxSize, 'cumulative: maxSize');
  const stepMs = lengthMs(step, 'cumulative: step');
  const call = `cumulative(${formatDuration(sizeMs)}, ${formatDuration(stepMs)})`;
  if (sizeMs % stepMs !== 0) throw invalid(call, 'a largest size that is a multiple of the step', `${sizeMs} ms and ${stepMs} ms`);
  if (sizeMs / stepMs > MAX_WINDOWS_PER_RECORD) {
    throw invalid(call, `at most ${MAX_WINDOWS_PER_RECORD} steps`, String(sizeMs / stepMs), 'choose a longer step');
  }
  return paneAssigner({
    kind: 'cumulative',
    call,
    sizeMs,
    paneMs: stepMs,
    options,
    each: (paneStart, offsetMs, window) => {
      const start = floorTo(paneStart, sizeMs, offsetMs);
      for (let end = paneStart + stepMs; end <= start + sizeMs; end += stepMs) window(start, end);
    },
  });
}
