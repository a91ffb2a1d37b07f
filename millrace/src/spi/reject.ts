/** Why a record was rejected. Stable; listed in the documentation. */
export type RejectReason =
  /** The bytes are not what the format says. */
  | 'undecodable'
  /** Decoded, but not what the schema says. */
  | 'invalid'
  /** Longer than the format's bound. */
  | 'too-large'
  /** The event time is not a finite number, or too far ahead of the clock. */
  | 'timestamp'
  /** The key selector returned null, undefined or NaN. */
  | 'key'
  /** Every window it belongs to has been closed. */
  | 'late'
  /** A function of the program threw, or its promise was rejected. */
  | 'failed'
  /** A function of the program did not settle in time. */
  | 'timeout'
  /** The target of a sink refused it. */
  | 'refused';

/** Where a record came from, as far as it is known. */
export interface Origin {
  /** Operator id of the source. */
  readonly source: string;
  readonly split: string;
  /** Byte offset, row number or Kafka offset within the split. */
  readonly position: number;
}

/** One record that was taken out of the stream, with all that is needed to find it again and send it through once more. */
export interface Reject {
  readonly reason: RejectReason;
  readonly message: string;
  /** Id of the operator that rejected it. */
  readonly operator: string;
  readonly origin?: Origin;
  /** The record's bytes, or their beginning: `bytesTotal` is larger than `bytes.length` when they were cut. */
  readonly bytes?: Uint8Array;
  readonly bytesTotal?: number;
  /** The record as it reached the operator, when it had been decoded. */
  readonly value?: unknown;
  /** Event time in epoch milliseconds, when it had one. */
  readonly eventTimeMs?: number;
  /** Processing time of the rejection in epoch milliseconds. */
  readonly timeMs: number;
}

/** Most bytes of one record that a reject keeps. */
export const REJECT_BYTES_KEPT = 64 * 1024;
