import { count, pipeline, type Source, type Stream } from '../../millrace/src/index.ts';
import type { Plan } from '../../millrace/src/plan/graph.ts';
import { withRejectSink } from '../../millrace/src/plan/reject-sink.ts';
import type { Case, SourceCase, Step } from '../case/case.ts';
import { nameOf, sinkNameOf } from '../case/expectation.ts';
import { endNamed } from '../operators/ends.ts';
import type { Event } from '../operators/event.ts';
import { operatorNamed } from '../operators/index.ts';
import type { Building } from '../operators/operator.ts';
import { Feed } from '../world/feed.ts';
import { Target, TargetSink } from '../world/target.ts';
import type { World } from '../world/world.ts';
import type { Canary } from './canaries.ts';

/** The pipeline of a case in the engine, and the targets that its sinks write to. */
export interface Built {
  readonly plan: Plan;
  readonly targets: readonly Target[];
  readonly rejects: Target;
}

export function buildCase(testCase: Case, world: World, canary?: Canary): Built {
  const forgetful = canary?.forgetfulTargets === true;
  const p = pipeline('sim');
  const streams: (readonly Stream<Event>[])[] = [];
  for (const [i, step] of testCase.steps.entries()) {
    const building: Building = { name: nameOf(i), call: (slowMs, outcome) => callOutside(world, slowMs, outcome) };
    if ('source' in step) {
      const feed = feedOf(testCase.sources[step.source]!, world);
      streams.push([p.from(canary?.source?.(feed) ?? feed)]);
    } else {
      streams.push(
        buildStep(
          step,
          building,
          step.inputs.map(([from, output]) => streams[from]![output]!),
        ),
      );
    }
  }
  const targets = testCase.sinks.map(({ end, input, params, target: kind, slow, refuses }, i) => {
    const name = sinkNameOf(i);
    const target = new Target(world, name, kind, forgetful);
    const isRefused = (value: unknown) => refuses > 0 && (value as Event).v % refuses === 0;
    const results = endNamed(end).build(streams[input[0]]![input[1]]!, params, { name: `${name}-end`, call: unused });
    results.to(new TargetSink(world, name, target, { slow, refuses: isRefused }), { name });
    return target;
  });
  const rejects = new Target(world, 'rejects', testCase.rejects, forgetful);
  const rejectSink = new TargetSink(world, 'rejects', rejects, { slow: false, refuses: () => false });
  if (testCase.countsRejects) {
    p.rejects
      .keyBy(({ reason, operator }) => `${reason} ${operator}`)
      .aggregate({ n: count() })
      .to(rejectSink);
  }
  return { plan: withRejectSink(p.plan(), rejectSink), targets, rejects };
}

function feedOf({ splits, pollMax, position, timestamped }: SourceCase, world: World): Source<Event> {
  return new Feed<Event>(world, { splits, pollMax, position, timeOf: timestamped ? e => e.at : undefined });
}

function buildStep(
  step: Exclude<Step, { source: number }>,
  building: Building,
  inputs: readonly Stream<Event>[],
): readonly Stream<Event>[] {
  if ('operator' in step) return operatorNamed(step.operator).build(inputs, step.params, building);
  const { boundMs, idleAfterMs } = step.lateTime;
  return [inputs[0]!.eventTime(e => e.at, { outOfOrderness: boundMs, ...(idleAfterMs === 0 ? {} : { idleAfter: idleAfterMs }) })];
}

/** A call of the program to the outside, which comes back some time later. */
function callOutside<R>(world: World, slowMs: number, outcome: () => R): Promise<R> {
  const of = world.incarnation;
  return new Promise((resolve, reject) => {
    if (of === undefined) return;
    world.laterFor(of, world.latencyMs() + world.dice.int(0, slowMs), () => {
      try {
        resolve(outcome());
      } catch (error) {
        reject(error);
      }
    });
  });
}

function unused(): never {
  throw new Error('the end of a pipeline makes no calls');
}
