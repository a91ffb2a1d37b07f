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
    for (const split of this.splits.values()) split.finish();
    this.end?.();
  }

  finishSplit(splitId: string): void {
    this.split(splitId).finish();
  }

  enumerate({ found, signal }: EnumerationContext): Promise<void> {
    found([...this.splits.keys()].map(id => ({ id })));
    this.found = id => found([{ id }]);
    return new Promise(resolve => {
      this.end = resolve;
      signal.addEventListener('abort', () => resolve());
    });
  }

  async open(context: ReaderContext, _position: Json | undefined): Promise<SplitReader<unknown>> {
    return this.split(context.split.id).open(context);
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
  private readonly waiting: { value: unknown; time: number }[] = [];
  private finished = false;
  private polled = 0;
  private wake: (() => void) | undefined;

  open(context: ReaderContext): SplitReader<unknown> {
    this.wake = () => context.wake();
    return this;
  }

  feed(records: readonly unknown[], times: readonly number[] | undefined): void {
    if (this.finished) throw new Error('records were fed to a split that a test has finished');
    for (const [i, value] of records.entries()) this.waiting.push({ value, time: times?.[i] ?? NO_TIME });
    this.wake?.();
  }

  finish(): void {
    this.finished = true;
    this.wake?.();
  }

  poll(batch: Batch): Polled {
    while (!batch.full && this.waiting.length > 0) {
      const { value, time } = this.waiting.shift()!;
      batch.push(value, time, this.polled++);
    }
    return this.waiting.length > 0 ? 'more' : this.finished ? 'end' : 'wait';
  }

  position(): Json {
    return this.polled;
  }

  async close(): Promise<void> {}
}
