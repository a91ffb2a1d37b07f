import { StreamBase } from './stream-base.ts';

/** A stream whose records go to every parallel instance of the operator it is connected to: rules, limits, models. */
export class BroadcastStream<T> extends StreamBase {
  /** Keeps the type of the records apart from that of other broadcast streams. */
  declare readonly recordType?: T;
}
