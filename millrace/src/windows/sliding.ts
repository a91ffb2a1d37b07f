import { type Duration, formatDuration } from '../base/duration.ts';
import type { PaneAssigner } from '../spi/window.ts';
import { invalid, lengthMs, MAX_WINDOWS_PER_RECORD } from './arguments.ts';
import { greatestCommonDivisor } from './greatest-common-divisor.ts';
import { paneAssigner, slidingCut, type WindowOptions } from './pane-assigner.ts';

/**
 * Windows of one length that begin every `slide`, so that they overlap: each record is in `size / slide` of them. The slide may not be longer
 * than the size, as records between the windows would be lost.
 *
 * @throws MillraceError `WINDOW_INVALID`, `DURATION_INVALID`, `TIME_ZONE_INVALID`
 * @example
 * readings.keyBy(r => r.sensor).window(sliding('10s', '1s')).aggregate({ mean: mean(r => r.celsius) })
 */
export function sliding(size: Duration, slide: Duration, options: WindowOptions = {}): PaneAssigner {
  const sizeMs = lengthMs(size, 'sliding: size');
  const slideMs = lengthMs(slide, 'sliding: slide');
  const call = `sliding(${formatDuration(sizeMs)}, ${formatDuration(slideMs)})`;
  if (slideMs > sizeMs) {
    throw invalid(call, 'a slide of at most the size', formatDuration(slideMs), 'filter the stream where records are to be left out');
  }
  // Windows are merged from panes, and what bounds the panes of a window bounds the windows of a pane.
  const paneMs = greatestCommonDivisor(sizeMs, slideMs);
  if (sizeMs / paneMs > MAX_WINDOWS_PER_RECORD) {
    throw invalid(
      call,
      `a size of at most ${MAX_WINDOWS_PER_RECORD} panes, each as long as the greatest common divisor of size and slide`,
      `${sizeMs / paneMs} panes of ${formatDuration(paneMs)}`,
      'choose a longer slide, or a size that is a multiple of it',
    );
  }
  return paneAssigner({ kind: 'sliding', call, sizeMs, paneMs, options, each: slidingCut(sizeMs, slideMs) });
}
