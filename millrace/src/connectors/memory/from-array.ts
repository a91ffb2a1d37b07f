import { messageOf } from '../../base/errors.ts';
import type { ReaderContext, Source, SplitReader } from '../../spi/source.ts';
import { type Batch, NO_TIME } from '../../types/batch.ts';

export interface FromArrayOptions<T> {
  /** Event time of each record in epoch milliseconds. Default: none, `eventTime` assigns it. */
  timestamps?: (record: T, index: number) => number;
}

/**
 * Reads the records of an array and ends. The position is the index.
 *
 * @example
 * p.from(fromArray([3, 1, 2])).map(n => n * 2).to(print())
 */
export function fromArray<T>(records: readonly T[], options: FromArrayOptions<T> = {}): Source<T> {
  const { timestamps } = options;
  return {
    connector: 'array',
    description: `${records.length} records`,
    bounded: true,
    timestamped: timestamps !== undefined,
    async enumerate({ found }) {
      found([{ id: '0' }]);
    },
    async open(context, position) {
      return new ArrayReader(records, timestamps, context, typeof position === 'number' ? position : 0);
    },
  };
}

class ArrayReader<T> implements SplitReader<T> {
  private readonly records: readonly T[];
  private readonly timestamps: ((record: T, index: number) => number) | undefined;
  private readonly context: ReaderContext;
  private next: number;

  constructor(records: readonly T[], timestamps: ((record: T, index: number) => number) | undefined, context: ReaderContext, next: number) {
    this.records = records;
    this.timestamps = timestamps;
    this.context = context;
    this.next = next;
  }

  poll(batch: Batch<T>): 'more' | 'end' {
    const { records } = this;
    const to = Math.min(records.length, this.next + batch.capacity);
    if (this.timestamps === undefined) this.takeAll(to, batch);
    else while (this.next < to) this.take(records[this.next]!, this.next++, batch);
    return this.next < records.length ? 'more' : 'end';
  }

  position(): number {
    return this.next;
  }

  async close(): Promise<void> {}

  /** The loop for records without a time, where nothing can fail. */
  private takeAll(to: number, batch: Batch<T>): void {
    const { records, next } = this;
    const { values, times, positions } = batch;
    // A position may lie behind the end of an array that has become shorter.
    const count = Math.max(0, to - next);
    for (let i = 0; i < count; i++) {
      values[i] = records[next + i]!;
      positions[i] = next + i;
    }
    times.fill(NO_TIME, 0, count);
    batch.length = count;
    this.next += count;
  }

  private take(record: T, index: number, batch: Batch<T>): void {
    let time = NO_TIME;
    if (this.timestamps !== undefined) {
      try {
        time = this.timestamps(record, index);
      } catch (error) {
        this.context.reject('failed', messageOf(error), undefined, index, record);
        return;
      }
    }
    batch.push(record, time, index);
  }
}
