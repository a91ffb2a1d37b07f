import {
  type Aggregate,
  approxCountDistinct,
  collect,
  count,
  countDistinct,
  countEvictor,
  countWindow as countWindowOf,
  cumulative,
  eventTimeTrigger,
  first,
  max,
  maxBy,
  mean,
  min,
  quantiles,
  session,
  sliding,
  type Stream,
  sum,
  timeEvictor,
  topK,
  topN,
  type Trigger,
  tumbling,
  variance,
} from '../../millrace/src/index.ts';
import { byKey, byKeyAndInstant, type Event, mix, newestOf, sumOf } from './event.ts';
import { drawKeyForm, fromKey, type KeyForm, toKey } from './key-form.ts';
import { orderedAfter, sortedAfter, unary, unorderedAfter } from './operator.ts';

type Span = { readonly start: number; readonly end: number };

type Cut = {
  readonly kind: 'tumbling' | 'sliding' | 'cumulative' | 'session';
  /** Of a session: its gap. */
  readonly sizeMs: number;
  readonly stepMs: number;
  readonly offsetMs: number;
};

function assignerOf({ kind, sizeMs, stepMs, offsetMs }: Cut) {
  switch (kind) {
    case 'tumbling':
      return tumbling(sizeMs, { offset: offsetMs });
    case 'sliding':
      return sliding(sizeMs, stepMs, { offset: offsetMs });
    case 'cumulative':
      return cumulative(sizeMs, stepMs, { offset: offsetMs });
    case 'session':
      return session(sizeMs);
  }
}

/** The windows that hold a time. */
function windowsOf({ kind, sizeMs, stepMs, offsetMs }: Cut, at: number): Span[] {
  const floor = (unit: number) => Math.floor((at - offsetMs) / unit) * unit + offsetMs;
  switch (kind) {
    case 'tumbling':
      return [{ start: floor(sizeMs), end: floor(sizeMs) + sizeMs }];
    case 'sliding': {
      const windows: Span[] = [];
      for (let start = floor(stepMs); start + sizeMs > at; start -= stepMs) windows.push({ start, end: start + sizeMs });
      return windows;
    }
    case 'cumulative': {
      const start = floor(sizeMs);
      const windows: Span[] = [];
      for (let end = start + sizeMs; end > at; end -= stepMs) windows.push({ start, end });
      return windows;
    }
    case 'session':
      return [];
  }
}

/** The contents of the windows of one key, in the order of their ends and of arrival. */
function contentsOf(cut: Cut, events: readonly Event[]): { window: Span; group: Event[] }[] {
  const contents: { window: { start: number; end: number }; group: Event[] }[] = [];
  if (cut.kind === 'session') {
    const members = new Map<Event, number>();
    for (const e of events.toSorted((a, b) => a.at - b.at)) {
      const open = contents.at(-1);
      if (open === undefined || e.at >= open.window.end) contents.push({ window: { start: e.at, end: e.at + cut.sizeMs }, group: [] });
      else open.window.end = Math.max(open.window.end, e.at + cut.sizeMs);
      members.set(e, contents.length - 1);
    }
    for (const e of events) contents[members.get(e)!]!.group.push(e);
    return contents;
  }
  const tagged = events.flatMap(e => windowsOf(cut, e.at).map(window => ({ e, window })));
  for (const group of Map.groupBy(tagged, ({ window }) => `${window.start}|${window.end}`).values()) {
    contents.push({ window: group[0]!.window, group: group.map(({ e }) => e) });
  }
  return contents.sort((a, b) => a.window.end - b.window.end);
}

const aggregates = {
  n: count(),
  total: sum((e: Event) => e.v),
  low: min((e: Event) => e.v),
  high: max((e: Event) => e.v),
  digits: countDistinct((e: Event) => e.v % 10),
  values: approxCountDistinct((e: Event) => e.v),
};

/** What the aggregates make of few records is exact. */
function aggregated(k: string, end: number, events: readonly Event[]): Event {
  const values = events.map(e => e.v);
  const distinct = (of: readonly number[]) => new Set(of).size;
  return {
    k,
    at: end - 1,
    v: mix(
      events.length,
      sumOf(events),
      Math.min(...values),
      Math.max(...values),
      distinct(values.map(v => v % 10)),
      Math.sign(distinct(values)),
    ),
  };
}

