import type { Environment } from '../base/environment.ts';
import type { Key } from '../base/key.ts';
import type { ChangelogMode } from '../types/changelog.ts';
import type { RejectReason } from './reject.ts';
import type { OperatorState, StateDescription } from './state.ts';

/** Takes an operator's results. */
export interface Collector<T> {
  /** Hands a record on. */
  emit(value: T, time: number): void;
  /**
   * Whether the downstream cannot take more. An operator that makes many records from one event (a firing, a completed call) looks
   * before each portion and goes on when it is resumed.
   */
  readonly blocked: boolean;
}

/** Processes one record of one input. The key is undefined on an input that is not keyed. */
export type ProcessRecord = (key: Key, value: never, time: number) => void;

/**
 * What became of a new watermark: `'done'` it may be passed on, `'more'` the output is blocked and `advance` is called again
 * with the same watermark, `'held'` the operator passes it on itself when it is time.
 */
export type Advanced = 'done' | 'more' | 'held';

/** A running operator. It keeps nothing from one record to the next outside its state tables. */
export interface OperatorTask {
  /** One function for each input. A throw rejects the record it was called with. */
  readonly inputs: readonly ProcessRecord[];
  /** The watermark, which is the minimum over all inputs, has risen. Infinity: no more input will come. Absent: passed on. */
  advance?(watermark: number): Advanced;
  /** The clock has reached the time last asked for by `wakeAt`, or `wake` was called. True when all is done, false when the output is blocked. */
  wake?(now: number): boolean;
  /** Whether input must be held back, as when too many calls are under way. */
  readonly blocked?: boolean;
  close?(): void | Promise<void>;
}

export interface OperatorContext<R> {
  /** Stable id, for messages. */
  readonly id: string;
  readonly environment: Environment;
  readonly state: OperatorState;
  readonly output: Collector<R>;
  /** The side output of a tag; records sent to one that nothing reads are dropped on purpose. */
  side(tag: string): Collector<unknown>;
  /** The newest watermark that was passed to `advance`; -Infinity before the first. */
  readonly watermark: number;
  /** Asks for `wake` when the clock reads `timeMs`. The earliest time asked for counts until it has come. */
  wakeAt(timeMs: number): void;
  /** Asks for `wake` as soon as possible; may be called from outside the engine's turn, as when a promise settles. */
  wakeSoon(): void;
  /** Passes a held watermark on. */
  emitWatermark(watermark: number): void;
  /** Takes a record out of the stream; where it came from is added when it is the record being processed. */
  reject(reason: RejectReason, message: string, value: unknown, time: number): void;
  /** Stops the pipeline with an error of the system. */
  fail(error: unknown): void;
  /** Aborted when the pipeline stops without draining. */
  readonly signal: AbortSignal;
}

/** Describes an operator in the plan and opens it. */
export interface Operator<R = unknown> {
  /** Word of the field: `'window'`, `'process'`, `'interval join'`. */
  readonly kind: string;
  /** One line of what it does: `tumbling(1d) count, mean`. */
  readonly description: string;
  readonly makes: ChangelogMode;
  readonly state: readonly StateDescription[];
  open(context: OperatorContext<R>): OperatorTask;
}
