/** The one kind of record that streams between operators have, so that any operator can follow any other. On a timed stream `at` is the event time. */
export interface Event {
  readonly k: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly v: number;
}

const PRIME = 1_000_003;

/** One number out of several, which changes when any of them or their order does. */
export function mix(...numbers: readonly number[]): number {
  let mixed = 7;
  for (const n of numbers) mixed = (((mixed * 31 + n) % PRIME) + PRIME) % PRIME;
  return mixed;
}

export function byKey(events: readonly Event[]): Map<string, Event[]> {
  return Map.groupBy(events, e => e.k);
}

/** The records of each key and instant that `instantOf` gives, in the order of the instants. */
export function byKeyAndInstant(
  events: readonly Event[],
  instantOf: (at: number) => number,
): { k: string; instant: number; group: Event[] }[] {
  return [...byKey(events)].flatMap(([k, all]) =>
    [...Map.groupBy(all, e => instantOf(e.at))].map(([instant, group]) => ({ k, instant, group })).sort((a, b) => a.instant - b.instant),
  );
}

export const sumOf = (events: readonly Event[]): number => events.reduce((total, e) => total + e.v, 0);
export const newestOf = (events: readonly Event[]): number => events.reduce((newest, e) => Math.max(newest, e.at), -Infinity);
