import type { EnumerationContext, Polled, ReaderContext, Source, SplitReader } from '../spi/source.ts';
import { NO_TIME, type Batch } from '../types/batch.ts';
import type { Json } from '../types/json.ts';

/** A source whose records a test hands over, split by split. */
export class TestSource implements Source<unknown> {
  readonly connector: string;
  readonly description = 'fed by a test';
  readonly bounded = true;
  readonly timestamped: boolean;
  private readonly splits = new Map<string, TestSplit>();
  private found: ((split: string) => void) | undefined;
  private end: (() => void) | undefined;
  private finished = false;

  constructor(replaces: Source<unknown>, splits: readonly string[]) {
    this.connector = replaces.connector;
    this.timestamped = replaces.timestamped === true;
    for (const split of splits) this.splits.set(split, new TestSplit());
  }

  get firstSplit(): string {
    return [...this.splits.keys()][0] ?? '0';
  }

  feed(splitId: string, records: readonly unknown[], times: readonly number[] | undefined): void {
    this.split(splitId).feed(records, times);
  }

  finish(): void {
    this.finished = true;
    for (const split of this.splits.values()) split.finish();
    this.end?.();
  }

  finishSplit(splitId: string): void {
    this.split(splitId).finish();
  }

  enumerate({ found, signal }: EnumerationContext): Promise<void> {
    found([...this.splits.keys()].map(id => ({ id })));
    this.found = id => found([{ id }]);
    if (this.finished) return Promise.resolve();
    return new Promise(resolve => {
      this.end = resolve;
      signal.addEventListener('abort', () => resolve());
    });
  }

  async open(context: ReaderContext, position: Json | undefined): Promise<SplitReader<unknown>> {
    return this.split(context.split.id).open(context, position);
  }

  private split(id: string): TestSplit {
    let split = this.splits.get(id);
    if (split === undefined) {
      split = new TestSplit();
      this.splits.set(id, split);
      this.found?.(id);
    }
    return split;
  }
}

class TestSplit implements SplitReader<unknown> {
  /** All that was ever fed: after a crash a part of it is read again. */
  private readonly fed: { value: unknown; time: number }[] = [];
  private finished = false;
  private next = 0;
  private wake: (() => void) | undefined;

  open(context: ReaderContext, position: Json | undefined): SplitReader<unknown> {
    this.wake = () => context.wake();
    this.next = typeof position === 'number' ? position : 0;
    return this;
  }

  feed(records: readonly unknown[], times: readonly number[] | undefined): void {
    if (this.finished) throw new Error('records were fed to a split that a test has finished');
    for (const [i, value] of records.entries()) this.fed.push({ value, time: times?.[i] ?? NO_TIME });
    this.wake?.();
  }

  finish(): void {
    this.finished = true;
    this.wake?.();
  }

  poll(batch: Batch): Polled {
    while (!batch.full && this.next < this.fed.length) {
      const { value, time } = this.fed[this.next]!;
      batch.push(value, time, this.next++);
    }
    return this.next < this.fed.length ? 'more' : this.finished ? 'end' : 'wait';
  }

  position(): Json {
    return this.next;
  }

  async close(): Promise<void> {}
}
