import fc from 'fast-check';
import { expect, test } from 'vitest';
import { callback, fromArray } from '../../src/connectors/memory/index.ts';
import {
  count,
  countTrigger,
  countWindow,
  mapState,
  max,
  pipeline,
  purging,
  session,
  sliding,
  type Stream,
  sum,
  tumbling,
  valueState,
} from '../../src/index.ts';
import type { Sink } from '../../src/spi/index.ts';
import { testPipeline } from '../../src/testing/index.ts';

/*
 * Whole pipelines, made at random, against a plain computation over all of the input: whatever the batches, the splits, the order in which they come and the moments
 * at which a sink is slow, the results are the same.
 */

interface Event {
  readonly k: string;
  readonly at: number;
  readonly v: number;
}

/** Stateless steps with their meaning for an array. */
const steps = {
  odd: { on: (s: Stream<Event>) => s.filter(e => e.v % 2 === 1), naive: (events: Event[]) => events.filter(e => e.v % 2 === 1) },
  shift: {
    on: (s: Stream<Event>) => s.map(e => ({ ...e, at: e.at + 3 })),
    naive: (events: Event[]) => events.map(e => ({ ...e, at: e.at + 3 })),
  },
  twice: {
    on: (s: Stream<Event>) => s.flatMap(e => [e, { ...e, v: e.v + 1 }]),
    naive: (events: Event[]) => events.flatMap(e => [e, { ...e, v: e.v + 1 }]),
  },
} as const;

const groupBy = <T>(items: readonly T[], key: (item: T) => string) => Map.groupBy(items, key);

function naiveWindows(events: readonly Event[], windows: (at: number) => { start: number; end: number }[]) {
  const tagged = events.flatMap(e => windows(e.at).map(w => ({ ...e, w })));
  return [...groupBy(tagged, e => `${e.k}|${e.w.start}|${e.w.end}`).values()].map(group => ({
    key: group[0]!.k,
    window: group[0]!.w,
    n: group.length,
    total: group.reduce((total, e) => total + e.v, 0),
  }));
}

function naiveSessions(events: readonly Event[], gap: number) {
  return [...groupBy(events, e => e.k)].flatMap(([key, group]) => {
    const sessions: { key: string; window: { start: number; end: number }; n: number; total: number }[] = [];
    for (const e of group.toSorted((a, b) => a.at - b.at)) {
      const last = sessions.at(-1);
      if (last !== undefined && e.at < last.window.end) {
        last.window.end = Math.max(last.window.end, e.at + gap);
        last.n++;
        last.total += e.v;
      } else sessions.push({ key, window: { start: e.at, end: e.at + gap }, n: 1, total: e.v });
    }
    return sessions;
  });
}

const aggregates = { n: count(), total: sum((e: Event) => e.v) };

/** A stream of whatever type, of which only the end matters. */
interface Results {
  to(sink: Sink<unknown>, options: { name: string }): unknown;
}

