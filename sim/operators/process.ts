import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  sideTag,
  type StateTtl,
  type Stream,
  sum,
  valueState,
} from '../../millrace/src/index.ts';
import { byKey, byKeyAndInstant, type Event, mix } from './event.ts';
import { drawKeyForm, fromKey, type KeyForm, toKey } from './key-form.ts';
import { orderedAfter, type SimOperator, sortedAfter, unary } from './operator.ts';

type TtlChoice = 'none' | 'processing' | number;

/** Processing time to live is longer than any run, so that nothing expires; event time to live expires. */
function ttlOf(choice: TtlChoice): { ttl?: StateTtl } {
  if (choice === 'none') return {};
  return { ttl: choice === 'processing' ? { after: '100d' } : { after: choice, time: 'event' } };
}

interface Kept<V> {
  readonly value: V;
  readonly touched: number;
}

/** What the function below keeps of a key, written down plainly. */
interface Plain {
  total: Kept<number> | undefined;
  recent: Kept<number>[];
  counts: Map<number, Kept<number>>;
  high: Kept<number> | undefined;
  sum: Kept<number> | undefined;
}

/** State of every kind at once; a record that the function throws at leaves no trace. */
const everyState = unary<{ ttl: TtlChoice; failing: number; noKey: number }>({
  weight: 2,
  accepts: ({ ordered }) => ordered,
  draw: (dice, { timed, monotone }) => ({
    ttl: timed && monotone && dice.chance(0.6) ? dice.int(5, 40) : dice.pick(['none', 'processing']),
    failing: dice.chance(0.4) ? dice.int(5, 11) : 0,
    noKey: dice.chance(0.2) ? dice.int(9, 15) : 0,
  }),
  traits: orderedAfter,
  build(s, { ttl, failing, noKey }, { name }): Stream<Event> {
    const options = ttlOf(ttl);
    return s
      .keyBy(e => (noKey > 0 && e.v % noKey === 0 ? NaN : e.k))
      .process({
        state: {
          total: valueState<number>('total', { ...options, default: 0 }),
          recent: listState<number>('recent', options),
          counts: mapState<number, number>('counts', options),
          high: reducingState<number>('high', Math.max, options),
          sum: aggregatingState(
            'sum',
            sum((e: Event) => e.v),
            options,
          ),
        },
        onRecord(e, { state: { total, recent, counts, high, sum: added } }) {
          total.set(total.get() + (e.v % 100));
          recent.add(e.v % 10);
          if (recent.get().length > 4) recent.set(recent.get().slice(-2));
          const digit = e.v % 3;
          counts.set(digit, (counts.get(digit) ?? 0) + 1);
          if (e.v % 7 === 0) counts.delete((digit + 1) % 3);
          high.add(e.v % 1000);
          if (e.v % 13 === 0) added.clear();
          else added.add(e);
          if (failing > 0 && e.v % failing === 0) throw new Error('not this one');
          const entries = [...counts.entries()].sort(([a], [b]) => a - b).flat();
          return [{ k: e.k, at: e.at, v: mix(total.get(), ...recent.get(), ...entries, high.get()!, added.get() ?? -1) }];
        },
      })
      .name(name);
  },
  compute(events, { ttl, failing, noKey }, name, reject) {
    const afterMs = typeof ttl === 'number' ? ttl : Infinity;
    const results: Event[] = [];
    const wanted = events.filter(e => {
      const none = noKey > 0 && e.v % noKey === 0;
      if (none) reject('key', name);
      return !none;
    });
    for (const all of byKey(wanted).values()) {
      const kept: Plain = { total: undefined, recent: [], counts: new Map(), high: undefined, sum: undefined };
      for (const e of all) {
        if (failing > 0 && e.v % failing === 0) {
          reject('failed', name);
          continue;
        }
        const touched = e.at;
        const alive = <V>(of: Kept<V> | undefined): V | undefined =>
          of === undefined || of.touched + afterMs <= e.at ? undefined : of.value;
        kept.total = { value: (alive(kept.total) ?? 0) + (e.v % 100), touched };
        kept.recent = [...kept.recent.filter(r => alive(r) !== undefined), { value: e.v % 10, touched }];
        if (kept.recent.length > 4) kept.recent = kept.recent.slice(-2).map(({ value }) => ({ value, touched }));
        const digit = e.v % 3;
        kept.counts.set(digit, { value: (alive(kept.counts.get(digit)) ?? 0) + 1, touched });
        if (e.v % 7 === 0) kept.counts.delete((digit + 1) % 3);
        kept.high = { value: Math.max(alive(kept.high) ?? 0, e.v % 1000), touched };
        kept.sum = e.v % 13 === 0 ? undefined : { value: (alive(kept.sum) ?? 0) + e.v, touched };
        const entries = [...kept.counts].filter(([, count]) => alive(count) !== undefined).sort(([a], [b]) => a - b);
        const flat = entries.flatMap(([of, count]) => [of, count.value]);
        results.push({
          k: e.k,
          at: e.at,
          v: mix(kept.total.value, ...kept.recent.map(r => r.value), ...flat, kept.high.value, kept.sum?.value ?? -1),
        });
      }
    }
    return results;
  },
});

