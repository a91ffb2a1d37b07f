import type { Json } from '../types/json.ts';

/**
 * A piece of a table of state, encoded. Segments of a table are replayed in the order of their epochs: what a later one says of a key replaces what
 * an earlier one said.
 */
export interface Segment {
  /** Operator id and name of the table. */
  readonly operator: string;
  readonly table: string;
  readonly bytes: Uint8Array;
}

/** Results that a sink's target cannot hold until they are published; kept with the epoch, as a transactional outbox. */
export interface PendingOutput {
  /** Operator id of the sink. */
  readonly sink: string;
  /** What the sink needs to publish the epoch, also after a restart. */
  readonly data: Json;
  /** The records themselves, where the target cannot hold them. */
  readonly bytes?: Uint8Array;
}

/** What one epoch saves; all of it or nothing. */
export interface Epoch {
  /** Counts from 1 without gaps. */
  readonly number: number;
  /** Processing time of the barrier, epoch milliseconds. */
  readonly timeMs: number;
  /** Changes of state since the epoch before. */
  readonly segments: readonly Segment[];
  /** Tables whose segments of epochs before `before` are not needed any more: all that they say has been said again since. */
  readonly superseded: readonly { readonly operator: string; readonly table: string; readonly before: number }[];
  /** Positions of sources, watermarks and what else is small and replaced as a whole. */
  readonly control: Json;
  readonly pending: readonly PendingOutput[];
}

/** The newest epoch that was committed, as found when a store is opened. */
export interface StoredEpoch {
  readonly number: number;
  readonly timeMs: number;
  readonly control: Json;
  readonly pending: readonly PendingOutput[];
}

/** Keeps epochs. One writer at a time. */
export interface EpochStore {
  /** Where it is, for messages: a directory, or `memory`. */
  readonly location: string;
  /** The newest epoch; undefined when there is none. */
  newest(): StoredEpoch | undefined;
  /** All segments that are still needed, per table in the order of their epochs. */
  segments(): Iterable<Segment>;
  /** Saves an epoch in one atomic step; resolves when it would survive the loss of power. Called for one epoch after another. */
  commit(epoch: Epoch): Promise<void>;
  close(): Promise<void>;
}