/** Keyed ends: on a stream, and on an array. */
const ends = {
  tumbling: {
    on: (s: Stream<Event>): Results => s.keyBy('k').window(tumbling(10)).aggregate(aggregates),
    naive: (events: Event[]): unknown[] =>
      naiveWindows(events, at => [{ start: Math.floor(at / 10) * 10, end: Math.floor(at / 10) * 10 + 10 }]),
  },
  sliding: {
    on: (s: Stream<Event>): Results => s.keyBy('k').window(sliding(12, 4)).aggregate(aggregates),
    naive: (events: Event[]): unknown[] =>
      naiveWindows(events, at => [0, 1, 2].map(i => (Math.floor(at / 4) - i) * 4).map(start => ({ start, end: start + 12 }))),
  },
  session: {
    on: (s: Stream<Event>): Results => s.keyBy('k').window(session(5)).aggregate(aggregates),
    naive: (events: Event[]): unknown[] => naiveSessions(events, 5),
  },
  twoLevels: {
    on: (s: Stream<Event>): Results =>
      s
        .keyBy('k')
        .window(tumbling(5))
        .aggregate(aggregates)
        .keyBy(r => r.key)
        .window(tumbling(20))
        .aggregate({ most: max(r => r.n) }),
    naive: (events: Event[]): unknown[] => {
      const inner = naiveWindows(events, at => [{ start: Math.floor(at / 5) * 5, end: Math.floor(at / 5) * 5 + 5 }]);
      const outer = groupBy(inner, r => `${r.key}|${Math.floor(r.window.start / 20)}`);
      return [...outer.values()].map(group => {
        const start = Math.floor(group[0]!.window.start / 20) * 20;
        return { key: group[0]!.key, window: { start, end: start + 20 }, most: Math.max(...group.map(r => r.n)) };
      });
    },
  },
  coGroup: {
    on: (s: Stream<Event>): Results =>
      s
        .filter(e => e.v < 50)
        .keyBy('k')
        .coGroup(s.filter(e => e.v >= 50).keyBy('k'))
        .window(tumbling(10))
        .apply((key, window, small, large) => [{ key, window, small: [...small].length, large: [...large].length }]),
    naive: (events: Event[]): unknown[] =>
      [...groupBy(events, e => `${e.k}|${Math.floor(e.at / 10)}`).values()].map(group => {
        const start = Math.floor(group[0]!.at / 10) * 10;
        const small = group.filter(e => e.v < 50).length;
        return { key: group[0]!.k, window: { start, end: start + 10 }, small, large: group.length - small };
      }),
  },
  intervalJoin: {
    on: (s: Stream<Event>): Results =>
      s
        .filter(e => e.v < 50)
        .keyBy('k')
        .intervalJoin(s.filter(e => e.v >= 50).keyBy('k'))
        .between(-3, 6)
        .join((l, r) => ({ k: l.k, l: l.at, lv: l.v, r: r.at, rv: r.v })),
    naive: (events: Event[]): unknown[] =>
      events
        .filter(e => e.v < 50)
        .flatMap(l =>
          events
            .filter(r => r.v >= 50 && r.k === l.k && r.at - l.at >= -3 && r.at - l.at <= 6)
            .map(r => ({ k: l.k, l: l.at, lv: l.v, r: r.at, rv: r.v })),
        ),
  },
  runningAggregate: {
    on: (s: Stream<Event>): Results => s.keyBy('k').aggregate({ n: count() }),
    naive: (events: Event[]): unknown[] =>
      [...groupBy(events, e => e.k)].flatMap(([key, group]) => group.map((_, i) => ({ key, n: i + 1 }))),
  },
  reduce: {
    on: (s: Stream<Event>): Results =>
      s
        .map(e => ({ k: e.k, n: 1 }))
        .keyBy('k')
        .reduce((a, b) => ({ k: a.k, n: a.n + b.n })),
    naive: (events: Event[]): unknown[] => [...groupBy(events, e => e.k)].flatMap(([k, group]) => group.map((_, i) => ({ k, n: i + 1 }))),
  },
  dedupe: {
    on: (s: Stream<Event>): Results => s.map(e => [e.k, e.v % 7]).dedupe(r => r),
    naive: (events: Event[]): unknown[] => [...new Map(events.map(e => [`${e.k}${e.v % 7}`, [e.k, e.v % 7]])).values()],
  },
  countWindow: {
    on: (s: Stream<Event>): Results =>
      s
        .keyBy('k')
        .window(countWindow(3))
        .aggregate({ n: count() })
        .map(({ key, n }) => ({ key, n })),
    naive: (events: Event[]): unknown[] =>
      [...groupBy(events, e => e.k)].flatMap(([key, group]) => Array.from({ length: Math.floor(group.length / 3) }, () => ({ key, n: 3 }))),
  },
  timers: {
    on: (s: Stream<Event>): Results =>
      s.keyBy('k').process({
        state: { totals: mapState<number, number>('totals') },
        onRecord(e, ctx) {
          const end = Math.floor(e.at / 10) * 10 + 10;
          ctx.state.totals.set(end, (ctx.state.totals.get(end) ?? 0) + e.v);
          ctx.timers.event(end);
        },
        *onTimer({ timeMs }, ctx) {
          yield { key: ctx.key, end: timeMs, total: ctx.state.totals.get(timeMs) };
          ctx.state.totals.delete(timeMs);
        },
      }),
    naive: (events: Event[]): unknown[] =>
      [...groupBy(events, e => `${e.k}|${Math.floor(e.at / 10)}`).values()].map(group => ({
        key: group[0]!.k,
        end: Math.floor(group[0]!.at / 10) * 10 + 10,
        total: group.reduce((total, e) => total + e.v, 0),
      })),
  },
  connect: {
    on: (s: Stream<Event>): Results =>
      s
        .filter(e => e.v < 50)
        .keyBy('k')
        .connect(s.filter(e => e.v >= 50).keyBy('k'))
        .process({
          state: { seen: valueState<number>('seen', { default: 0 }) },
          onLeft(_, ctx) {
            ctx.state.seen.set(ctx.state.seen.get() + 1);
            return [{ key: ctx.key, seen: ctx.state.seen.get() }];
          },
          onRight(_, ctx) {
            ctx.state.seen.set(ctx.state.seen.get() + 1);
            return [{ key: ctx.key, seen: ctx.state.seen.get() }];
          },
        }),
    naive: (events: Event[]): unknown[] =>
      [...groupBy(events, e => e.k)].flatMap(([key, group]) => group.map((_, i) => ({ key, seen: i + 1 }))),
  },
  asynchronous: {
    on: (s: Stream<Event>): Results =>
      s
        .mapAsync(async e => ({ ...e, v: e.v + 1 }), { capacity: 3 })
        .mapAsync(e => Promise.resolve(e), { ordered: false, capacity: 2 })
        .keyBy('k')
        .window(tumbling(10))
        .aggregate(aggregates),
    naive: (events: Event[]): unknown[] =>
      naiveWindows(
        events.map(e => ({ ...e, v: e.v + 1 })),
        at => [{ start: Math.floor(at / 10) * 10, end: Math.floor(at / 10) * 10 + 10 }],
      ),
  },
  earlyFiring: {
    on: (s: Stream<Event>): Results =>
      s
        .keyBy('k')
        .window(tumbling(10))
        .trigger(purging(countTrigger(1)))
        .aggregate({ total: sum((e: Event) => e.v) })
        .map(({ key, total }) => ({ key, total })),
    naive: (events: Event[]): unknown[] => events.map(e => ({ key: e.k, total: e.v })),
  },
} as const;

