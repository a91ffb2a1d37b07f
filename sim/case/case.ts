import type { Json } from '../../millrace/src/types/json.ts';
import type { Event } from '../operators/event.ts';
import type { Fault, Point } from '../world/fault.ts';
import type { FedSplit, PositionForm } from '../world/feed.ts';
import type { TargetKind } from '../world/target.ts';
import type { Pace } from '../world/world.ts';

export interface SourceCase {
  readonly splits: readonly FedSplit<Event>[];
  /** By how much times fall back within a split. */
  readonly disorderMs: number;
  readonly timestamped: boolean;
  readonly position: PositionForm;
  readonly pollMax: number;
}

/** One output of a step. */
export type StreamRef = readonly [step: number, output: number];

/** A source or an operator. Steps stand in the order in which they read each other. */
export type Step =
  | { readonly source: number }
  | { readonly operator: string; readonly inputs: readonly StreamRef[]; readonly params: Json }
  /** Event time of a stream whose splits fall idle and whose records may be late. */
  | { readonly lateTime: { readonly boundMs: number; readonly idleAfterMs: number }; readonly inputs: readonly StreamRef[] };

export interface SinkCase {
  readonly end: string;
  readonly input: StreamRef;
  readonly params: Json;
  readonly target: TargetKind;
  readonly slow: boolean;
  /** Refuses records whose number is a multiple of this; 0: takes all. */
  readonly refuses: number;
}

/** All that a run is made of. The same case gives the same run. */
export interface Case {
  readonly seed: number;
  /** What the clock reads at the start, epoch milliseconds. */
  readonly startMs: number;
  readonly sources: readonly SourceCase[];
  readonly steps: readonly Step[];
  readonly sinks: readonly SinkCase[];
  readonly rejects: TargetKind;
  /** Whether the program counts the rejects by itself, in place of writing them. */
  readonly countsRejects: boolean;
  /** Whether logs of state are compacted as early as can be. */
  readonly compacts: boolean;
  readonly epochMs: number;
  readonly maxRestarts: number;
  readonly pace: Pace;
  readonly slowest: readonly Point[];
  readonly faults: readonly Fault[];
  /** Whether it is started once more when it has finished. */
  readonly again: boolean;
}