/** The end of the span of time that holds an instant. */
const endOf = (at: number, sizeMs: number): number => Math.floor(at / sizeMs) * sizeMs + sizeMs;

/** Sums that event-time timers send at the end of each span. */
const eventTimers = unary<{ sizeMs: number; keeps: 'map' | 'list'; keys: KeyForm; failing: number }>({
  weight: 2,
  accepts: ({ timed }) => timed,
  draw(dice) {
    const keeps = dice.pick(['map', 'list'] as const);
    return { sizeMs: dice.int(4, 40), keeps, keys: drawKeyForm(dice), failing: keeps === 'map' && dice.chance(0.3) ? dice.int(2, 5) : 0 };
  },
  traits: sortedAfter,
  build(s, { sizeMs, keeps, keys, failing }, { name }): Stream<Event> {
    const keyed = s.keyBy(e => toKey(keys, e.k));
    if (keeps === 'list') {
      return keyed.process({
        state: { waiting: listState<Event>('waiting') },
        onRecord(e, { state, timers }) {
          state.waiting.add(e);
          timers.event(endOf(e.at, sizeMs));
        },
        onTimer({ timeMs }, { key, state: { waiting } }) {
          const due = waiting.get().filter(e => e.at < timeMs);
          waiting.set(waiting.get().filter(e => e.at >= timeMs));
          return [{ k: fromKey(key), at: timeMs, v: due.reduce((total, e) => total + e.v, 0) }];
        },
      });
    }
    return keyed
      .process({
        state: { totals: mapState<number, number>('totals') },
        onRecord(e, { state: { totals }, timers }) {
          const end = endOf(e.at, sizeMs);
          totals.set(end, (totals.get(end) ?? 0) + e.v);
          timers.event(end);
        },
        *onTimer({ timeMs }, { key, state: { totals } }) {
          yield { k: fromKey(key), at: timeMs, v: totals.get(timeMs)! };
          if (failing > 0 && timeMs % failing === 0) throw new Error('not this timer');
          totals.delete(timeMs);
        },
      })
      .name(name);
  },
  compute: (events, { sizeMs, failing }, name, reject) =>
    byKeyAndInstant(events, at => endOf(at, sizeMs)).flatMap(({ k, instant, group }) => {
      const fails = failing > 0 && instant % failing === 0;
      if (fails) reject('failed', name);
      return fails ? [] : [{ k, at: instant, v: group.reduce((total, e) => total + e.v, 0) }];
    }),
});

/** Timers that are deleted and set again: what a key's last record before the time said counts. */
const deletedTimers = unary<{ sizeMs: number }>({
  accepts: ({ timed, ordered }) => timed && ordered,
  draw: dice => ({ sizeMs: dice.int(4, 40) }),
  traits: sortedAfter,
  build: (s, { sizeMs }): Stream<Event> =>
    s.keyBy('k').process({
      onRecord(e, { timers }) {
        if (e.v % 2 === 0) timers.event(endOf(e.at, sizeMs));
        else timers.deleteEvent(endOf(e.at, sizeMs));
      },
      onTimer: ({ timeMs }, { key }) => [{ k: key, at: timeMs, v: mix(timeMs) }],
    }),
  compute: (events, { sizeMs }) =>
    byKeyAndInstant(events, at => endOf(at, sizeMs)).flatMap(({ k, instant, group }) =>
      group.at(-1)!.v % 2 === 0 ? [{ k, at: instant, v: mix(instant) }] : [],
    ),
});

const odd = sideTag<Event>('odd');

/** A step with two outputs: the results of a function, and its side output. */
const sideOutput: SimOperator = {
  inputs: 1,
  weight: 1,
  accepts: () => true,
  draw: () => null,
  traits: ([input]) => [orderedAfter(input!), orderedAfter(input!)],
  build([s]) {
    const main: Stream<Event> = s!.process({
      onRecord(e, ctx) {
        if (e.v % 2 === 0) return [e];
        ctx.output(odd, { ...e, v: mix(e.v, 5) });
        return [];
      },
    });
    return [main, main.sideOutput(odd)];
  },
  compute: ([events]) => [events!.filter(e => e.v % 2 === 0), events!.filter(e => e.v % 2 !== 0).map(e => ({ ...e, v: mix(e.v, 5) }))],
};

/** Branches; what goes to one that nobody reads is dropped on purpose. */
const split: SimOperator = {
  inputs: 1,
  weight: 1,
  accepts: () => true,
  draw: () => null,
  traits: ([input]) => [orderedAfter(input!), orderedAfter(input!)],
  build([s]) {
    const { low, rest } = s!.split({ low: e => e.v % 3 === 0, unread: e => e.v % 3 === 1 });
    return [low, rest];
  },
  compute: ([events]) => [events!.filter(e => e.v % 3 === 0), events!.filter(e => e.v % 3 === 2)],
};

export const processes = { everyState, eventTimers, deletedTimers, sideOutput, split };