const eventArb = fc.record({
  k: fc.constantFrom<string>('a', 'b', 'c'),
  at: fc.integer({ min: -30, max: 120 }),
  v: fc.integer({ min: 0, max: 99 }),
});

const caseArb = fc.record({
  steps: fc.array(fc.constantFrom<keyof typeof steps>('odd', 'shift', 'twice'), { maxLength: 3 }),
  end: fc.constantFrom(...(Object.keys(ends) as (keyof typeof ends)[])),
  timeFirst: fc.boolean(),
  splits: fc.integer({ min: 1, max: 3 }),
  // Event by event which split it comes by, and how many are fed at once.
  feeds: fc.array(
    fc.record({
      events: fc.array(eventArb, { maxLength: 8 }),
      split: fc.nat({ max: 2 }),
      hold: fc.boolean(),
      /** What happens then: nothing, time for an epoch, or the death of the process. */
      then: fc.constantFrom('nothing' as const, 'epoch' as const, 'crash' as const),
    }),
    { maxLength: 12 },
  ),
});

test.each([
  ['without epochs', {}],
  ['with epochs and crashes', { epochInterval: '1s' }],
] as const)('random pipelines give what a plain computation over the whole input gives, %s', async (_, options) => {
  await fc.assert(
    fc.asyncProperty(caseArb, async ({ steps: chosen, end, timeFirst, splits, feeds }) => {
      const p = pipeline('random');
      const source = p.from(fromArray<Event>([])).name('events');
      const timed = (s: Stream<Event>) => s.eventTime(e => e.at, { outOfOrderness: 200 });
      let stream = timeFirst ? timed(source) : source;
      for (const step of chosen) stream = steps[step].on(stream);
      // Where a step has changed the times, they are assigned after it.
      stream = timed(stream);
      ends[end].on(stream).to(
        callback(() => {}),
        { name: 'out' },
      );

      const names = Array.from({ length: splits }, (_, i) => String(i));
      const t = await testPipeline(p, { ...options, splits: { events: names } });
      for (const { events, split, hold, then } of feeds) {
        if (hold) t.sink('out').hold();
        await t
          .source<Event>('events')
          .split(names[split % splits]!)
          .feed(...events);
        if (then === 'crash' && 'epochInterval' in options) await t.crash();
        if (hold) await t.sink('out').release();
        if (then === 'epoch') await t.advanceTime('1s');
      }
      await t.finish();

      let input = feeds.flatMap(f => f.events);
      for (const step of chosen) input = steps[step].naive(input);
      const canonical = (rows: readonly unknown[]) => rows.map(row => JSON.stringify(row)).toSorted();
      expect(t.rejects).toEqual([]);
      expect(canonical(t.sink('out').records)).toEqual(canonical(ends[end].naive(input)));
    }),
    { numRuns: Number(process.env.RUNS ?? 400) },
  );
});
