import type { Environment } from '../base/environment.ts';
import type { Batch } from '../types/batch.ts';
import type { Json } from '../types/json.ts';
import type { RejectReason } from './reject.ts';

/** A part of a source that is read in order and has a position of its own: a file, a partition, a connection. */
export interface Split {
  /** Unique within the source and the same in every run: a path, a partition. */
  readonly id: string;
  /** What the source needs to open it; nothing when the id says it all. */
  readonly data?: Json;
}

/**
 * Says what `poll` left behind: `'more'` call again, `'wait'` nothing is ready and `wake` will be called when something
 * may be, `'end'` the split has ended.
 */
export type Polled = 'more' | 'wait' | 'end';

/** Reads one split. */
export interface SplitReader<T> {
  /**
   * Whether records that it has taken in would be gone if it were closed, as those that came over a connection. When the pipeline stops such a reader is polled until it
   * says `'end'`; others are closed at once.
   */
  readonly drains?: boolean;
  /** Appends whatever is ready, up to the batch's capacity. It never waits to fill one. The batch arrives empty. */
  poll(batch: Batch<T>): Polled;
  /** Where to go on after all that has been polled, as later passed to `open`. */
  position(): Json;
  close(): Promise<void>;
}

/** What is passed to everything that a source opens. */
export interface SourceContext {
  /** Operator id, for messages. */
  readonly operator: string;
  readonly environment: Environment;
  /** Aborted when the pipeline stops: nothing more is to be taken in, and whatever is pending ends. */
  readonly signal: AbortSignal;
}

export interface EnumerationContext extends SourceContext {
  /** Hands over splits. The first call names all that are there at the start, so that no watermark passes one of them. */
  found(splits: readonly Split[]): void;
}

export interface ReaderContext extends SourceContext {
  readonly split: Split;
  /** Tells that `poll` may have something again. May be called at any time and any number of times. */
  wake(): void;
  /** Takes a record out of the stream. */
  reject(reason: RejectReason, message: string, bytes: Uint8Array | undefined, position: number, value?: unknown): void;
}

/**
 * Where records come from. A source is a description: it holds no resources until a pipeline runs it, and one description can be
 * run more than once.
 */
export interface Source<T> {
  /** Name of the connector, such as `'file'`. */
  readonly connector: string;
  /** What is read, for plans and messages; without secrets. */
  readonly description: string;
  /** Whether the source ends by itself. */
  readonly bounded: boolean;
  /** Whether the records bring their event time, as Kafka's do, so that `eventTime` needs no function. Absent: they do not. */
  readonly timestamped?: boolean;
  /** Finds splits and resolves when no more will come; for an unbounded source that is when the signal is aborted. */
  enumerate(context: EnumerationContext): Promise<void>;
  /** Opens a split at the position, or at its beginning. A rejected promise stops the pipeline. */
  open(context: ReaderContext, position: Json | undefined): Promise<SplitReader<T>>;
}
