import type { Environment } from '../base/environment.ts';
import type { Batch } from '../types/batch.ts';
import type { Json } from '../types/json.ts';
import type { ChangelogMode } from '../types/changelog.ts';
import type { RejectReason } from './reject.ts';

export interface SinkContext {
  /** Operator id, for messages. */
  readonly operator: string;
  readonly environment: Environment;
  /** Aborted when the pipeline stops without draining. */
  readonly signal: AbortSignal;
  /** Whether results are committed by epochs. Without, they are published when the sink is closed. */
  readonly epochs: boolean;
  /** Takes a record that the target refuses out of the stream. */
  reject(reason: RejectReason, message: string, value: unknown): void;
}

/** What a sink has made ready for an epoch. */
export interface Prepared {
  /** What it needs to publish the epoch, also after a restart. */
  readonly data: Json;
  /** The results themselves, where the target cannot hold them before they are visible. */
  readonly bytes?: Uint8Array;
}

/** The newest committed epoch of the pipeline, as a sink finds it when it is opened after a stop or a crash. */
export interface SinkRecovery {
  readonly epoch: number;
  /** What `prepare` returned for it. Results of later epochs were never committed and are to be discarded. */
  readonly prepared: Prepared;
}

/**
 * Writes one sink's records.
 *
 * A writer with `prepare` and `publish` delivers exactly once: results become visible by `publish` alone, after the epoch that holds them was committed. One without
 * them delivers at least once: after a crash it is given the results since the newest epoch again.
 */
export interface SinkWriter<T> {
  /**
   * Takes the records of a batch, which is reused after the call. A promise holds the upstream back until it resolves; this is
   * backpressure. A throw or rejection stops the pipeline.
   */
  write(batch: Batch<T>): void | Promise<void>;
  /**
   * Hands on whatever is buffered. `'idle'`: nothing is left to do, and a lone record should not linger longer than it is meant to. `'barrier'`: an epoch ends, and a sink that takes no part in
   * epochs must have delivered all of its results when the promise resolves.
   */
  flush(reason: 'idle' | 'barrier'): void | Promise<void>;
  /**
   * Ends an epoch: what was written before the call belongs to it, what is written from now on to the next. Resolves when nothing that the epoch needs would be lost by a crash.
   * Called when no write is pending; writes go on meanwhile.
   *
   * @param last all results have been written; nothing will follow
   */
  prepare?(epoch: number, last: boolean): Promise<Prepared>;
  /** Makes a committed epoch visible. Called in the order of epochs; again after a crash, when `published` says that it has not been done. */
  publish?(epoch: number, prepared: Prepared): Promise<void>;
  /** Whether the epoch is visible already, by a marker that stands in the target beside the results. Asked once after a restart. */
  published?(epoch: number, prepared: Prepared): Promise<boolean>;
  /**
   * Releases everything. Called once. `finished`: all results have been written; without epochs they are to be published now. `suspended`: the pipeline will go on later from
   * its newest epoch. `failed`: nothing is to be published.
   */
  close(outcome: 'finished' | 'suspended' | 'failed'): Promise<void>;
}

/** Where records go. A description, as a source is. */
export interface Sink<T> {
  readonly connector: string;
  /** What is written, for plans and messages; without secrets. */
  readonly description: string;
  /** Which streams it takes; an append-only sink records each update of an upsert stream as a record of its own. */
  readonly accepts: readonly ChangelogMode[];
  /** Opens the sink, anew or where the newest epoch left it. */
  open(context: SinkContext, recovery?: SinkRecovery): Promise<SinkWriter<T>>;
}
