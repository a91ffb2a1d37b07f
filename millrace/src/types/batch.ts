/** Records handed on at once. Large enough to spread per-batch costs, small enough to stay in the processor's cache. */
const BATCH_CAPACITY = 1024;

/** Event time of a record that has none. */
export const NO_TIME = Number.NaN;

/** Position of a record that stems from no single input record. */
export const NO_POSITION = -1;

/**
 * Records in columns: value, event time (epoch milliseconds or NaN) and position within the split it came from
 * (a byte offset, a row number, a Kafka offset; -1 when it stems from no single record).
 *
 * A batch is reused by its owner: whoever receives one copies what it keeps.
 */
export class Batch<T = unknown> {
  readonly capacity: number;
  readonly values: T[];
  readonly times: Float64Array;
  readonly positions: Float64Array;
  length = 0;
  /** The split all records come from, as numbered by the runtime; -1 when there is none. */
  split = -1;

  constructor(capacity: number = BATCH_CAPACITY) {
    this.capacity = capacity;
    this.values = new Array(capacity);
    this.times = new Float64Array(capacity);
    this.positions = new Float64Array(capacity);
  }

  get full(): boolean {
    return this.length === this.capacity;
  }

  /** Appends a record; the caller has seen that the batch is not full. */
  push(value: T, time: number, position: number): void {
    const i = this.length++;
    this.values[i] = value;
    this.times[i] = time;
    this.positions[i] = position;
  }

  clear(): void {
    this.length = 0;
  }
}
