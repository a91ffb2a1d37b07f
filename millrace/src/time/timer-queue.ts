import type { Key } from '../base/key.ts';
import { MinHeap } from '../base/min-heap.ts';
import type { KeySpace, OperatorState, Table } from '../spi/state.ts';

/** Called for a timer that is due. `tag` tells timers of one key and time apart, as the start of a window does. */
export type FireTimer = (timeMs: number, key: Key, tag: number) => void;

/** Dropped times that may stay in the heap beside the live ones before it is built anew. */
const DROPPED_KEPT = 64;

/**
 * Timers of one operator and one time domain, each a (time, key, tag) that exists at most once. They stand in a state table whose
 * namespaces are the times; the heap of distinct times is derived from it when the queue is opened.
 */
export class TimerQueue {
  private readonly table: Table<number[]>;
  private times = new MinHeap();
  /** Distinct times that have timers. */
  private live = 0;

  constructor(state: OperatorState, name: string) {
    this.table = state.table(name);
    this.collectTimes();
  }

  /** The earliest time of any timer; Infinity when there is none. */
  get next(): number {
    this.skipDropped();
    return this.times.peek();
  }

  register(timeMs: number, key: Key, tag = 0): void {
    let space = this.table.find(timeMs);
    if (space === undefined) {
      if (this.times.size > 2 * this.live + DROPPED_KEPT) this.collectTimes();
      space = this.table.space(timeMs);
      this.times.push(timeMs);
      this.live++;
    }
    const cell = space.get(key);
    if (cell === undefined) space.add(key, [tag]);
    else if (!cell.value.includes(tag)) {
      cell.value.push(tag);
      space.mark(cell);
    }
  }

  delete(timeMs: number, key: Key, tag = 0): void {
    const space = this.table.find(timeMs);
    const cell = space?.get(key);
    if (space === undefined || cell === undefined) return;
    const i = cell.value.indexOf(tag);
    if (i < 0) return;
    cell.value.splice(i, 1);
    this.settle(timeMs, space, key, cell.value);
    if (cell.value.length > 0) space.mark(cell);
  }

  /**
   * Fires, in the order of their times, all timers up to and including `untilMs`, also those registered meanwhile. Stops early when
   * `blocked` says so.
   *
   * @returns whether all of them have fired
   */
  advance(untilMs: number, fire: FireTimer, blocked: () => boolean): boolean {
    for (let time = this.next; time <= untilMs && time < Infinity; time = this.next) {
      const space = this.table.find(time)!;
      for (const cell of space.cells()) {
        while (cell.value.length > 0) {
          if (blocked()) return false;
          const tag = cell.value.shift()!;
          if (cell.value.length > 0) space.mark(cell);
          else space.remove(cell.key);
          fire(time, cell.key, tag);
        }
      }
      // `fire` may have deleted the last timer, and with it the space.
      if (this.table.find(time) === space) this.dropEmpty(time, space);
    }
    return true;
  }

  private settle(timeMs: number, space: KeySpace<number[]>, key: Key, tags: number[]): void {
    if (tags.length > 0) return;
    space.remove(key);
    this.dropEmpty(timeMs, space);
  }

  private dropEmpty(timeMs: number, space: KeySpace<number[]>): void {
    if (space.size > 0) return;
    this.table.drop(timeMs);
    this.live--;
  }

  private collectTimes(): void {
    this.times = new MinHeap();
    this.live = 0;
    for (const time of this.table.namespaces()) {
      this.times.push(time);
      this.live++;
    }
  }

  /** A time whose last timer was deleted stays in the heap until it comes to the top or the heap is built anew. */
  private skipDropped(): void {
    while (this.times.size > 0 && this.table.find(this.times.peek()) === undefined) this.times.pop();
  }
}
