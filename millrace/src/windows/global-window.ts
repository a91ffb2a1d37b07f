import type { GlobalAssigner } from '../spi/window.ts';

/**
 * One window of each key over all time. It emits only what its trigger says, and nothing with the default, `never()`.
 *
 * @example
 * bids.keyBy(b => b.auction).window(globalWindow()).trigger(purging(countTrigger(100))).aggregate({ highest: max(b => b.price) })
 */
export function globalWindow(): GlobalAssigner {
  return { kind: 'global', time: 'event', description: 'globalWindow()' };
}