const timeWindow = unary<{
  cut: Cut;
  fn: 'aggregate' | 'process' | 'reduce';
  latenessMs: number;
  evictor: 'none' | 'count' | 'time';
  kept: number;
  keys: KeyForm;
  /** The function throws for windows that begin at a multiple of this; 0: never. */
  failing: number;
}>({
  weight: 4,
  accepts: ({ timed }) => timed,
  draw(dice, { ordered }) {
    const kind = dice.pick(['tumbling', 'sliding', 'cumulative', 'session'] as const);
    const stepMs = dice.int(2, 15);
    const sizeMs = kind === 'cumulative' ? stepMs * dice.int(1, 4) : kind === 'sliding' ? stepMs + dice.int(0, 30) : dice.int(3, 40);
    // Where sessions merge, records are no longer in the order of arrival.
    const evictor = dice.chance(0.8) ? 'none' : ordered && kind !== 'session' && dice.chance(0.5) ? 'count' : 'time';
    const fn = dice.pick(
      kind === 'tumbling' && evictor === 'none' ? (['aggregate', 'process', 'reduce'] as const) : (['aggregate', 'process'] as const),
    );
    return {
      cut: { kind, sizeMs, stepMs, offsetMs: kind === 'session' || dice.chance(0.7) ? 0 : dice.int(-9, 9) },
      fn,
      latenessMs: dice.chance(0.3) ? dice.int(1, 30) : 0,
      evictor,
      kept: dice.int(1, 8),
      keys: drawKeyForm(dice),
      failing: fn === 'process' && dice.chance(0.3) ? dice.int(2, 5) : 0,
    };
  },
  traits: sortedAfter,
  build(s, { cut, fn, latenessMs, evictor, kept, keys, failing }, { name }): Stream<Event> {
    if (fn === 'reduce') {
      // The window does not show in what is reduced, so its end is written to the records first.
      const ended = s.map(e => ({ ...e, at: windowsOf(cut, e.at)[0]!.end - 1 }));
      return ended
        .keyBy('k')
        .window(assignerOf(cut))
        .allowedLateness(latenessMs)
        .reduce((a, b) => ({ k: a.k, at: Math.max(a.at, b.at), v: (a.v + b.v) % 1_000_003 }));
    }
    let windowed = s
      .keyBy(e => toKey(keys, e.k))
      .window(assignerOf(cut))
      .allowedLateness(latenessMs);
    if (evictor === 'count') windowed = windowed.evictor(countEvictor(kept));
    if (evictor === 'time') windowed = windowed.evictor(timeEvictor(kept));
    if (fn === 'process') {
      return windowed
        .process((key, { start, end }, records) => {
          if (failing > 0 && start % failing === 0) throw new Error('not this window');
          const group = [...records];
          const k = fromKey(key);
          return [
            { k, at: end - 1, v: mix(group.length, sumOf(group)) },
            { k, at: end - 1, v: mix(start, end) },
          ];
        })
        .name(name);
    }
    return windowed.aggregate(aggregates).map(({ key, window, n, total, low, high, digits, values }) => ({
      k: fromKey(key),
      at: window.end - 1,
      v: mix(n, total, low, high, digits, Math.sign(values)),
    }));
  },
  compute(events, { cut, fn, evictor, kept, failing }, name, reject) {
    return [...byKey(events)].flatMap(([k, all]) =>
      contentsOf(cut, all).flatMap(({ window: { start, end }, group }) => {
        let left = group;
        if (evictor === 'count') left = group.slice(-kept);
        if (evictor === 'time') left = group.filter(e => e.at > newestOf(group) - kept);
        if (fn === 'aggregate') return [aggregated(k, end, left)];
        if (failing > 0 && start % failing === 0) {
          reject('failed', name);
          return [];
        }
        if (fn === 'reduce') return [{ k, at: end - 1, v: left.length === 1 ? left[0]!.v : sumOf(left) % 1_000_003 }];
        return [
          { k, at: end - 1, v: mix(left.length, sumOf(left)) },
          { k, at: end - 1, v: mix(start, end) },
        ];
      }),
    );
  },
});

