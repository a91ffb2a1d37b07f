import type { RejectReason } from '../../millrace/src/index.ts';
import { endNamed } from '../operators/ends.ts';
import type { Event } from '../operators/event.ts';
import { operatorNamed } from '../operators/index.ts';
import type { Traits } from '../operators/operator.ts';
import type { Case, Step, StreamRef } from './case.ts';

export interface ExpectedStream {
  readonly events: readonly Event[];
  readonly traits: Traits;
}

/** What plain computations make of the input of a case. */
export interface Expectation {
  /** By step, then by output. */
  readonly streams: readonly (readonly ExpectedStream[])[];
  /** How many records each operator rejects, under `reason operator`. */
  readonly rejects: ReadonlyMap<string, number>;
}

export function nameOf(step: number): string {
  return `step${step}`;
}

export function sinkNameOf(sink: number): string {
  return `sink${sink}`;
}

/** Computes all streams of a case. Undefined: one of its steps does not fit what it reads. */
export function expectationOf(testCase: Case): Expectation | undefined {
  const streams: ExpectedStream[][] = [];
  const running = stepsRead(testCase);
  const rejects = new Map<string, number>();
  const noteReject = (reason: RejectReason, operator: string) => {
    const id = `${reason} ${operator}`;
    rejects.set(id, (rejects.get(id) ?? 0) + 1);
  };
  for (const [i, step] of testCase.steps.entries()) {
    const made = streamsOf(testCase, step, i, streams, running.has(i) ? noteReject : () => {});
    if (made === undefined) return undefined;
    streams.push(made);
  }
  for (const [i, { end, input, refuses }] of testCase.sinks.entries()) {
    const { events, traits } = streamAt(streams, input);
    if (!endNamed(end).accepts(traits)) return undefined;
    if (refuses === 0) continue;
    for (const e of events) if (e.v % refuses === 0) noteReject('refused', sinkNameOf(i));
  }
  return { streams, rejects };
}

/** Steps that lead to a sink; others do not run. */
function stepsRead({ steps, sinks }: Case): Set<number> {
  const read = new Set(sinks.map(({ input: [step] }) => step));
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i]!;
    if (read.has(i) && 'inputs' in step) for (const [from] of step.inputs) read.add(from);
  }
  return read;
}

export function streamAt(streams: readonly (readonly ExpectedStream[])[], [step, output]: StreamRef): ExpectedStream {
  return streams[step]![output]!;
}

function streamsOf(
  testCase: Case,
  step: Step,
  number: number,
  before: readonly (readonly ExpectedStream[])[],
  noteReject: (reason: RejectReason, operator: string) => void,
): ExpectedStream[] | undefined {
  if ('source' in step) {
    const { splits, disorderMs, timestamped } = testCase.sources[step.source]!;
    const events = splits.flatMap(split => split.records.map(({ value }) => value));
    const traits: Traits = { timed: false, ordered: true, monotone: disorderMs === 0, perSplit: true, timestamped, disorderMs, far: false };
    return [{ events, traits }];
  }
  const inputs = step.inputs.map(input => streamAt(before, input));
  if ('lateTime' in step) return [{ events: inputs[0]!.events, traits: { ...inputs[0]!.traits, timed: true } }];
  const operator = operatorNamed(step.operator);
  const traits = inputs.map(input => input.traits);
  if (!operator.accepts(traits)) return undefined;
  const outputs = operator.traits(traits, step.params);
  return operator
    .compute(
      inputs.map(input => input.events),
      step.params,
      nameOf(number),
      noteReject,
    )
    .map((events, i) => ({ events, traits: outputs[i]! }));
}
