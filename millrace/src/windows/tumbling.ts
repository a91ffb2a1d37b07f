import { type Duration, formatDuration } from '../base/duration.ts';
import type { PaneAssigner } from '../spi/window.ts';
import { lengthMs } from './arguments.ts';
import { paneAssigner, type WindowOptions } from './pane-assigner.ts';

/**
 * Windows of one length, one after the other; each record is in one.
 *
 * With a time zone, windows are cut in local time: a day has 23 or 25 hours when the clocks change.
 *
 * @throws MillraceError `WINDOW_INVALID`, `DURATION_INVALID`, `TIME_ZONE_INVALID`
 * @example
 * orders.keyBy(o => o.shop).window(tumbling('1d', { timeZone: 'Europe/Berlin' })).aggregate({ orders: count() })
 */
export function tumbling(size: Duration, options: WindowOptions = {}): PaneAssigner {
  const sizeMs = lengthMs(size, 'tumbling: size');
  return paneAssigner({
    kind: 'tumbling',
    call: `tumbling(${formatDuration(sizeMs)})`,
    sizeMs,
    paneMs: sizeMs,
    options,
    each: (start, _offset, window) => window(start, start + sizeMs),
  });
}
