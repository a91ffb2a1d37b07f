import { tumbling } from 'millrace';
import { handMadeWindows, millraceWindows } from '../contenders/windows.ts';
import { type BenchCase, type Claim, type Contender, running, type Scale } from '../harness/case.ts';
import { events } from '../inputs/events.ts';

/** Keys in all windows together. */
const CELLS = 100_000;
const WINDOWS = [1, 100, 10_000] as const;
const sizeMs = 1000;

/** All events are within the out-of-orderness of the first, so that every window stays open to the end. */
const input = (windows: number, scale: Scale) =>
  events({ count: 2_000_000 * scale, keys: CELLS / windows, perSecond: Infinity, outOfOrdernessMs: windows * sizeMs });

const label = (windows: number) => `${windows.toLocaleString('en-US')} open`;

const contenders = WINDOWS.flatMap((windows): Contender[] => {
  const outOfOrdernessMs = windows * sizeMs;
  return [
    {
      name: `millrace, ${label(windows)}`,
      work: label(windows),
      prepare: scale => running(records => millraceWindows(records, tumbling(sizeMs), outOfOrdernessMs), input(windows, scale)),
    },
    {
      name: `Map, ${label(windows)}`,
      work: label(windows),
      prepare: scale => running(records => handMadeWindows(records, { sizeMs, slideMs: sizeMs, outOfOrdernessMs }), input(windows, scale)),
    },
  ];
});

export const openWindows: BenchCase = {
  name: 'open-windows',
  title: 'count and sum in tumbling windows, by the number of windows that are open at a time; 100,000 keys in all of them together',
  warmUps: 1,
  runs: 2,
  maxRounds: 3,
  contenders,
  claims: WINDOWS.map(
    (windows): Claim => ({ kind: 'ratio', of: `millrace, ${label(windows)}`, to: `Map, ${label(windows)}`, atLeast: 0.5 }),
  ),
};
