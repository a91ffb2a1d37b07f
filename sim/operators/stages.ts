import { customWatermarks, punctuated, type Stream, type WatermarkStrategy } from '../../millrace/src/index.ts';
import { type Event, mix } from './event.ts';
import { unary } from './operator.ts';

const filter = unary<{ modulus: number }>({
  draw: dice => ({ modulus: dice.int(2, 5) }),
  build: (s, { modulus }) => s.filter(e => e.v % modulus !== 0),
  compute: (events, { modulus }) => events.filter(e => e.v % modulus !== 0),
});

const map = unary<{ by: number }>({
  draw: dice => ({ by: dice.int(1, 99) }),
  build: (s, { by }) => s.map(e => ({ ...e, v: mix(e.v, by) })),
  compute: (events, { by }) => events.map(e => ({ ...e, v: mix(e.v, by) })),
});

const twice = (e: Event): Event[] => (e.v % 5 === 0 ? [] : e.v % 2 === 0 ? [e] : [e, { ...e, v: mix(e.v, 1) }]);

const flatMap = unary<null>({
  draw: () => null,
  build: s => s.flatMap(twice),
  compute: events => events.flatMap(twice),
});

/** More keys, each with records of one key: the order is kept. */
const finerKeys = unary<{ parts: number }>({
  weight: 0.5,
  draw: dice => ({ parts: dice.int(2, 3) }),
  build: (s, { parts }) => s.map(e => ({ ...e, k: `${e.k}${e.v % parts}` })),
  compute: (events, { parts }) => events.map(e => ({ ...e, k: `${e.k}${e.v % parts}` })),
});

const coarse = (e: Event): Event => ({ ...e, k: e.k.charCodeAt(0) % 2 === 0 ? 'even' : 'odd' });

/** Fewer keys, each with records of several, which come in any order. */
const coarserKeys = unary<null>({
  weight: 0.5,
  draw: () => null,
  traits: input => ({ ...input, ordered: false, monotone: false }),
  build: s => s.map(coarse),
  compute: events => events.map(coarse),
});

const throwing = unary<{ modulus: number }>({
  weight: 0.5,
  draw: dice => ({ modulus: dice.int(5, 11) }),
  build: (s, { modulus }, { name }) =>
    s
      .map(e => {
        if (e.v % modulus === 0) throw new RangeError(`${e.v} is not wanted`);
        return e;
      })
      .name(name),
  compute: (events, { modulus }, name, reject) =>
    events.filter(e => {
      if (e.v % modulus === 0) reject('failed', name);
      return e.v % modulus !== 0;
    }),
});

const rebalance = unary<null>({
  weight: 0.2,
  draw: () => null,
  build: s => s.rebalance(),
  compute: events => [...events],
});

/** More than the span of all times: behind an operator the records of all splits are one stream. */
const ALL_TIME_MS = 10_000_000;

function strategyOf(kind: 'punctuated' | 'custom', boundMs: number): WatermarkStrategy<Event> {
  if (kind === 'punctuated') return punctuated((e: Event, timeMs) => (e.v % 3 === 0 ? timeMs - boundMs - 1 : undefined));
  return customWatermarks(() => {
    let newestMs = -Infinity;
    return {
      onEvent: (_, timeMs) => {
        newestMs = Math.max(newestMs, timeMs);
      },
      onBatchEnd: () => newestMs - boundMs - 1,
    };
  });
}

/** Event time, assigned or assigned anew after it was shifted; records without a time are rejected. */
const eventTime = unary<{
  shiftMs: number;
  boundMs: number;
  watermarks: 'bounded' | 'punctuated' | 'custom';
  bad: number;
  brought: boolean;
}>({
  weight: 0.7,
  accepts: ({ far }) => !far,
  draw: (dice, { perSplit, disorderMs, timestamped }) => {
    const brought = timestamped && dice.chance(0.7);
    return {
      shiftMs: brought || dice.chance(0.5) ? 0 : dice.int(-40, 40),
      boundMs: perSplit ? disorderMs : ALL_TIME_MS,
      watermarks: dice.pick(['bounded', 'bounded', 'punctuated', 'custom']),
      bad: !brought && dice.chance(0.2) ? dice.int(7, 15) : 0,
      brought,
    };
  },
  traits: input => ({ ...input, timed: true, timestamped: false }),
  build: (s, { shiftMs, boundMs, watermarks, bad, brought }, { name }) => {
    const shifted = shiftMs === 0 ? s : s.map(e => ({ ...e, at: e.at + shiftMs }));
    const options = watermarks === 'bounded' ? { outOfOrderness: boundMs } : { watermarks: strategyOf(watermarks, boundMs) };
    const timed: Stream<Event> = brought
      ? shifted.eventTime(options)
      : shifted.eventTime(e => (bad > 0 && e.v % bad === 0 ? NaN : e.at), options);
    return timed.name(name);
  },
  compute: (events, { shiftMs, bad }, name, reject) =>
    events
      .map(e => ({ ...e, at: e.at + shiftMs }))
      .filter(e => {
        const isBad = bad > 0 && e.v % bad === 0;
        if (isBad) reject('timestamp', name);
        return !isBad;
      }),
});

export const stages = { filter, map, flatMap, finerKeys, coarserKeys, throwing, rebalance, eventTime };
