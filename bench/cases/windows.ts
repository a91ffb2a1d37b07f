import { count, pipeline, sliding, sum, tumbling } from 'millrace';
import { callback, fromArray } from 'millrace/connectors/memory';
import { type BenchCase, type Outcome, running, type Scale } from '../harness/case.ts';
import { Checksum } from '../inputs/checksum.ts';
import { type Event, events } from '../inputs/events.ts';

const KEYS = 10_000;
/** So that a key has some ten events in a second and a hundred in a window. */
const EVENTS_PER_SECOND = 100_000;
const OUT_OF_ORDERNESS_MS = 2000;
const SIZE_MS = 10_000;
const SLIDE_MS = 1000;

const millraceWindows = (window: ReturnType<typeof tumbling>) => async (input: readonly Event[]): Promise<Outcome> => {
  const checksum = new Checksum();
  const p = pipeline('windows');
  p.from(fromArray(input))
    .eventTime(event => event.time, { outOfOrderness: OUT_OF_ORDERNESS_MS })
    .keyBy(event => event.key)
    .window(window)
    .aggregate({ events: count(), total: sum(event => event.value) })
    .to(callback(result => checksum.addWindow(result.window.end, result.events, result.total)));
  await p.run();
  return { checksum: checksum.value, records: input.length };
};

interface KeyResult {
  events: number;
  total: number;
}

interface Result extends KeyResult {
  key: string;
  window: { start: number; end: number };
}

/**
 * A Map of keys for each window; windows fire when the newest event is further ahead of their end than events are out of order. An event is added to
 * each window it is in.
 */
function windowsByHand(input: readonly Event[], slideMs: number): Outcome {
  const checksum = new Checksum();
  const emit = (result: Result) => checksum.addWindow(result.window.end, result.events, result.total);
  const windows = new Map<number, Map<string, KeyResult>>();
  let watermark = -Infinity;
  let nextEnd = Infinity;
  let late = 0;

  const fireUpTo = (time: number) => {
    while (nextEnd - 1 <= time && windows.size > 0) {
      const start = nextEnd - SIZE_MS;
      const window = { start, end: nextEnd };
      for (const [key, { events, total }] of windows.get(start)!) emit({ key, window, events, total });
      windows.delete(start);
      nextEnd = Infinity;
      for (const other of windows.keys()) nextEnd = Math.min(nextEnd, other + SIZE_MS);
    }
  };

  for (const { key, value, time } of input) {
    const newest = Math.floor(time / slideMs) * slideMs;
    for (let start = newest; start > time - SIZE_MS; start -= slideMs) {
      const end = start + SIZE_MS;
      if (end - 1 <= watermark) {
        if (start === newest) late++;
        break;
      }
      let keys = windows.get(start);
      if (keys === undefined) {
        windows.set(start, (keys = new Map()));
        nextEnd = Math.min(nextEnd, end);
      }
      const result = keys.get(key);
      if (result === undefined) keys.set(key, { events: 1, total: value });
      else {
        result.events++;
        result.total += value;
      }
    }
    if (time - OUT_OF_ORDERNESS_MS - 1 > watermark) {
      watermark = time - OUT_OF_ORDERNESS_MS - 1;
      if (nextEnd - 1 <= watermark) fireUpTo(watermark);
    }
  }
  fireUpTo(Infinity);
  if (late > 0) throw new Error(`${late} events are late`);
  return { checksum: checksum.value, records: input.length };
}

const input = (scale: Scale) =>
  events({ count: 4_000_000 * scale, keys: KEYS, perSecond: EVENTS_PER_SECOND, outOfOrdernessMs: OUT_OF_ORDERNESS_MS });

export const windows: BenchCase = {
  name: 'windows',
  title: 'count and sum in event-time windows over 10,000 keys, out of order by up to 2 s',
  warmUps: 1,
  runs: 3,
  contenders: [
    { name: 'millrace, tumbling', work: 'tumbling', prepare: scale => running(millraceWindows(tumbling('10s')), input(scale)) },
    { name: 'Maps by hand, tumbling', work: 'tumbling', prepare: scale => running(events => windowsByHand(events, SIZE_MS), input(scale)) },
    { name: 'millrace, sliding', work: 'sliding', prepare: scale => running(millraceWindows(sliding('10s', '1s')), input(scale)) },
    { name: 'Maps by hand, sliding', work: 'sliding', prepare: scale => running(events => windowsByHand(events, SLIDE_MS), input(scale)) },
  ],
  claims: [
    { kind: 'ratio', of: 'millrace, tumbling', to: 'Maps by hand, tumbling', atLeast: 0.5 },
    { kind: 'ratio', of: 'millrace, sliding', to: 'millrace, tumbling', atLeast: 0.7 },
    { kind: 'ratio', of: 'millrace, sliding', to: 'Maps by hand, sliding' },
  ],
};
