import fc from 'fast-check';
import type { Operator } from '../../../src/spi/operator.ts';
import type { TimeWindow } from '../../../src/spi/window.ts';
import { HeapStateBackend } from '../../../src/state/heap.ts';
import { type Emitted, OperatorHarness } from '../../support/operator-harness.ts';

/** One thing that happens to a window operator. */
export type Step =
  | { kind: 'record'; key: string; value: number; time: number; input: number }
  | { kind: 'watermark'; to: number }
  | { kind: 'clock'; to: number };

/** What came of one step. */
export interface Outcome {
  fired: string[];
  late: number[];
}

export interface RunOptions {
  /** The output is blocked at every other look. */
  blocked?: boolean;
  /** After these steps a new operator goes on with a copy of the state. */
  restoreAfter?: readonly number[];
  /** Text of a result, to be compared with the model's. */
  show: (result: Emitted) => string;
}

const TABLES = ['panes', 'progress', 'windows', 'event-calls', 'processing-calls', 'counts'];

/** Records in any order of time, and watermarks between them; the last one ends the input. */
export function scripts(options: { inputs?: number; keys?: number; maxSteps?: number } = {}): fc.Arbitrary<Step[]> {
  const { inputs = 1, keys = 3, maxSteps = 60 } = options;
  const record = fc.record({
    kind: fc.constant('record' as const),
    key: fc.integer({ min: 1, max: keys }).map(n => `k${n}`),
    value: fc.integer({ min: 0, max: 99 }),
    time: fc.integer({ min: -30, max: 150 }),
    input: fc.integer({ min: 0, max: inputs - 1 }),
  });
  // Steps of a watermark, as one that jumps anywhere would soon have come to the end.
  const watermark = fc.integer({ min: 1, max: 30 });
  return fc
    .array(fc.oneof({ weight: 4, arbitrary: record }, { weight: 1, arbitrary: watermark }), { maxLength: maxSteps, size: 'max' })
    .map(steps => {
      let to = -40;
      const script = steps.map((step): Step => (typeof step === 'number' ? { kind: 'watermark', to: (to += step) } : step));
      return [...script, { kind: 'watermark' as const, to: Infinity }];
    });
}

/** Records between ticks of a clock; the input ends at the end. */
export function clockScripts(maxSteps = 60): fc.Arbitrary<Step[]> {
  const record = fc.record({
    kind: fc.constant('record' as const),
    key: fc.constantFrom('k1', 'k2', 'k3'),
    value: fc.integer({ min: 0, max: 99 }),
    time: fc.constant(NaN),
    input: fc.constant(0),
  });
  const tick = fc.integer({ min: 0, max: 25 });
  return fc
    .array(fc.oneof({ weight: 3, arbitrary: record }, { weight: 1, arbitrary: tick }), { maxLength: maxSteps, size: 'max' })
    .map(steps => {
      let now = 0;
      const script = steps.map((step): Step => (typeof step === 'number' ? { kind: 'clock', to: (now += step) } : step));
      return [...script, { kind: 'watermark' as const, to: Infinity }];
    });
}

/** Takes the operator through the script. */
export function run(operator: Operator<unknown>, script: readonly Step[], options: RunOptions): Outcome[] {
  let backend = new HeapStateBackend();
  let harness = open(operator, backend, options, {});
  const outcomes: Outcome[] = [];
  script.forEach((step, i) => {
    const { out, rejects } = harness;
    const before = { out: out.length, rejects: rejects.length };
    take(harness, step);
    const fired = out.slice(before.out).map(options.show);
    outcomes.push({ fired: fired.toSorted(), late: rejects.slice(before.rejects).map(reject => reject.value as number) });
    const unexpected = rejects.find(reject => reject.reason !== 'late');
    if (unexpected !== undefined) throw new Error(`rejected: ${unexpected.message}`);
    if (options.restoreAfter?.includes(i)) {
      backend = copyOf(backend);
      harness = open(operator, backend, options, harness);
    }
  });
  const left = endsInput(script) ? leftIn(backend) : [];
  if (left.length > 0) throw new Error(`state is left at the end of the input: ${left.join(', ')}`);
  return outcomes;
}

function open(operator: Operator<unknown>, backend: HeapStateBackend, options: RunOptions, restored: { watermark?: number; now?: number }) {
  const harness = new OperatorHarness<unknown>(operator, backend, restored);
  if (options.blocked) {
    let looks = 0;
    Object.defineProperty(harness, 'blocked', { get: () => ++looks % 2 === 1 });
  }
  return harness;
}

function take(harness: OperatorHarness, step: Step): void {
  if (step.kind === 'record') {
    harness.feed(step.value, step.time, step.key, step.input);
  } else if (step.kind === 'watermark') {
    const { length } = harness.watermarks;
    harness.advance(step.to);
    while (harness.watermarks.length === length) harness.goOn();
  } else {
    harness.tick(step.to);
    for (let i = 0; i < 50; i++) harness.goOn();
  }
}

function endsInput(script: readonly Step[]): boolean {
  const last = script.at(-1);
  return last?.kind === 'watermark' && last.to === Infinity;
}

