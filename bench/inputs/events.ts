import { randomNumbers } from './random.ts';

export interface Event {
  readonly key: string;
  /** A whole number from 1 to 10,000, so that sums are exact in any order. */
  readonly value: number;
  /** Epoch milliseconds. */
  readonly time: number;
}

export interface EventsOptions {
  readonly count: number;
  readonly keys: number;
  /** Events for each second of event time. */
  readonly perSecond: number;
  /** How long an event may be under way, so that later ones come before it. Default 0: all come in order. */
  readonly outOfOrdernessMs?: number;
  /** What part of the events is under way for long, from 0 to 1; the rest come in order. Default 1: all of them. */
  readonly delayed?: number;
}

/** 2025-01-01T00:00:00Z. */
export const FIRST_TIME_MS = 1_735_689_600_000;

const SEED = 20_250_101;

export function accountNames(count: number): string[] {
  // A Set has each text in one piece, so that no contender pays for putting the number behind the word.
  return [...new Set(Array.from({ length: count }, (_, i) => `account-${i}`))];
}

/** Events with uniformly random keys, values and delays; none is later than the bound. */
export function events({ count, keys, perSecond, outOfOrdernessMs = 0, delayed = 1 }: EventsOptions): Event[] {
  const random = randomNumbers(SEED);
  const names = accountNames(keys);
  return Array.from({ length: count }, (_, i) => ({
    key: names[Math.floor(random() * keys)]!,
    value: 1 + Math.floor(random() * 10_000),
    time: FIRST_TIME_MS + Math.floor((i * 1000) / perSecond) - (random() < delayed ? Math.floor(random() * outOfOrdernessMs) : 0),
  }));
}

/** Some records again and again: few enough to stay in the processor's cache, where a record that was just decoded is too. */
export function repeated<T>(records: readonly T[], count: number): T[] {
  return Array.from({ length: count }, (_, i) => records[i % records.length]!);
}
