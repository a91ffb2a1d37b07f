import type { Batch } from '../types/batch.ts';

/**
 * What travels between records:
 * a watermark says that no record with an earlier or equal time will come, Infinity that none at all will; a stream that is idle does not hold
 * the watermark of others back; the splits of a source come, fall idle and end.
 */
export type Signal =
  | { readonly kind: 'watermark'; readonly time: number }
  | { readonly kind: 'idle'; readonly idle: boolean }
  | { readonly kind: 'split-started'; readonly split: number }
  | { readonly kind: 'split-idle'; readonly split: number }
  | { readonly kind: 'split-ended'; readonly split: number };

/** The receiving end of a connection inside one worker. A node with several inputs tells them apart by channel. */
export interface Receiver {
  /** Takes a batch, which its sender reuses after the call. May be called while `blocked`, within the bound of one event's results. */
  receive(batch: Batch): void;
  signal(channel: number, signal: Signal): void;
  /** Whether the sender should wait before it makes more. */
  readonly blocked: boolean;
}
