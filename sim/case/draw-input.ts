import type { Event } from '../operators/event.ts';
import type { Dice } from '../world/dice.ts';
import type { Fed, FedSplit } from '../world/feed.ts';
import type { SourceCase } from './case.ts';

const KEYS = ['a', 'b', 'c', 'd', 'e'];

/** Event times begin about here; early enough that the clock is ahead of all of them, also when it is set back. */
const FIRST_MS = 1_000_000;

/** In how many milliseconds of a run its input comes. */
export const INPUT_SPAN_MS = 2000;

interface Moments {
  next(): number;
}

/** When records come: in bursts and with pauses. */
function moments(dice: Dice, fromMs: number): Moments {
  let atMs = fromMs + (dice.chance(0.5) ? 0 : dice.int(0, 200));
  const hasty = dice.chance(0.3);
  return {
    next() {
      if (!hasty && !dice.chance(0.6)) atMs += dice.chance(0.1) ? dice.int(50, 500) : dice.int(1, 60);
      return Math.min(atMs, INPUT_SPAN_MS);
    },
  };
}

/** A source of which no record is late: times fall back by at most `disorderMs` within a split, and each key is in one split. */
export function drawSource(dice: Dice): SourceCase {
  const splitCount = dice.int(1, 4);
  const disorderMs = dice.pick([0, 0, 3, 20, 100]);
  // More than a batch, now and then.
  const records = dice.chance(0.01) ? dice.int(1500, 3000) : dice.int(2, dice.chance(0.2) ? 120 : 40);
  const splits: FedSplit<Event>[] = [];
  let newestFed: { atMs: number; time: number }[] = [];
  const foundTimes = Array.from({ length: splitCount }, (_, i) => (i > 0 && dice.chance(0.2) ? dice.int(1, INPUT_SPAN_MS) : 0)).sort(
    (a, b) => a - b,
  );
  for (const [i, foundMs] of foundTimes.entries()) {
    const keys = KEYS.filter((_, key) => key % splitCount === i);
    const when = moments(dice, foundMs);
    // A split that is found later holds nothing older than what the others have brought by then.
    const past = newestFed.filter(fed => fed.atMs <= foundMs).map(fed => fed.time);
    let time = foundMs === 0 ? FIRST_MS + dice.int(0, 50) : Math.max(FIRST_MS, ...past) + disorderMs + 1;
    const fed: Fed<Event>[] = [];
    const count = keys.length === 0 || dice.chance(0.1) ? 0 : Math.ceil(records / splitCount);
    for (let n = 0; n < count; n++) {
      time += dice.chance(0.3) ? 0 : dice.chance(0.05) ? dice.int(10, 200) : dice.int(0, 8);
      fed.push({ value: { k: dice.pick(keys), at: time - dice.int(0, disorderMs), v: dice.int(0, 999_999) }, atMs: when.next() });
    }
    newestFed = [...newestFed, ...fed.map(({ value, atMs }) => ({ atMs, time: value.at }))];
    splits.push({
      id: `s${i}`,
      foundMs,
      records: fed,
      endMs: Math.max(foundMs, fed.at(-1)?.atMs ?? 0) + (dice.chance(0.5) ? 0 : dice.int(1, 300)),
    });
  }
  return {
    splits,
    disorderMs,
    timestamped: dice.chance(0.2),
    position: dice.pick(['number', 'object', 'text']),
    pollMax: dice.pick([1, 3, 10, 1000]),
  };
}

/** A source of which any record may be late: its times move on with the clock, with outliers, and its splits fall silent. */
export function drawLateSource(dice: Dice): SourceCase {
  const splitCount = dice.int(1, 4);
  const splits: FedSplit<Event>[] = [];
  const lateness = dice.int(0, 200);
  for (let i = 0; i < splitCount; i++) {
    const when = moments(dice, 0);
    const fed: Fed<Event>[] = [];
    for (let n = dice.int(0, 30); n > 0; n--) {
      const atMs = when.next();
      const time = FIRST_MS + Math.floor(atMs / 4) - (dice.chance(0.3) ? dice.int(0, lateness) : 0);
      fed.push({ value: { k: dice.pick(KEYS), at: time, v: dice.int(0, 999_999) }, atMs });
    }
    splits.push({
      id: `s${i}`,
      foundMs: dice.chance(0.1) ? dice.int(1, INPUT_SPAN_MS) : 0,
      records: fed,
      endMs: (fed.at(-1)?.atMs ?? 0) + (dice.chance(0.5) ? 0 : dice.int(1, 900)),
    });
  }
  return { splits, disorderMs: lateness, timestamped: false, position: 'number', pollMax: dice.pick([1, 3, 10, 1000]) };
}
