import type { EnumerationContext, Polled, ReaderContext, Source, SplitReader } from '../../millrace/src/spi/source.ts';
import type { Batch } from '../../millrace/src/types/batch.ts';
import type { Json } from '../../millrace/src/types/json.ts';
import { NO_TIME } from '../../millrace/src/types/batch.ts';
import { type Incarnation, incarnationOf, type World } from './world.ts';

/** A record and when it is there to be read, in milliseconds since the start of the run. */
export interface Fed<T> {
  readonly value: T;
  readonly atMs: number;
}

export interface FedSplit<T> {
  readonly id: string;
  /** When the source finds it. */
  readonly foundMs: number;
  readonly records: readonly Fed<T>[];
  /** When it is known that no more will come; not before the last record. */
  readonly endMs: number;
}

/** What positions look like. */
export type PositionForm = 'number' | 'object' | 'text';

export interface FeedSettings<T> {
  readonly splits: readonly FedSplit<T>[];
  /** Most records that one poll gives. */
  readonly pollMax: number;
  readonly position: PositionForm;
  /** The time that records bring; undefined: they bring none. */
  readonly timeOf: ((value: T) => number) | undefined;
}

/** A source whose records come at given moments, such as a topic that others write to. It can be read again from any position. */
export class Feed<T> implements Source<T> {
  readonly connector = 'feed';
  readonly description = 'simulated';
  readonly bounded = true;
  readonly timestamped: boolean;
  private readonly world: World;
  private readonly settings: FeedSettings<T>;

  constructor(world: World, settings: FeedSettings<T>) {
    this.world = world;
    this.settings = settings;
    this.timestamped = settings.timeOf !== undefined;
  }

  async enumerate({ found, signal, environment }: EnumerationContext): Promise<void> {
    const { world } = this;
    const of = incarnationOf(environment);
    const splits = this.settings.splits;
    const all: Promise<void>[] = [];
    await world.call(of, 'enumerate', `${splits.length} splits`, () => {
      found(splits.filter(({ foundMs }) => foundMs <= world.elapsedMs).map(({ id }) => ({ id })));
      const later = splits.filter(({ foundMs }) => foundMs > world.elapsedMs);
      // Each is found at its time, before the others can go far ahead of it.
      all.push(...later.map(split => this.findLater(of, split, found, signal)));
    });
    await Promise.all(all);
  }

  async open({ split, wake, environment }: ReaderContext, position: Json | undefined): Promise<SplitReader<T>> {
    const { world, settings } = this;
    const of = incarnationOf(environment);
    const next = readPosition(position);
    const fed = settings.splits.find(({ id }) => id === split.id);
    if (fed === undefined) throw new Error(`there is no split ${split.id}`);
    await world.call(of, 'split-open', `${split.id} at ${next}`, () => {});
    return new FeedReader(world, of, settings, fed, next, wake);
  }

  private findLater(of: Incarnation, { id, foundMs }: FedSplit<T>, found: EnumerationContext['found'], signal: AbortSignal): Promise<void> {
    const { world } = this;
    return new Promise(resolve => {
      signal.addEventListener('abort', () => resolve());
      world.laterFor(of, foundMs - world.elapsedMs, () => {
        if (!signal.aborted) {
          world.log(`split ${id} is found`);
          found([{ id }]);
        }
        resolve();
      });
    });
  }
}

class FeedReader<T> implements SplitReader<T> {
  private readonly world: World;
  private readonly of: Incarnation;
  private readonly settings: FeedSettings<T>;
  private readonly split: FedSplit<T>;
  private readonly wake: () => void;
  private next: number;
  private closed = false;
  private readonly held: { split: string };

  constructor(world: World, of: Incarnation, settings: FeedSettings<T>, split: FedSplit<T>, next: number, wake: () => void) {
    this.world = world;
    this.of = of;
    this.settings = settings;
    this.split = split;
    this.next = next;
    this.wake = wake;
    this.held = { split: split.id };
    of.held.add(this.held);
  }

  poll(batch: Batch<T>): Polled {
    const { world, of, split } = this;
    if (this.closed && !of.dead) world.violated(`split ${split.id} was polled after it was closed`);
    return world.callNow(of, 'poll', () => this.take(batch), 'wait');
  }

  position(): Json {
    const { next } = this;
    switch (this.settings.position) {
      case 'number':
        return next;
      case 'object':
        return { at: next, of: this.split.records.length };
      case 'text':
        return `offset ${next}`;
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    this.of.held.delete(this.held);
  }

  private take(batch: Batch<T>): Polled {
    const { world, of, split } = this;
    const { pollMax, timeOf } = this.settings;
    const { records, endMs } = split;
    let ready = 0;
    while (this.next + ready < records.length && records[this.next + ready]!.atMs <= world.elapsedMs) ready++;
    if (ready === 0) {
      const nextMs = records[this.next]?.atMs ?? endMs;
      if (this.next >= records.length && nextMs <= world.elapsedMs) return 'end';
      world.laterFor(of, nextMs - world.elapsedMs, this.wake);
      return 'wait';
    }
    // A poll may come back with less than there is, and with nothing although there is more.
    const taken = Math.min(ready, batch.capacity, world.dice.int(world.dice.chance(0.1) ? 0 : 1, pollMax));
    for (let i = 0; i < taken; i++) {
      const { value } = records[this.next]!;
      batch.push(value, timeOf === undefined ? NO_TIME : timeOf(value), this.next++);
    }
    if (of.stopping && taken > 0) world.violated(`split ${split.id} was read further after a stop`);
    if (taken > 0) world.log(`poll: split ${split.id}, ${taken} records up to ${this.next}`);
    return 'more';
  }
}

function readPosition(position: Json | undefined): number {
  if (position === undefined) return 0;
  if (typeof position === 'number') return position;
  if (typeof position === 'string' && position.startsWith('offset ')) return Number(position.slice('offset '.length));
  if (typeof position === 'object' && position !== null && 'at' in position && typeof position.at === 'number') return position.at;
  throw new Error(`no position: ${JSON.stringify(position)}`);
}
