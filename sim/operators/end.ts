import type { Sink, Stream } from '../../millrace/src/index.ts';
import type { Json } from '../../millrace/src/types/json.ts';
import type { Dice } from '../world/dice.ts';
import type { Event } from './event.ts';
import type { Building, Traits } from './operator.ts';

/** A stream of whatever type, of which only the end matters. */
export interface Results {
  to(sink: Sink<unknown>, options: { name: string }): unknown;
}

/** What a sink's target holds at the end, and what is known of it. */
export interface Published {
  readonly rows: readonly unknown[];
  /** Whether the sink delivers each result once; otherwise at least once. */
  readonly exactlyOnce: boolean;
  /** Records that were rejected as late. */
  readonly late: readonly Event[];
}

/** The last step of a branch: what is written to a sink, and what is wrong with what was published. */
export interface SimEnd {
  readonly weight: number;
  /** Whether it is for streams with late records; all others are for streams without. */
  readonly forLate: boolean;
  /** Whether a sink may deliver its results twice. */
  readonly mayRepeat: boolean;
  accepts(input: Traits): boolean;
  draw(dice: Dice): Json;
  build(stream: Stream<Event>, params: Json, building: Building): Results;
  /** Returns what is wrong. */
  check(published: Published, input: readonly Event[], params: Json, traits: Traits): string | undefined;
}

interface EndSpec<P> {
  readonly weight?: number;
  readonly forLate?: boolean;
  readonly mayRepeat?: boolean;
  accepts?(input: Traits): boolean;
  draw?(dice: Dice): P;
  build(stream: Stream<Event>, params: P, building: Building): Results;
  check(published: Published, input: readonly Event[], params: P, traits: Traits): string | undefined;
}

export function end<P extends Json>(spec: EndSpec<P>): SimEnd {
  return {
    weight: spec.weight ?? 1,
    forLate: spec.forLate ?? false,
    mayRepeat: spec.mayRepeat ?? false,
    accepts: input => spec.accepts?.(input) ?? true,
    draw: dice => spec.draw?.(dice) ?? null,
    build: (stream, params, building) => spec.build(stream, params as P, building),
    check: (published, input, params, traits) => spec.check(published, input, params as P, traits),
  };
}

/** Lines that a message shows of a long difference. */
const SHOWN = 8;

function counted(rows: readonly unknown[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const text = JSON.stringify(row);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return counts;
}

/** What is wrong with published rows of which each was to be there once, or at least once. Their order does not matter. */
export function difference(
  { rows, exactlyOnce }: Pick<Published, 'rows' | 'exactlyOnce'>,
  expected: readonly unknown[],
): string | undefined {
  const got = counted(rows);
  const wanted = counted(expected);
  const wrong: string[] = [];
  for (const [row, times] of wanted) {
    const there = got.get(row) ?? 0;
    if (there < times) wrong.push(`lost    ${row}${times > 1 ? `, there ${there} of ${times} times` : ''}`);
    else if (there > times && exactlyOnce) wrong.push(`doubled ${row}, there ${there} instead of ${times} times`);
  }
  for (const row of got.keys()) if (!wanted.has(row)) wrong.push(`alien   ${row}`);
  if (wrong.length === 0) return undefined;
  const more = wrong.length > SHOWN ? [`... and ${wrong.length - SHOWN} more`] : [];
  return [`${rows.length} rows instead of ${expected.length}`, ...wrong.slice(0, SHOWN), ...more].join('\n');
}

/** What is wrong with the order of the records of each key. */
export function orderDifference(rows: readonly Event[], expected: readonly Event[]): string | undefined {
  const got = Map.groupBy(rows, e => e.k);
  for (const [k, wanted] of Map.groupBy(expected, e => e.k)) {
    const i = wanted.findIndex((e, at) => JSON.stringify(e) !== JSON.stringify(got.get(k)?.[at]));
    if (i >= 0)
      return `key ${k} is out of order: record ${i} is ${JSON.stringify(got.get(k)?.[i])} instead of ${JSON.stringify(wanted[i])}`;
  }
  return undefined;
}
