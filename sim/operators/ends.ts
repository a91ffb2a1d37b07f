import {
  count,
  countEvictor,
  countTrigger,
  earlyFiring,
  globalWindow,
  listState,
  purging,
  session,
  sliding,
  type Stream,
  sum,
  tumbling,
  valueState,
} from '../../millrace/src/index.ts';
import { difference, end, orderDifference, type Published, type SimEnd } from './end.ts';
import { byKey, byKeyAndInstant, type Event, mix, sumOf } from './event.ts';
import { lateEnds } from './late-ends.ts';
import { FAR_MS } from './operator.ts';

/** The stream as it is. */
const plain = end<null>({
  weight: 8,
  mayRepeat: true,
  build: s => s,
  check: (published, input, _, { ordered }) =>
    difference(published, input) ?? (ordered && published.exactlyOnce ? orderDifference(published.rows as Event[], input) : undefined),
});

const runningCount = end<null>({
  mayRepeat: true,
  build: s => s.keyBy('k').aggregate({ n: count() }),
  check: (published, input) =>
    difference(
      published,
      [...byKey(input)].flatMap(([key, all]) => all.map((_, i) => ({ key, n: i + 1 }))),
    ),
});

const runningSum = end<null>({
  build: s =>
    s
      .map(({ k, v }) => ({ k, v, n: 1 }))
      .keyBy('k')
      .reduce((a, b) => ({ k: a.k, v: a.v + b.v, n: a.n + b.n })),
  // Which sums come on the way depends on the order of arrival, which one comes last does not.
  check({ rows }, input) {
    const sums = Map.groupBy(rows as { k: string; v: number; n: number }[], row => row.k);
    for (const [k, all] of byKey(input)) {
      const got = sums.get(k) ?? [];
      if (got.some(({ n }, i) => n !== i + 1)) return `key ${k} does not count 1, 2, 3, ...: ${got.map(({ n }) => n).join(', ')}`;
      if (got.at(-1)?.v !== sumOf(all)) return `the last sum of key ${k} is ${got.at(-1)?.v} instead of ${sumOf(all)}`;
    }
    return sums.size > byKey(input).size ? 'there are sums of keys without records' : undefined;
  },
});

const globalCount = end<{ n: number; purges: boolean }>({
  mayRepeat: true,
  draw: dice => ({ n: dice.int(1, 5), purges: dice.chance(0.5) }),
  build: (s, { n, purges }) =>
    s
      .keyBy('k')
      .window(globalWindow())
      .trigger(purges ? purging(countTrigger(n)) : countTrigger(n))
      .aggregate({ n: count() })
      .map(r => ({ key: r.key, n: r.n })),
  check: (published, input, { n, purges }) =>
    difference(
      published,
      [...byKey(input)].flatMap(([key, all]) =>
        Array.from({ length: Math.floor(all.length / n) }, (_, i) => ({ key, n: purges ? n : (i + 1) * n })),
      ),
    ),
});

/** What an evictor takes out is gone for later results too. */
const globalEvicting = end<{ n: number; kept: number }>({
  accepts: ({ ordered }) => ordered,
  mayRepeat: true,
  draw: dice => ({ n: dice.int(1, 4), kept: dice.int(1, 6) }),
  build: (s, { n, kept }) =>
    s
      .keyBy('k')
      .window(globalWindow())
      .trigger(countTrigger(n))
      .evictor(countEvictor(kept))
      .process((key, _, records) => [{ key, values: [...records].map(({ v }) => v) }]),
  check: (published, input, { n, kept }) =>
    difference(
      published,
      [...byKey(input)].flatMap(([key, all]) => {
        let contents: number[] = [];
        return all.flatMap(({ v }, i) => {
          contents.push(v);
          if ((i + 1) % n !== 0) return [];
          contents = contents.slice(-kept);
          return [{ key, values: [...contents] }];
        });
      }),
    ),
});

const dedupeContents = end<{ modulus: number }>({
  mayRepeat: true,
  draw: dice => ({ modulus: dice.int(2, 9) }),
  build: (s, { modulus }) => s.map(e => ({ k: e.k, v: e.v % modulus })).dedupe(r => r),
  check: (published, input, { modulus }) =>
    difference(published, [...new Map(input.map(e => [`${e.k} ${e.v % modulus}`, { k: e.k, v: e.v % modulus }])).values()]),
});

/** Numbers of records that were gathered in whatever groups: all of them must be there. */
function conserved({ rows, exactlyOnce }: Published, input: readonly Event[]): string | undefined {
  const got = (rows as { key: string; values: number[] }[]).flatMap(({ key, values }) => values.map(v => ({ key, v })));
  return difference(
    { rows: got, exactlyOnce },
    input.map(({ k, v }) => ({ key: k, v })),
  );
}

/** Which window of the clock a record falls into is a matter of chance, that it falls into one is not. */
const clockWindows = end<{ kind: 'tumbling' | 'session'; sizeMs: number }>({
  weight: 2,
  draw: dice => ({ kind: dice.pick(['tumbling', 'session']), sizeMs: dice.int(5, 400) }),
  build: (s, { kind, sizeMs }) =>
    s
      .keyBy('k')
      .window(kind === 'tumbling' ? tumbling(sizeMs, { time: 'processing' }) : session(sizeMs, { time: 'processing' }))
      .process((key, _, records) => [{ key, values: [...records].map(({ v }) => v) }]),
  check: conserved,
});

const slidingClockWindows = end<{ slideMs: number; times: number }>({
  draw: dice => ({ slideMs: dice.int(5, 200), times: dice.int(2, 3) }),
  build: (s, { slideMs, times }) =>
    s
      .keyBy('k')
      .window(sliding(slideMs * times, slideMs, { time: 'processing' }))
      .process((key, _, records) => [{ key, values: [...records].map(({ v }) => v) }]),
  check: (published, input, { times }) =>
    conserved(
      published,
      input.flatMap(e => Array.from({ length: times }, () => e)),
    ),
});

