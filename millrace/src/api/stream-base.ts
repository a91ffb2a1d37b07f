import { MillraceError } from '../base/errors.ts';
import type { Draft, DraftEdge, PlanBuilder } from '../plan/builder.ts';
import type { Pipeline } from './pipeline.ts';

/** What every kind of stream knows: its pipeline, and the edge along which its records come. */
export abstract class StreamBase {
  /** @internal */
  readonly pipeline: Pipeline;
  /** @internal */
  readonly builder: PlanBuilder;
  /** @internal */
  readonly edge: DraftEdge;

  constructor(pipeline: Pipeline, builder: PlanBuilder, edge: DraftEdge) {
    this.pipeline = pipeline;
    this.builder = builder;
    this.edge = edge;
  }

  /**
   * Throws unless records have event time here.
   *
   * @internal
   */
  requireEventTime(what: string): void {
    if (!isTimed(this.edge.from)) throw new MillraceError('PLAN_NO_EVENT_TIME', { where: `pipeline '${this.pipeline.name}', ${what}` });
  }
}

function isTimed({ step, inputs }: Draft): boolean {
  if (step.type === 'stage' && step.stage.kind === 'eventTime') return true;
  return inputs.length > 0 && inputs.every(edge => isTimed(edge.from));
}

/** Whether the records bring their event time. */
export function isTimestamped({ step, inputs }: Draft): boolean {
  if (step.type === 'source') return step.source.timestamped === true;
  return inputs.length > 0 && inputs.every(edge => isTimestamped(edge.from));
}
