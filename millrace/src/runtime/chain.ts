import { codeGenerationAllowed } from '../base/codegen.ts';
import type { Key } from '../base/key.ts';
import type { Stage } from '../plan/graph.ts';
import type { Batch } from '../types/batch.ts';
import { closureChain } from './chain-closures.ts';
import { generatedChain } from './chain-generated.ts';
import type { EventTimeAssigner } from './event-time-assigner.ts';
import type { Output } from './output.ts';

/** A stage made ready to run. */
export type ChainStage =
  | Exclude<Stage, { kind: 'eventTime' }>
  | { readonly kind: 'eventTime'; readonly extract?: (value: never) => number | Date; readonly assigner: EventTimeAssigner };

/** Where the records of a chain go: into an operator, keyed or not, or out to other nodes. */
export type ChainEnd =
  | {
      readonly kind: 'operator';
      readonly selectKey?: (value: never) => unknown;
      readonly process: (key: Key, value: never, time: number) => void;
      /** Told the record that is being processed, so that a reject knows where it came from. */
      readonly cursor: Cursor;
    }
  | { readonly kind: 'output'; readonly output: Output };

/** The record an operator is processing: an index into a batch. */
export interface Cursor {
  batch: Batch | undefined;
  index: number;
}

/**
 * Called when a function of the program threw. `step` is the index of the stage in its chain; the chain's length stands for its end.
 * It throws on when the error is not the record's fault.
 */
export type StepFailed = (error: unknown, batch: Batch, index: number, step: number) => void;

export interface ChainSpec {
  readonly stages: readonly ChainStage[];
  readonly end: ChainEnd;
  readonly failed: StepFailed;
}

/** Runs all records of a batch through a chain of stages, each as far as it gets. */
export type RunChain = (batch: Batch) => void;

/** One loop for the whole chain: generated code, or nested closures where code generation is forbidden. Both give the same results. */
export function buildChain(spec: ChainSpec, generate: boolean = codeGenerationAllowed()): RunChain {
  return generate ? generatedChain(spec) : closureChain(spec);
}
