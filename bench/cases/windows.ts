import { sliding, tumbling } from 'millrace';
import { handMadeWindows, millraceWindows } from '../contenders/windows.ts';
import { type BenchCase, running, type Scale } from '../harness/case.ts';
import { events } from '../inputs/events.ts';

const KEYS = 10_000;
const outOfOrdernessMs = 2000;
const sizeMs = 10_000;
const slideMs = 1000;

/** One event in ten is under way for up to two seconds. */
const disorder = { outOfOrdernessMs, delayed: 0.1 };

/** Each key has 10 events in a second of event time, and 100 in a window. */
const input = (scale: Scale) => events({ count: 4_000_000 * scale, keys: KEYS, perSecond: 100_000, ...disorder });

/** Each key has 50 events in a second of event time. */
const denseInput = (scale: Scale) => events({ count: 8_000_000 * scale, keys: KEYS, perSecond: 500_000, ...disorder });

export const windows: BenchCase = {
  name: 'windows',
  title: 'count and sum in event-time windows over 10,000 keys, tumbling 10 s and sliding 10 s by 1 s; one event in ten is up to 2 s late',
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
    {
      name: 'millrace, tumbling, dense',
      work: 'tumbling, dense',
      prepare: scale => running(events => millraceWindows(events, tumbling(sizeMs), outOfOrdernessMs), denseInput(scale)),
    },
    {
      name: 'millrace, sliding, dense',
      work: 'sliding, dense',
      prepare: scale => running(events => millraceWindows(events, sliding(sizeMs, slideMs), outOfOrdernessMs), denseInput(scale)),
    },
  ],
  claims: [
    { kind: 'ratio', of: 'millrace, tumbling', to: 'Maps by hand, tumbling', atLeast: 0.5 },
    { kind: 'ratio', of: 'millrace, sliding', to: 'millrace, tumbling', atLeast: 0.7 },
    { kind: 'ratio', of: 'millrace, sliding, dense', to: 'millrace, tumbling, dense', atLeast: 0.7 },
    { kind: 'ratio', of: 'millrace, sliding', to: 'Maps by hand, sliding' },
  ],
};
