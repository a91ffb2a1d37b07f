import type { Batch } from '../types/batch.ts';
import type { ChainEnd, ChainStage, RunChain, StepFailed } from './chain.ts';
import { buildChain } from './chain.ts';
import type { EventTimeAssigner } from './event-time-assigner.ts';
import type { OperatorDriver } from './operator-driver.ts';
import type { Output } from './output.ts';
import type { Receiver, Signal } from './receiver.ts';

/** Where a segment ends: at an input of an operator, or in an output. */
export type SegmentEnd = { readonly operator: OperatorDriver; readonly input: number } | { readonly output: Output };

/** Chained stages between two nodes that buffer. It keeps nothing but its event time assigners. */
export class Segment implements Receiver {
  private readonly run: RunChain;
  private readonly assigners: readonly EventTimeAssigner[];
  private readonly end: SegmentEnd;
  private readonly replacesTime: boolean;

  /** @param fedTimed whether what comes in has watermarks already, which event time that is assigned anew replaces */
  constructor(stages: readonly ChainStage[], fedTimed: boolean, chainEnd: ChainEnd, end: SegmentEnd, failed: StepFailed) {
    this.run = buildChain({ stages, end: chainEnd, failed });
    this.assigners = stages.flatMap(stage => (stage.kind === 'eventTime' ? [stage.assigner] : []));
    this.end = end;
    this.replacesTime = fedTimed && this.timed;
  }

  /** Whether it assigns event time. */
  get timed(): boolean {
    return this.assigners.length > 0;
  }

  /** Says again how far time had come in the run that this one goes on from. */
  restate(): void {
    const time = this.assigners.at(-1)?.sent ?? -Infinity;
    if (time > -Infinity) this.send({ kind: 'watermark', time });
  }

  receive(batch: Batch): void {
    this.run(batch);
    if ('operator' in this.end) this.end.operator.received(this.end.input, batch.length);
    else this.end.output.flush();
    if (this.timed) this.sendNews();
  }

  signal(_channel: number, signal: Signal): void {
    if (this.replacesTime && signal.kind === 'watermark' && signal.time < Infinity) return;
    // The assigner nearest to the end decides; the ones before it only see what comes from the source.
    let passes = true;
    for (const assigner of this.assigners) passes = assigner.takes(signal) && passes;
    if (this.timed) this.sendNews();
    if (passes) this.send(signal);
  }

  get blocked(): boolean {
    return 'operator' in this.end ? this.end.operator.blocked : this.end.output.blocked;
  }

  private sendNews(): void {
    const last = this.assigners[this.assigners.length - 1]!;
    for (const signal of last.news()) this.send(signal);
  }

  private send(signal: Signal): void {
    if ('operator' in this.end) this.end.operator.signal(this.end.input, signal);
    else this.end.output.signal(signal);
  }
}
