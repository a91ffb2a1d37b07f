import { sliding, tumbling } from 'millrace';
import { handMadeWindows, millraceWindows } from '../contenders/windows.ts';
import { type BenchCase, running, type Scale } from '../harness/case.ts';
import { events } from '../inputs/events.ts';

const KEYS = 10_000;
/** So that a key has some ten events in a second and a hundred in a window. */
const EVENTS_PER_SECOND = 100_000;
const outOfOrdernessMs = 2000;
const sizeMs = 10_000;
const slideMs = 1000;

const input = (scale: Scale) => events({ count: 4_000_000 * scale, keys: KEYS, perSecond: EVENTS_PER_SECOND, outOfOrdernessMs });

export const windows: BenchCase = {
  name: 'windows',
  title: 'count and sum in event-time windows over 10,000 keys, out of order by up to 2 s',
  warmUps: 1,
  runs: 3,
  contenders: [
    {
      name: 'millrace, tumbling',
      work: 'tumbling',
      prepare: scale => running(events => millraceWindows(events, tumbling(sizeMs), outOfOrdernessMs), input(scale)),
    },
    {
      name: 'Maps by hand, tumbling',
      work: 'tumbling',
      prepare: scale => running(events => handMadeWindows(events, { sizeMs, slideMs: sizeMs, outOfOrdernessMs }), input(scale)),
    },
    {
      name: 'millrace, sliding',
      work: 'sliding',
      prepare: scale => running(events => millraceWindows(events, sliding(sizeMs, slideMs), outOfOrdernessMs), input(scale)),
    },
    {
      name: 'Maps by hand, sliding',
      work: 'sliding',
      prepare: scale => running(events => handMadeWindows(events, { sizeMs, slideMs, outOfOrdernessMs }), input(scale)),
    },
  ],
  claims: [
    { kind: 'ratio', of: 'millrace, tumbling', to: 'Maps by hand, tumbling', atLeast: 0.5 },
    { kind: 'ratio', of: 'millrace, sliding', to: 'millrace, tumbling', atLeast: 0.7 },
    { kind: 'ratio', of: 'millrace, sliding', to: 'Maps by hand, sliding' },
  ],
};
