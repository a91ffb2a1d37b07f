import type { Collector } from '../spi/operator.ts';
import { Batch, NO_POSITION } from '../types/batch.ts';
import type { Receiver, Signal } from './receiver.ts';

/**
 * The sending end: collects records into a batch and hands it to every receiver. An output is fed in one way: by `emit` when it is an
 * operator's, by `append` when it ends a segment, by `send` when batches pass through whole.
 */
export class Output implements Collector<unknown> {
  private readonly batch = new Batch();
  /** Side outputs of the same operator, which hold it back as well. */
  private readonly sides: Output[] = [];
  private readonly targets: { readonly receiver: Receiver; readonly channel: number }[] = [];
  /** Records sent. */
  records = 0;

  connect(receiver: Receiver, channel: number): void {
    this.targets.push({ receiver, channel });
  }

  get connected(): boolean {
    return this.targets.length > 0;
  }

  constructor() {
    this.batch.positions.fill(NO_POSITION);
  }

  addSide(side: Output): void {
    this.sides.push(side);
  }

  emit(value: unknown, time: number): void {
    const batch = this.batch;
    const i = batch.length++;
    batch.values[i] = value;
    batch.times[i] = time;
    if (i + 1 === batch.capacity) this.flush();
  }

  /** Adds a record that stems from one record of a split. */
  append(value: unknown, time: number, position: number, split: number): void {
    const batch = this.batch;
    if (batch.split !== split) this.changeSplit(split);
    batch.push(value, time, position);
    if (batch.full) this.flush();
  }

  private changeSplit(split: number): void {
    this.flush();
    this.batch.split = split;
  }

  /** Hands a whole batch on as it is. */
  send(batch: Batch): void {
    this.records += batch.length;
    for (const { receiver } of this.targets) receiver.receive(batch);
  }

  flush(): void {
    const batch = this.batch;
    if (batch.length === 0) return;
    this.records += batch.length;
    for (const { receiver } of this.targets) receiver.receive(batch);
    batch.clear();
  }

  /** Hands on what was collected, then the signal. */
  signal(signal: Signal): void {
    this.flush();
    for (const { receiver, channel } of this.targets) receiver.signal(channel, signal);
  }

  get blocked(): boolean {
    for (const { receiver } of this.targets) if (receiver.blocked) return true;
    for (const side of this.sides) if (side.blocked) return true;
    return false;
  }
}
