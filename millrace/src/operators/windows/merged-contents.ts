import type { Key } from '../../base/key.ts';
import type { TimeWindow } from '../../spi/window.ts';
import type { FiringContents } from './firing-contents.ts';
import type { LivePanes, Pane } from './live-panes.ts';
import type { WindowFunction } from './window-function.ts';

/** One pane of a key, or several merged. Lists of them cost less than arrays where most keys have few. */
interface Part<A> {
  /** Start of the pane, or of the first of them. */
  readonly start: number;
  readonly accumulator: A;
  /** Whether the accumulator is not that of a pane. */
  readonly merged: boolean;
  readonly next: Part<A> | undefined;
}

/** What one key has in the panes of the windows that fire now. */
interface Parts<A> {
  readonly key: Key;
  /** The older panes, oldest first, each merged with all that follow it in this list. */
  older: Part<A> | undefined;
  /** The newer panes, newest first, as they are. */
  newer: Part<A> | undefined;
  /** Start of the first of the newer panes. */
  newerSince: number;
  /** The merge of the newer panes. */
  total: A | undefined;
  /** Whether the total is a copy; that of one pane is the pane's own accumulator. */
  copied: boolean;
  /** A pane has changed since it was taken in. */
  stale: boolean;
}

/**
 * Windows merged from several panes: the panes are not changed, and of each key only those it has records in are looked at.
 *
 * Instead of merging all panes of a window anew, the older panes are kept merged from each of them to the last of them, and the newer ones as one total,
 * so that a window is at most one merge of two: the algorithm "two stacks" for queues (Tangwongsan et al., "General incremental sliding-window
 * aggregation", PVLDB 2015), with one queue for each key. When the older ones have left the window, the newer ones take their place. For
 * windows that only grow this is a running total. It costs as much memory again as the panes do; accumulators that keep the
 * records themselves are merged anew instead. All of this is derived from the panes, and is built again after a restart.
 */
export class MergedContents<A> implements FiringContents<A> {
  private readonly fn: WindowFunction<A, unknown>;
  private readonly panes: LivePanes<A>;
  private readonly parts = new Map<Key, Parts<A>>();
  private firing: Iterator<Parts<A>> = [].values();
  private current: Parts<A> | undefined;
  private windowStart = 0;
  /** No window after the one that fires has panes that begin before this. */
  private leavingBefore = 0;
  /** Start of the newest pane that was taken in. */
  private takenIn = -Infinity;

  constructor(fn: WindowFunction<A, unknown>, panes: LivePanes<A>) {
    this.fn = fn;
    this.panes = panes;
  }

  get key(): Key {
    return this.current!.key;
  }

  begin(window: TimeWindow): void {
    this.windowStart = window.start;
    this.leavingBefore = window.start;
    for (const pane of this.panes.beginningIn(window.start, window.end)) {
      if (pane.last.end === window.end && pane.last.start === window.start) this.leavingBefore = pane.end;
      if (pane.start > this.takenIn) this.takeIn(pane);
    }
    if (!this.fn.keepsRecords) this.turnOver();
    this.firing = this.parts.values();
  }

  next(): boolean {
    const next = this.firing.next();
    this.current = next.done === true ? undefined : next.value;
    return this.current !== undefined;
  }

  take(): A | undefined {
    const parts = this.current!;
    const { windowStart } = this;
    if (parts.stale) this.rebuild(parts);
    while (parts.older !== undefined && parts.older.start < windowStart) parts.older = parts.older.next;
    if (parts.newer === undefined || parts.newer.start < windowStart) {
      if (parts.older !== undefined) return parts.older.accumulator;
      this.parts.delete(parts.key);
      return undefined;
    }
    if (this.fn.keepsRecords) return this.mergeAnew(parts.newer);
    const { older } = parts;
    if (older === undefined) return parts.total;
    let { accumulator } = older;
    if (older.merged && older.start < this.leavingBefore) {
      // It has been of use for the last time, and may be changed.
      parts.older = older.next;
    } else {
      accumulator = this.copy(accumulator);
    }
    this.fn.merge(accumulator, parts.total!);
    return accumulator;
  }

