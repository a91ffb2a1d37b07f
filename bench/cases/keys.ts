import { tumbling } from 'millrace';
import { fromIterable } from 'millrace/connectors/memory';
import { HandMadeWindows, handMadeWindows, millraceWindows, windowPipeline } from '../contenders/windows.ts';
import type { BenchCase, Claim, Contender } from '../harness/case.ts';
import { heapBytes } from '../harness/heap.ts';
import { Checksum } from '../inputs/checksum.ts';
import { accountNames, type Event, events, FIRST_TIME_MS } from '../inputs/events.ts';

const SIZES = [10_000, 30_000, 100_000, 300_000, 1_000_000] as const;
const EVENTS_PER_KEY = 4;
const sizeMs = 10_000;
const tumblingByHand = { sizeMs, slideMs: sizeMs, outOfOrdernessMs: 0 };

/** As many events for each key and window whatever the number of keys, so that only the number of keys makes a difference. */
const input = (keys: number, scale: number) =>
  events({
    count: EVENTS_PER_KEY * SIZES.at(-1)! * scale,
    keys: keys * scale,
    perSecond: (EVENTS_PER_KEY * keys * scale * 1000) / sizeMs,
  });

/** One event for each key, all in one window. */
const oneOfEach = (keys: number) => accountNames(keys).map((key): Event => ({ key, value: 1, time: FIRST_TIME_MS }));

/** What the state of a key takes, without the key itself, while its window is open. The input is there to the end, so that it does not count. */
async function millraceBytesPerKey(keys: number): Promise<number> {
  const input = oneOfEach(keys);
  const all = Promise.withResolvers<void>();
  const measured = Promise.withResolvers<void>();
  async function* held() {
    yield* input;
    all.resolve();
    await measured.promise;
  }
  const empty = heapBytes();
  const job = windowPipeline(fromIterable(held), tumbling(sizeMs), 0, new Checksum()).start();
  await all.promise;
  const bytes = heapBytes() - empty;
  measured.resolve();
  await job.done;
  return bytes / input.length;
}

function mapBytesPerKey(keys: number): number {
  const input = oneOfEach(keys);
  const empty = heapBytes();
  const windows = new HandMadeWindows(tumblingByHand, () => {});
  for (const { key, value, time } of input) windows.add(key, value, time);
  const bytes = heapBytes() - empty;
  windows.end();
  return bytes / input.length;
}

const label = (keys: number) => `${keys.toLocaleString('en-US')} keys`;

const contenders = SIZES.flatMap((keys): Contender[] => [
  {
    name: `millrace, ${label(keys)}`,
    work: label(keys),
    prepare: scale => {
      const records = input(keys, scale);
      return {
        run: () => millraceWindows(records, tumbling(sizeMs), 0),
        figures: async () => ({ bytesPerKey: await millraceBytesPerKey(keys * scale) }),
      };
    },
  },
  {
    name: `Map, ${label(keys)}`,
    work: label(keys),
    prepare: scale => {
      const records = input(keys, scale);
      return { run: () => handMadeWindows(records, tumblingByHand), figures: async () => ({ bytesPerKey: mapBytesPerKey(keys * scale) }) };
    },
  },
]);

const most = label(SIZES.at(-1)!);
const fewest = label(SIZES[0]);

export const keys: BenchCase = {
  name: 'keys',
  title: 'count and sum in a tumbling window, by the number of keys; 4 events for each key and window',
  warmUps: 1,
  runs: 1,
  maxRounds: 3,
  contenders,
  claims: [
    ...SIZES.map((size): Claim => ({ kind: 'ratio', of: `millrace, ${label(size)}`, to: `Map, ${label(size)}`, atLeast: 0.5 })),
    { kind: 'ratio', of: `millrace, ${most}`, to: `millrace, ${fewest}` },
    { kind: 'ratio', of: `Map, ${most}`, to: `Map, ${fewest}` },
  ],
};
