import type { Key } from '../../base/key.ts';
import type { TimeWindow } from '../../spi/window.ts';
import type { FiringContents } from './firing-contents.ts';
import type { LivePanes, Pane } from './live-panes.ts';
import type { WindowFunction } from './window-function.ts';

/** What one key has in the panes of the windows that fire now, in the order of time. */
interface Parts<A> {
  readonly key: Key;
  /** Start of each pane that has the key. */
  starts: number[];
  /** From `head` to `pivot`: the merge of that pane and all following ones up to the pivot. From `pivot` on: the pane's own accumulator. */
  accumulators: A[];
  /** Parts before it have left the window. */
  head: number;
  pivot: number;
  /** The merge of all parts from the pivot on. */
  tail: A | undefined;
  /** Whether the tail is a copy; a tail of one part is the pane's own accumulator. */
  tailCopied: boolean;
  /** A pane has changed since it was taken in. */
  stale: boolean;
}

/**
 * Windows merged from several panes: the panes are not changed, and of each key only those it has records in are looked at.
 *
 * Instead of merging all panes of a window anew, merges of the older ones to their end (from each of them on) and of the newer ones so far are kept,
 * so that a window is at most one merge of two: the algorithm "two stacks" for queues (Tangwongsan et al., "General incremental
 * sliding-window aggregation", PVLDB 2015), with one queue for each key. When the older ones have left the window, the newer ones take their place.
 * For windows that only grow this is a running total. It costs as much memory again as the panes do; accumulators that keep the
 * records themselves are merged anew instead. All of this is derived from the panes, and is built again after a restart.
 */
export class MergedContents<A> implements FiringContents<A> {
  private readonly fn: WindowFunction<A, unknown>;
  private readonly panes: LivePanes<A>;
  private readonly parts = new Map<Key, Parts<A>>();
  private firing: Iterator<Parts<A>> = [].values();
  private current: Parts<A> | undefined;
  private windowStart = 0;
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
    for (const pane of this.panes.beginningIn(window.start, window.end)) {
      if (pane.start > this.takenIn) this.takeIn(pane);
    }
    this.firing = this.parts.values();
  }

  next(): boolean {
    const next = this.firing.next();
    this.current = next.done === true ? undefined : next.value;
    return this.current !== undefined;
  }

  take(): A | undefined {
    const parts = this.current!;
    if (parts.stale) this.rebuild(parts);
    const { starts } = parts;
    while (parts.head < starts.length && starts[parts.head]! < this.windowStart) parts.head++;
    if (parts.head === starts.length) {
      this.parts.delete(parts.key);
      return undefined;
    }
    return this.fn.keepsRecords ? this.mergeFromHead(parts) : this.mergeHalves(parts);
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
      }
      this.append(parts, pane.start, cell.value);
    }
  }

  private append(parts: Parts<A>, paneStart: number, accumulator: A): void {
    parts.starts.push(paneStart);
    parts.accumulators.push(accumulator);
    if (this.fn.keepsRecords || parts.stale) return;
    try {
      this.extendTail(parts, accumulator);
    } catch {
      // It throws again where the key can be rejected.
      parts.stale = true;
    }
  }

  private extendTail(parts: Parts<A>, accumulator: A): void {
    if (parts.tail === undefined) {
      parts.tail = accumulator;
    } else {
      if (!parts.tailCopied) {
        parts.tail = this.copy(parts.tail);
        parts.tailCopied = true;
      }
      this.fn.merge(parts.tail, accumulator);
    }
  }

  private mergeFromHead(parts: Parts<A>): A {
    const { accumulators, head } = parts;
    if (head > 0) {
      parts.starts = parts.starts.slice(head);
      parts.accumulators = accumulators.slice(head);
      parts.head = 0;
    }
    if (parts.accumulators.length === 1) return parts.accumulators[0]!;
    const merged = this.fn.create();
    for (const accumulator of parts.accumulators) this.fn.merge(merged, accumulator);
    return merged;
  }

  private mergeHalves(parts: Parts<A>): A {
    if (parts.head > parts.pivot) this.turnOver(parts);
    const { tail } = parts;
    if (parts.head === parts.pivot) return tail!;
    const older = parts.accumulators[parts.head]!;
    if (tail === undefined) return older;
    const merged = this.copy(older);
    this.fn.merge(merged, tail);
    return merged;
  }

  /** All parts become older ones. */
  private turnOver(parts: Parts<A>): void {
    const starts = parts.starts.slice(parts.head);
    const accumulators = parts.accumulators.slice(parts.head);
    for (let i = accumulators.length - 2; i >= 0; i--) {
      const merged = this.copy(accumulators[i]!);
      this.fn.merge(merged, accumulators[i + 1]!);
      accumulators[i] = merged;
    }
    parts.starts = starts;
    parts.accumulators = accumulators;
    parts.head = 0;
    parts.pivot = starts.length;
    parts.tail = undefined;
    parts.tailCopied = false;
  }

  private rebuild(parts: Parts<A>): void {
    Object.assign(parts, newParts(parts.key, false));
    try {
      for (const pane of this.panes.beginningIn(this.windowStart, this.takenIn + 1)) {
        const cell = pane.space.get(parts.key);
        if (cell === undefined) continue;
        parts.starts.push(pane.start);
        parts.accumulators.push(cell.value);
        if (!this.fn.keepsRecords) this.extendTail(parts, cell.value);
      }
    } catch (error) {
      parts.stale = true;
      throw error;
    }
  }

  private copy(accumulator: A): A {
    const copied = this.fn.create();
    this.fn.merge(copied, accumulator);
    return copied;
  }
}

function newParts<A>(key: Key, stale: boolean): Parts<A> {
  return { key, starts: [], accumulators: [], head: 0, pivot: 0, tail: undefined, tailCopied: false, stale };
}