/** Tables that hold anything, without the one number that tells how far processing time has come. */
export function leftIn(backend: HeapStateBackend): string[] {
  const state = backend.operator('test');
  return TABLES.filter(
    name => name !== 'progress' && [...state.table(name).namespaces()].some(ns => (state.table(name).find(ns)?.size ?? 0) > 0),
  );
}

/** The state as an epoch would bring it back. */
function copyOf(backend: HeapStateBackend): HeapStateBackend {
  const copy = new HeapStateBackend();
  for (const name of TABLES) {
    const from = backend.operator('test').table(name);
    const to = copy.operator('test').table(name);
    for (const namespace of from.namespaces()) {
      for (const cell of from.space(namespace).cells()) to.space(namespace).add(cell.key, structuredClone(cell.value));
    }
  }
  return copy;
}

/** A record as a model keeps it. */
export interface Kept {
  key: string;
  value: number;
  time: number;
  input: number;
}

interface ModelWindow {
  key: string;
  window: TimeWindow;
  records: Kept[];
}

/** Text of a window's result, from its records in the order of arrival. */
export type ShowWindow = (key: string, window: TimeWindow, records: readonly Kept[]) => string[];

/**
 * What windows of fixed bounds must give: each record is put into each of its windows that is not closed; windows fire when the watermark passes
 * their ends, and again with each record until the lateness is over.
 */
export function modelFixed(
  script: readonly Step[],
  windowsOf: (time: number) => TimeWindow[],
  latenessMs: number,
  show: ShowWindow,
): Outcome[] {
  const open = new Map<string, ModelWindow>();
  let watermark = -Infinity;
  return script.map(step => {
    const outcome: Outcome = { fired: [], late: [] };
    const fire = ({ key, window, records }: ModelWindow) => outcome.fired.push(...show(key, window, records));
    if (step.kind === 'record') {
      const windows = windowsOf(step.time).filter(window => window.end - 1 + latenessMs > watermark);
      if (windows.length === 0) outcome.late.push(step.value);
      for (const window of windows) {
        const id = `${step.key} ${window.start} ${window.end}`;
        const entry = open.get(id) ?? { key: step.key, window, records: [] };
        open.set(id, entry);
        entry.records.push(step);
        if (window.end - 1 <= watermark) fire(entry);
      }
    } else {
      for (const [id, entry] of open) {
        if (entry.window.end - 1 > watermark && entry.window.end - 1 <= step.to) fire(entry);
        if (entry.window.end - 1 + latenessMs <= step.to) open.delete(id);
      }
      watermark = step.to;
    }
    outcome.fired.sort();
    return outcome;
  });
}

/** What sessions must give, found anew at each step: the records that overlap form a session. */
export function modelSessions(script: readonly Step[], gapOf: (value: number) => number, latenessMs: number, show: ShowWindow): Outcome[] {
  let alive: Kept[] = [];
  let watermark = -Infinity;
  return script.map(step => {
    const outcome: Outcome = { fired: [], late: [] };
    if (step.kind === 'record') {
      alive.push(step);
      const session = batchSessions(alive, gapOf).find(candidate => candidate.records.includes(step))!;
      if (session.window.end - 1 + latenessMs <= watermark) {
        alive.pop();
        outcome.late.push(step.value);
      } else if (session.window.end - 1 <= watermark) {
        outcome.fired.push(...show(session.key, session.window, session.records));
      }
    } else {
      for (const { key, window, records } of batchSessions(alive, gapOf)) {
        if (window.end - 1 > watermark && window.end - 1 <= step.to) outcome.fired.push(...show(key, window, records));
        if (window.end - 1 + latenessMs <= step.to) alive = alive.filter(record => !records.includes(record));
      }
      watermark = step.to;
    }
    outcome.fired.sort();
    return outcome;
  });
}

/** Sessions of records that are all there. */
export function batchSessions(records: readonly Kept[], gapOf: (value: number) => number): ModelWindow[] {
  const sessions: ModelWindow[] = [];
  for (const key of new Set(records.map(record => record.key))) {
    const ordered = records.filter(record => record.key === key).sort((a, b) => a.time - b.time);
    let current: ModelWindow | undefined;
    for (const record of ordered) {
      const end = record.time + gapOf(record.value);
      if (current === undefined || record.time >= current.window.end) {
        current = { key, window: { start: record.time, end }, records: [] };
        sessions.push(current);
      }
      current.records.push(record);
      current.window = { start: current.window.start, end: Math.max(current.window.end, end) };
    }
  }
  return sessions;
}

/** All windows of one length that begin at the offset or a multiple of the slide from it, and hold the time. */
export function slidingWindows(time: number, size: number, slide: number, offset = 0): TimeWindow[] {
  const windows: TimeWindow[] = [];
  for (let start = time - size + 1; start <= time; start++) if ((start - offset) % slide === 0) windows.push({ start, end: start + size });
  return windows;
}

/** All windows that grow by steps from the start of a period, and hold the time. */
export function cumulativeWindows(time: number, size: number, step: number): TimeWindow[] {
  const start = Math.floor(time / size) * size;
  const windows: TimeWindow[] = [];
  for (let end = start + step; end <= start + size; end += step) if (time < end) windows.push({ start, end });
  return windows;
}
