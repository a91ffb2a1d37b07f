import type { Key } from '../base/key.ts';
import { MinHeap } from '../base/min-heap.ts';
import type { Cell, KeySpace } from '../spi/state.ts';

/** Into how many buckets one time to live is divided: removal is late by at most this part of it. */
const BUCKETS_PER_TTL = 16;

/** Entries of removed cells that may stay queued beside the live ones before the queue is built anew. */
const DEAD_KEPT = 1024;

/**
 * Removes from a cell what has expired by the time, and says when the next of it will: Infinity when nothing is left. With -Infinity for
 * the time it only says when.
 */
export type Prune<V> = (cell: Cell<V>, nowMs: number) => number;

/**
 * Finds the cells of a space that have expired without looking at the others. Every cell is queued once, in a bucket at or after the time
 * at which it may expire; a cell that was touched since is queued again when its bucket comes up. So a touch costs nothing here, and a
 * cell is looked at once per time to live.
 *
 * The queue is derived from the cells when it is opened and is no state itself. Owners still check the time on every read: what is
 * removed here has not been returned for a while.
 */
export class Expiry<V> {
  private readonly space: KeySpace<V>;
  private readonly prune: Prune<V>;
  private readonly widthMs: number;
  /** Keys by the end of their bucket. */
  private readonly buckets = new Map<number, Key[]>();
  private ends = new MinHeap();
  private queued = 0;

  constructor(space: KeySpace<V>, ttlMs: number, prune: Prune<V>) {
    this.space = space;
    this.prune = prune;
    // Whole milliseconds, so that the end of a bucket is computed exactly and always lies after what it holds.
    this.widthMs = Math.ceil(ttlMs / BUCKETS_PER_TTL);
    this.rebuild();
  }

  /** When `expire` has something to do; Infinity when nothing is kept. */
  get nextMs(): number {
    return this.ends.peek();
  }

  /** A cell was added whose value expires at that time. Whoever changes a cell without adding it need not say so. */
  added(key: Key, expiresMs: number): void {
    if (this.queued > 2 * this.space.size + DEAD_KEPT) this.rebuild();
    else this.enqueue(key, expiresMs);
  }

  /**
   * Removes what has expired, looking at no more than `limit` cells.
   *
   * @returns whether all is done
   */
  expire(nowMs: number, limit: number): boolean {
    let looked = 0;
    while (this.ends.peek() <= nowMs) {
      const end = this.ends.peek();
      const keys = this.buckets.get(end)!;
      while (keys.length > 0) {
        if (looked++ >= limit) return false;
        this.look(keys.pop()!, nowMs);
      }
      this.buckets.delete(end);
      this.ends.pop();
    }
    return true;
  }

  private look(key: Key, nowMs: number): void {
    this.queued--;
    const cell = this.space.get(key);
    if (cell === undefined) return;
    const expiresMs = this.prune(cell, nowMs);
    if (expiresMs === Infinity) this.space.remove(key);
    else this.enqueue(key, expiresMs);
  }

  private enqueue(key: Key, expiresMs: number): void {
    const end = (Math.floor(expiresMs / this.widthMs) + 1) * this.widthMs;
    const keys = this.buckets.get(end);
    if (keys === undefined) {
      this.buckets.set(end, [key]);
      this.ends.push(end);
    } else keys.push(key);
    this.queued++;
  }

  private rebuild(): void {
    this.buckets.clear();
    this.ends = new MinHeap();
    this.queued = 0;
    for (const cell of this.space.cells()) this.enqueue(cell.key, this.prune(cell, -Infinity));
  }
}