  changed(key: Key, paneStart: number): void {
    if (paneStart > this.takenIn) return;
    const parts = this.parts.get(key);
    if (parts === undefined) this.parts.set(key, newParts(key, true));
    else parts.stale = true;
  }

  clear(): void {
    this.parts.clear();
    this.takenIn = -Infinity;
  }

  private takeIn(pane: Pane<A>): void {
    this.takenIn = pane.start;
    for (const cell of pane.space.cells()) {
      let parts = this.parts.get(cell.key);
      if (parts === undefined) {
        parts = newParts(cell.key, false);
        this.parts.set(cell.key, parts);
      } else if (parts.stale) {
        continue;
      }
      try {
        this.append(parts, pane.start, cell.value);
      } catch {
        // It throws again where the key can be rejected.
        parts.stale = true;
      }
    }
  }

  private append(parts: Parts<A>, start: number, accumulator: A): void {
    if (parts.newer === undefined) {
      parts.newerSince = start;
      parts.total = accumulator;
      parts.copied = false;
    } else if (!this.fn.keepsRecords) {
      if (!parts.copied) {
        parts.total = this.copy(parts.total!);
        parts.copied = true;
      }
      this.fn.merge(parts.total!, accumulator);
    }
    parts.newer = { start, accumulator, merged: false, next: parts.newer };
  }

  /**
   * Where the first of the newer panes has left the window, all newer panes become older ones. It goes pane by pane and not key by key, so that what
   * lies together in memory is read and written together.
   */
  private turnOver(): void {
    const { windowStart } = this;
    let turning: Parts<A>[] = [];
    for (const parts of this.parts.values()) {
      if (parts.newer === undefined || parts.newerSince >= windowStart || parts.stale) continue;
      parts.older = undefined;
      parts.total = undefined;
      turning.push(parts);
    }
    while (turning.length > 0) {
      turning = turning.filter(parts => {
        const { newer } = parts;
        if (newer === undefined || newer.start < windowStart) {
          parts.newer = undefined;
          return false;
        }
        try {
          this.moveToOlder(parts, newer);
          return true;
        } catch {
          parts.stale = true;
          return false;
        }
      });
    }
  }

  private moveToOlder(parts: Parts<A>, part: Part<A>): void {
    const { older } = parts;
    let { accumulator } = part;
    if (older !== undefined) {
      accumulator = this.copy(accumulator);
      this.fn.merge(accumulator, older.accumulator);
    }
    parts.older = { start: part.start, accumulator, merged: older !== undefined, next: older };
    parts.newer = part.next;
  }

  private mergeAnew(newest: Part<A>): A {
    const accumulators: A[] = [];
    for (let part: Part<A> | undefined = newest; part !== undefined && part.start >= this.windowStart; part = part.next) {
      accumulators.push(part.accumulator);
    }
    if (accumulators.length === 1) return newest.accumulator;
    const merged = this.fn.create();
    for (let i = accumulators.length - 1; i >= 0; i--) this.fn.merge(merged, accumulators[i]!);
    return merged;
  }

  /** Takes in anew what the key has in the panes up to the newest that was taken in. */
  private rebuild(parts: Parts<A>): void {
    parts.older = undefined;
    parts.newer = undefined;
    for (const pane of this.panes.beginningIn(this.windowStart, this.takenIn + 1)) {
      const cell = pane.space.get(parts.key);
      if (cell !== undefined) this.append(parts, pane.start, cell.value);
    }
    parts.stale = false;
  }

  private copy(accumulator: A): A {
    const copied = this.fn.create();
    this.fn.merge(copied, accumulator);
    return copied;
  }
}

function newParts<A>(key: Key, stale: boolean): Parts<A> {
  return { key, older: undefined, newer: undefined, newerSince: 0, total: undefined, copied: false, stale };
}
