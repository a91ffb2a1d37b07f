import { count, last, sum } from '../../millrace/src/index.ts';
import { byKey, type Event, mix } from './event.ts';
import { orderedAfter, unary } from './operator.ts';

type Ttl = null | { readonly afterMs: number };

/** Event time to live needs times that do not fall back, as then it is plain when a value has expired. */
const ttlOptions = (ttl: Ttl) => (ttl === null ? {} : { ttl: { after: ttl.afterMs, time: 'event' } as const });

/** Splits the records of a key where it had none for the time to live. */
function spans(events: readonly Event[], ttl: Ttl): Event[][] {
  const result: Event[][] = [];
  for (const e of events) {
    const span = result.at(-1);
    if (span !== undefined && (ttl === null || e.at < span.at(-1)!.at + ttl.afterMs)) span.push(e);
    else result.push([e]);
  }
  return result;
}

const aggregate = unary<{ ttl: Ttl }>({
  accepts: ({ ordered }) => ordered,
  draw: (dice, { monotone, timed }) => ({ ttl: timed && monotone && dice.chance(0.4) ? { afterMs: dice.int(5, 40) } : null }),
  traits: orderedAfter,
  build: (s, { ttl }) =>
    s
      .keyBy('k')
      .aggregate({ n: count(), total: sum((e: Event) => e.v), at: last((e: Event) => e.at) }, ttlOptions(ttl))
      .map(({ key, n, total, at }) => ({ k: key, at, v: mix(n, total) })),
  compute: (events, { ttl }) =>
    [...byKey(events)].flatMap(([k, all]) =>
      spans(all, ttl).flatMap(span => {
        let total = 0;
        return span.map(({ at, v }, i) => ({ k, at, v: mix(i + 1, (total += v)) }));
      }),
    ),
});

const fold = (a: Event, b: Event): Event => ({ k: a.k, at: b.at, v: mix(a.v, b.v) });

const reduce = unary<{ ttl: Ttl }>({
  accepts: ({ ordered }) => ordered,
  draw: (dice, { monotone, timed }) => ({ ttl: timed && monotone && dice.chance(0.4) ? { afterMs: dice.int(5, 40) } : null }),
  traits: orderedAfter,
  build: (s, { ttl }) => s.keyBy(e => e.k).reduce(fold, ttlOptions(ttl)),
  compute: (events, { ttl }) =>
    [...byKey(events).values()].flatMap(all =>
      spans(all, ttl).flatMap(span => {
        let folded: Event | undefined;
        return span.map(e => (folded = folded === undefined ? e : fold(folded, e)));
      }),
    ),
});

/** The first of each key and number, for ever or within a time. */
const dedupe = unary<{ modulus: number; withinMs: number }>({
  accepts: ({ ordered }) => ordered,
  draw: (dice, { timed }) => ({ modulus: dice.int(2, 6), withinMs: timed && dice.chance(0.6) ? dice.int(5, 60) : 0 }),
  traits: orderedAfter,
  build: (s, { modulus, withinMs }) => s.dedupe(e => [e.k, e.v % modulus], withinMs === 0 ? {} : { within: withinMs }),
  compute(events, { modulus, withinMs }) {
    const firsts = new Map<string, number>();
    return events.filter(e => {
      const key = `${e.k}|${e.v % modulus}`;
      const first = firsts.get(key);
      if (first !== undefined && (withinMs === 0 || e.at < first + withinMs)) return false;
      firsts.set(key, e.at);
      return true;
    });
  },
});

export const running = { aggregate, reduce, dedupe };
