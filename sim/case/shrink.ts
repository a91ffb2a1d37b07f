import type { Case, SourceCase, Step, StreamRef } from './case.ts';
import { expectationOf } from './expectation.ts';

/** Most runs that are spent on making one case smaller. */
const MAX_RUNS = 500;

/** A smaller case that fails as well: fewer faults, sinks, steps, splits and records. */
export async function shrink(testCase: Case, fails: (smaller: Case) => Promise<boolean>): Promise<Case> {
  let smallest = pruned(testCase);
  let runs = 0;
  const isSmaller = async (candidate: Case | undefined): Promise<boolean> => {
    if (candidate === undefined || runs >= MAX_RUNS || expectationOf(candidate) === undefined) return false;
    runs++;
    if (!(await fails(candidate))) return false;
    smallest = candidate;
    return true;
  };
  for (let progress = true; progress && runs < MAX_RUNS; ) {
    progress = false;
    for (const reduction of reductions) {
      // What is at a place goes, and another one comes into its place.
      for (let i = 0; runs < MAX_RUNS; ) {
        const candidate = reduction(smallest, i);
        if (candidate === 'none') break;
        if (await isSmaller(candidate)) progress = true;
        else i++;
      }
    }
  }
  return smallest;
}

/** The `i`th way to make a case smaller; `'none'` when there are no so many, undefined when it comes to nothing. */
type Reduction = (from: Case, i: number) => Case | undefined | 'none';

const reductions: readonly Reduction[] = [
  (from, i) => (i < from.faults.length ? { ...from, faults: without(from.faults, i) } : 'none'),
  (from, i) => (i < from.sinks.length ? (from.sinks.length > 1 ? pruned({ ...from, sinks: without(from.sinks, i) }) : undefined) : 'none'),
  (from, i) => (i < 2 * from.steps.length ? bypassed(from, Math.floor(i / 2), i % 2) : 'none'),
  (from, i) => records(from, i),
  (from, i) => (i < simpler.length ? changed(from, simpler[i]!) : 'none'),
];

const simpler: readonly ((from: Case) => Partial<Case>)[] = [
  () => ({ again: false }),
  () => ({ compacts: false }),
  () => ({ slowest: [] }),
  () => ({ pace: 'instant' }),
  from => ({ sinks: from.sinks.map(sink => ({ ...sink, slow: false })) }),
  from => ({ sinks: from.sinks.map(sink => ({ ...sink, refuses: 0 })) }),
  from => ({ sources: from.sources.map(source => ({ ...source, pollMax: 1000 })) }),
];

function changed(from: Case, change: (from: Case) => Partial<Case>): Case | undefined {
  const result = { ...from, ...change(from) };
  return JSON.stringify(result) === JSON.stringify(from) ? undefined : result;
}

function without<T>(list: readonly T[], i: number): T[] {
  return list.filter((_, at) => at !== i);
}

/** Reads an input of a step in place of the step. */
function bypassed(from: Case, number: number, input: number): Case | undefined {
  const step = from.steps[number]!;
  // Late records need the event time that makes them late.
  if (!('operator' in step)) return undefined;
  const instead = step.inputs[input];
  if (instead === undefined) return undefined;
  const moved = (ref: StreamRef): StreamRef => (ref[0] === number ? instead : ref);
  return pruned({
    ...from,
    steps: from.steps.map((other, i) => (i > number && 'inputs' in other ? { ...other, inputs: other.inputs.map(moved) } : other)),
    sinks: from.sinks.map(sink => ({ ...sink, input: moved(sink.input) })),
  });
}

/** Without what no sink reads. */
function pruned(from: Case): Case {
  const read = new Set(from.sinks.map(({ input }) => input[0]));
  for (let i = from.steps.length - 1; i >= 0; i--) {
    const step = from.steps[i]!;
    if (read.has(i) && 'inputs' in step) for (const [before] of step.inputs) read.add(before);
  }
  const numbers = new Map([...read].sort((a, b) => a - b).map((old, now) => [old, now]));
  const moved = ([step, output]: StreamRef): StreamRef => [numbers.get(step)!, output];
  return {
    ...from,
    steps: from.steps
      .filter((_, i) => read.has(i))
      .map((step): Step => ('inputs' in step ? { ...step, inputs: step.inputs.map(moved) } : step)),
    sinks: from.sinks.map(sink => ({ ...sink, input: moved(sink.input) })),
  };
}

/** Into how many parts the records of a split are cut, to leave each of them out. */
const CUTS = [1, 2, 4, 8];
const PARTS = CUTS.reduce((all, parts) => all + parts, 0);

/** Leaves out a part of the records of a split. */
function records(from: Case, i: number): Case | undefined | 'none' {
  const splits = from.sources.flatMap((source, s) => source.splits.map((_, at): [number, number] => [s, at]));
  const place = splits[Math.floor(i / PARTS)];
  if (place === undefined) return 'none';
  let part = i % PARTS;
  const cuts = CUTS.find(count => {
    if (part < count) return true;
    part -= count;
    return false;
  })!;
  const [s, at] = place;
  const split = from.sources[s]!.splits[at]!;
  const size = Math.ceil(split.records.length / cuts);
  const left = split.records.filter((_, r) => Math.floor(r / size) !== part);
  if (left.length === split.records.length) return undefined;
  const sources = from.sources.map(
    (source, number): SourceCase => (number === s ? { ...source, splits: source.splits.with(at, { ...split, records: left }) } : source),
  );
  return { ...from, sources };
}