const clockTimers = end<{ afterMs: number }>({
  weight: 2,
  draw: dice => ({ afterMs: dice.int(1, 500) }),
  build: (s, { afterMs }) =>
    s.keyBy('k').process({
      state: { waiting: listState<number>('waiting'), armed: valueState<number>('armed') },
      onRecord(e, { state: { waiting, armed }, timers, processingTime }) {
        waiting.add(e.v);
        // What no timer of the clock takes is taken at the end of the input.
        timers.event(FAR_MS);
        if (armed.get() !== undefined && e.v % 2 === 0) return;
        if (armed.get() !== undefined) timers.deleteProcessing(armed.get()!);
        armed.set(processingTime + afterMs);
        timers.processing(processingTime + afterMs);
      },
      onTimer(_, { key, state: { waiting, armed } }) {
        const values = waiting.get();
        waiting.clear();
        armed.clear();
        return values.length === 0 ? [] : [{ key, values }];
      },
    }),
  check: conserved,
});

/** Results of a window on the way to its last one. */
interface Firing {
  readonly key: string;
  readonly window: { readonly start: number };
  readonly n: number;
  readonly total: number;
}

const earlyResults = end<{ sizeMs: number; everyMs: number; of: 'event' | 'processing' }>({
  weight: 2,
  accepts: ({ timed, far }) => timed && !far,
  draw: dice => ({ sizeMs: dice.int(20, 200), everyMs: dice.int(5, 60), of: dice.pick(['event', 'processing']) }),
  build: (s, { sizeMs, everyMs, of }) =>
    s
      .keyBy('k')
      .window(tumbling(sizeMs))
      .trigger(earlyFiring(everyMs, { of }))
      .aggregate({ n: count(), total: sum((e: Event) => e.v) }),
  check({ rows }, input, { sizeMs }) {
    const firings = Map.groupBy(rows as Firing[], ({ key, window }) => `${key} ${window.start}`);
    const wanted = byKeyAndInstant(input, at => Math.floor(at / sizeMs) * sizeMs);
    for (const { k, instant, group } of wanted) {
      const got = firings.get(`${k} ${instant}`) ?? [];
      const counts = got.map(({ n }) => n);
      if (counts.some((n, i) => n < (counts[i - 1] ?? 1))) return `window ${instant} of key ${k} goes back: ${counts.join(', ')}`;
      if (counts.at(-1) !== group.length || got.at(-1)?.total !== sumOf(group)) {
        return `window ${instant} of key ${k} ends at ${counts.at(-1)} records instead of ${group.length}`;
      }
    }
    return firings.size > wanted.length ? 'there are windows without records' : undefined;
  },
});

/** How often a record of a key passes is a matter of chance, that the first does and none passes twice is not. */
const dedupeClock = end<{ withinMs: number }>({
  draw: dice => ({ withinMs: dice.int(1, 500) }),
  build: (s, { withinMs }): Stream<Event> => s.keyBy('k').dedupe({ within: withinMs, time: 'processing' }),
  check({ rows }, input) {
    const passed = byKey(rows as Event[]);
    for (const [k, all] of byKey(input)) {
      const got = passed.get(k) ?? [];
      if (got.length === 0) return `no record of key ${k} passes`;
      const left = all.map(e => JSON.stringify(e));
      for (const e of got) {
        const i = left.indexOf(JSON.stringify(e));
        if (i < 0) return `more passes than came: ${JSON.stringify(e)}`;
        left.splice(i, 1);
      }
    }
    return undefined;
  },
});

/** Two inputs of one state, in any order. */
const connectedCount = end<null>({
  mayRepeat: true,
  build: s => {
    const low = s.filter(e => e.v % 2 === 0).keyBy('k');
    const seen = (_: Event, { key, state }: { key: string; state: { seen: { get(): number; set(n: number): void } } }) => {
      state.seen.set(state.seen.get() + 1);
      return [{ key, seen: state.seen.get() }];
    };
    return low
      .connect(s.filter(e => e.v % 2 !== 0).keyBy('k'))
      .process({ state: { seen: valueState<number>('seen', { default: 0 }) }, onLeft: seen, onRight: seen });
  },
  check: (published, input) =>
    difference(
      published,
      [...byKey(input)].flatMap(([key, all]) => all.map((_, i) => ({ key, seen: i + 1 }))),
    ),
});

/** Forgotten and known numbers: state whose time to live is longer than any run. */
const longLived = end<null>({
  mayRepeat: true,
  build: s =>
    s
      .keyBy('k')
      .aggregate({ n: count() }, { ttl: '100d' })
      .map(({ key, n }) => ({ key, n: mix(n) })),
  check: (published, input) =>
    difference(
      published,
      [...byKey(input)].flatMap(([key, all]) => all.map((_, i) => ({ key, n: mix(i + 1) }))),
    ),
});

/** All ends of random pipelines, by name. */
export const ends: ReadonlyMap<string, SimEnd> = new Map<string, SimEnd>(
  Object.entries({
    plain,
    runningCount,
    runningSum,
    globalCount,
    globalEvicting,
    dedupeContents,
    clockWindows,
    slidingClockWindows,
    clockTimers,
    earlyResults,
    dedupeClock,
    connectedCount,
    longLived,
    ...lateEnds,
  }),
);

export function endNamed(name: string): SimEnd {
  const found = ends.get(name);
  if (found === undefined) throw new Error(`there is no end ${name}`);
  return found;
}