/** Windows of a number of records. */
const countWindow = unary<{ size: number; slide: number }>({
  accepts: ({ ordered }) => ordered,
  draw(dice) {
    const size = dice.int(1, 6);
    return { size, slide: dice.chance(0.5) ? size : dice.int(1, size) };
  },
  traits: input => ({ ...orderedAfter(input), monotone: false }),
  build: (s, { size, slide }) =>
    s
      .keyBy('k')
      .window(countWindowOf(size, slide))
      .aggregate({ n: count(), total: sum((e: Event) => e.v), at: max((e: Event) => e.at) })
      .map(({ key, n, total, at }) => ({ k: key, at: at, v: mix(n, total) })),
  compute: (events, { size, slide }) =>
    [...byKey(events)].flatMap(([k, all]) => {
      const results: Event[] = [];
      for (let end = slide; end <= all.length; end += slide) {
        const group = all.slice(Math.max(0, end - size), end);
        results.push({ k, at: newestOf(group), v: mix(group.length, sumOf(group)) });
      }
      return results;
    }),
});

/** Fires for each `n` records and for those that are left at the end of the window, as a program might write it. */
function everyFew(n: number): Trigger<Event> {
  const atEnd = eventTimeTrigger();
  return {
    description: `everyFew(${n})`,
    onElement(record, timeMs, window, context) {
      const seen = (context.get('seen') ?? 0) + 1;
      context.set('seen', seen % n);
      atEnd.onElement(record, timeMs, window, context);
      return seen === n ? 'fire-and-purge' : 'continue';
    },
    onEventTime: (timeMs, window) => (timeMs >= window.end - 1 ? 'fire' : 'continue'),
    onProcessingTime: () => 'continue',
  };
}

const customTrigger = unary<{ cut: Cut; n: number }>({
  accepts: ({ timed, ordered }) => timed && ordered,
  draw: dice => ({
    cut: { kind: dice.pick(['tumbling', 'sliding']), sizeMs: dice.int(10, 40), stepMs: dice.int(4, 10), offsetMs: 0 },
    n: dice.int(2, 4),
  }),
  traits: unorderedAfter,
  build: (s, { cut, n }) =>
    s
      .keyBy('k')
      .window(assignerOf(cut))
      .trigger(everyFew(n))
      .aggregate(aggregates)
      .map(r => ({ k: r.key, at: r.window.end - 1, v: mix(r.n, r.total, r.low, r.high, r.digits, Math.sign(r.values)) })),
  compute: (events, { cut, n }) =>
    [...byKey(events)].flatMap(([k, all]) =>
      contentsOf(cut, all).flatMap(({ window, group }) => {
        const results: Event[] = [];
        for (let i = 0; i < group.length; i += n) results.push(aggregated(k, window.end, group.slice(i, i + n)));
        return results;
      }),
    ),
});

const richAggregates = {
  first: first((e: Event) => e.v),
  all: collect((e: Event) => e.v % 100),
  quartiles: quantiles((e: Event) => e.v, [0.25, 0.5, 0.75]),
  greatest: topN((e: Event) => e.v, 3),
  often: topK((e: Event) => e.v % 5, 2),
  spread: variance((e: Event) => e.v),
  about: approxCountDistinct((e: Event) => e.v),
  highest: maxBy((e: Event) => e.v),
  mean: mean((e: Event) => e.v),
};

/** What an aggregate makes of records that are added one after another, as text that shows each bit of it. */
function foldAll(aggregate: Aggregate<Event, unknown>, events: readonly Event[]): unknown {
  let accumulator = aggregate.create();
  for (const e of events) {
    const input = aggregate.input(e);
    if (input !== undefined && input !== null) accumulator = aggregate.add(accumulator as never, input as never);
  }
  return aggregate.result(accumulator as never);
}

const digest = (value: unknown): number => mix(...[...JSON.stringify(value)].map(c => c.charCodeAt(0)));

/** Accumulators of every form: sketches, lists, records. */
const richWindow = unary<{ sizeMs: number; keys: KeyForm }>({
  accepts: ({ timed, ordered }) => timed && ordered,
  draw: dice => ({ sizeMs: dice.int(10, 200), keys: drawKeyForm(dice) }),
  traits: sortedAfter,
  build: (s, { sizeMs, keys }) =>
    s
      .keyBy(e => toKey(keys, e.k))
      .window(tumbling(sizeMs))
      .aggregate(richAggregates)
      .map(({ key, window, ...results }) => ({ k: fromKey(key), at: window.end - 1, v: digest(results) })),
  compute: (events, { sizeMs }) =>
    byKeyAndInstant(events, at => Math.floor(at / sizeMs) * sizeMs + sizeMs - 1).map(({ k, instant, group }) => ({
      k,
      at: instant,
      v: digest(Object.fromEntries(Object.entries(richAggregates).map(([name, aggregate]) => [name, foldAll(aggregate, group)]))),
    })),
});

export const windows = { timeWindow, countWindow, customTrigger, richWindow };
