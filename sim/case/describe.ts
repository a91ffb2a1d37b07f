import { describeFault } from '../world/fault.ts';
import type { Case, SourceCase, Step, StreamRef } from './case.ts';
import { nameOf, sinkNameOf } from './expectation.ts';

/** A case as text: what is read, what becomes of it, and what goes wrong on the way. */
export function describeCase(testCase: Case): string {
  const { sources, steps, sinks, rejects, countsRejects, compacts, faults, epochMs, pace, slowest, maxRestarts, again } = testCase;
  const slow = slowest.length > 0 ? `, slowest ${slowest.join(', ')}` : '';
  return [
    ...steps.map((step, i) => `${nameOf(i)} = ${describeStep(step, sources)}`),
    ...sinks.map(({ end, input, params, target, slow: isSlow, refuses }, i) => {
      const details = [target, isSlow ? 'slow' : '', refuses > 0 ? `refuses every v % ${refuses} = 0` : ''].filter(text => text !== '');
      return `${sinkNameOf(i)} = ${end}(${describeRef(input)}) ${describeParams(params)}to a target that is ${details.join(', ')}`;
    }),
    `rejects${countsRejects ? ', counted,' : ''} to a target that is ${rejects}${compacts ? '; logs of state are compacted early' : ''}`,
    `an epoch every ${epochMs} ms, at most ${maxRestarts} restarts in a row; calls are ${pace}${slow}${again ? '; started once more at the end' : ''}`,
    ...(faults.length === 0 ? ['no faults'] : faults.map(fault => `fault ${describeFault(fault)}`)),
  ].join('\n');
}

function describeStep(step: Step, sources: readonly SourceCase[]): string {
  if ('source' in step) return `source(${describeSource(sources[step.source]!)})`;
  const inputs = step.inputs.map(describeRef).join(', ');
  if ('lateTime' in step) return `lateTime(${inputs}) ${JSON.stringify(step.lateTime)}`;
  return `${step.operator}(${inputs}) ${describeParams(step.params)}`.trimEnd();
}

function describeSource({ splits, disorderMs, timestamped, position, pollMax }: SourceCase): string {
  const found = splits.map(({ id, foundMs, records }) => `${id}: ${records.length} records${foundMs > 0 ? ` found at ${foundMs} ms` : ''}`);
  const times = `${timestamped ? 'bring their time, ' : ''}out of order by up to ${disorderMs} ms`;
  return `${found.join(', ')}; ${times}; positions are a ${position}; polls of up to ${pollMax}`;
}

function describeRef([step, output]: StreamRef): string {
  return output === 0 ? nameOf(step) : `${nameOf(step)}.${output}`;
}

function describeParams(params: unknown): string {
  return params === null ? '' : `${JSON.stringify(params)} `;
}
