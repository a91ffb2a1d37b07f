import type { CountAssigner } from '../spi/window.ts';
import { invalid, MAX_WINDOWS_PER_RECORD } from './arguments.ts';
import { greatestCommonDivisor } from './greatest-common-divisor.ts';

/**
 * Windows of `size` records of one key. With a `slide`, a result of the newest `size` records comes after each `slide` of them; the first ones
 * hold fewer. A window that is not full at the end of the input gives no result.
 *
 * @throws MillraceError `WINDOW_INVALID`
 * @example
 * trades.keyBy(t => t.symbol).window(countWindow(100, 10)).aggregate({ mean: mean(t => t.price) })
 */
export function countWindow(size: number, slide: number = size): CountAssigner {
  const call = slide === size ? `countWindow(${size})` : `countWindow(${size}, ${slide})`;
  if (!Number.isSafeInteger(size) || size < 1) throw invalid(call, 'a size of whole records from 1', String(size));
  if (!Number.isSafeInteger(slide) || slide < 1 || slide > size) {
    throw invalid(call, 'a slide of whole records from 1 to the size', String(slide));
  }
  const parts = size / greatestCommonDivisor(size, slide);
  if (parts > MAX_WINDOWS_PER_RECORD) {
    throw invalid(
      call,
      `a size of at most ${MAX_WINDOWS_PER_RECORD} parts, each as long as the greatest common divisor of size and slide`,
      `${parts} parts`,
      'choose a longer slide, or a size that is a multiple of it',
    );
  }
  return { kind: 'count', time: 'event', description: call, size, slide };
}
