import type { Environment } from '../base/environment.ts';
import type { Batch } from '../types/batch.ts';
import type { ChangelogMode } from '../types/changelog.ts';
import type { RejectReason } from './reject.ts';

export interface SinkContext {
  /** Operator id, for messages. */
  readonly operator: string;
  readonly environment: Environment;
  /** Aborted when the pipeline stops without draining. */
  readonly signal: AbortSignal;
  /** Takes a record that the target refuses out of the stream. */
  reject(reason: RejectReason, message: string, value: unknown): void;
}

/** Writes one sink's records. */
export interface SinkWriter<T> {
  /**
   * Takes the records of a batch, which is reused after the call. A promise holds the upstream back until it resolves; this is
   * backpressure. A throw or rejection stops the pipeline.
   */
  write(batch: Batch<T>): void | Promise<void>;
  /** Hands on whatever is buffered. Called when nothing is left to do, so that a lone record does not linger. */
  flush(): void | Promise<void>;
  /** Publishes what is left and releases everything. Called once, also after a failure. */
  close(outcome: 'finished' | 'failed'): Promise<void>;
}

/** Where records go. A description, as a source is. */
export interface Sink<T> {
  readonly connector: string;
  /** What is written, for plans and messages; without secrets. */
  readonly description: string;
  /** Which streams it takes; an append-only sink records each update of an upsert stream as a record of its own. */
  readonly accepts: readonly ChangelogMode[];
  open(context: SinkContext): Promise<SinkWriter<T>>;
}
