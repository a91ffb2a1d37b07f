import type { Key } from '../../base/key.ts';
import type { TimeWindow } from '../../spi/window.ts';
import type { FiringContents } from './firing-contents.ts';
import type { LivePanes, Pane } from './live-panes.ts';
import { copyOf, type KeyTotal, newKeyTotal, PaneBlocks, type Run } from './pane-blocks.ts';
import type { WindowFunction } from './window-function.ts';

/**
 * Windows merged from several panes, which are not changed. It is done pane by pane and not key by key, as a pane's accumulators lie together in memory.
 *
 * Windows that only grow go on with the totals of the window before; others are merged from blocks of panes. Accumulators that keep the
 * records themselves are not merged before their key is sent, and not in blocks, so that records are not held twice. All of this is derived
 * from the panes, and is built again after a restart.
 */
export class MergedContents<A> implements FiringContents<A> {
  private readonly fn: WindowFunction<A, unknown>;
  private readonly panes: LivePanes<A>;
  private readonly blocks: PaneBlocks<A>;
  /** Whether a window has the start of the one before, as a rule. */
  private readonly growing: boolean;
  private readonly totals = new Map<Key, KeyTotal<A>>();
  private firing: Iterator<KeyTotal<A>> = [].values();
  private current: KeyTotal<A> | undefined;
  /** Start of the newest window that has fired; no later one begins before it. */
  private windowStart = -Infinity;
  /** Start of the newest pane that was taken in. */
  private takenIn = -Infinity;
  private round = 0;
  /** Start of the window that the totals of this round are of; NaN when they are not to be gone on with. */
  private totalSince = NaN;
  /** Number of the first pane that is not in the totals. */
  private mergedTo = 0;

  constructor(fn: WindowFunction<A, unknown>, panes: LivePanes<A>, growing: boolean) {
    this.fn = fn;
    this.panes = panes;
    this.blocks = new PaneBlocks(fn);
    this.growing = growing && !fn.keepsRecords;
  }

  get key(): Key {
    return this.current!.key;
  }

  begin(window: TimeWindow): void {
    const { blocks, fn } = this;
    this.windowStart = window.start;
    blocks.dropBefore(window.start);
    for (const pane of this.panes.beginningIn(Math.max(window.start, this.takenIn), window.end)) {
      if (pane.start > this.takenIn) this.takeIn(pane);
    }
    if (window.start !== this.totalSince) {
      this.round++;
      this.mergedTo = blocks.begin;
      this.totalSince = this.growing ? window.start : NaN;
    }
    if (fn.keepsRecords) {
      for (let pane = this.mergedTo; pane < blocks.end; pane++) blocks.cover(pane, pane + 1, this.collect);
    } else {
      blocks.cover(this.mergedTo, blocks.end, this.mergeIn);
    }
    this.mergedTo = blocks.end;
    this.firing = this.totals.values();
  }

  next(): boolean {
    const next = this.firing.next();
    this.current = next.done === true ? undefined : next.value;
    return this.current !== undefined;
  }

  take(): A | undefined {
    const current = this.current!;
    if (current.round !== this.round) {
      this.totals.delete(current.key);
      return undefined;
    }
    if (current.failure !== undefined) throw current.failure.error;
    if (this.fn.keepsRecords) return this.mergeParts(current);
    const { total } = current;
    if (!this.growing) current.total = undefined;
    return total;
  }

  changed(key: Key, pane: Pane<A>, added: A | undefined): void {
    // Neither what is still to be taken in nor what has left the windows for good.
    if (pane.start > this.takenIn || pane.start < this.windowStart) return;
    const run = this.blocks.change(pane.start);
    if (run === undefined) {
      // The pane itself is new, and those after it would have to be numbered anew.
      this.clear();
      return;
    }
    this.totalSince = NaN;
    if (added === undefined) return;
    run.keys.push(this.totalOf(key));
    run.accumulators.push(added);
  }

  clear(): void {
    this.totals.clear();
    this.blocks.clear();
    this.takenIn = -Infinity;
    this.totalSince = NaN;
  }

  private takeIn(pane: Pane<A>): void {
    this.takenIn = pane.start;
    const keys: KeyTotal<A>[] = [];
    const accumulators: A[] = [];
    for (const cell of pane.space.cells()) {
      keys.push(this.totalOf(cell.key));
      accumulators.push(cell.value);
    }
    this.blocks.append({ start: pane.start, keys, accumulators });
  }

  private totalOf(key: Key): KeyTotal<A> {
    let total = this.totals.get(key);
    if (total === undefined) {
      total = newKeyTotal(key);
      this.totals.set(key, total);
    }
    return total;
  }

  private readonly mergeIn = ({ keys, accumulators }: Run<A>): void => {
    const { fn, round } = this;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      if (key.round !== round) {
        key.round = round;
        key.total = accumulators[i]!;
        key.copied = false;
        key.failure = undefined;
        continue;
      }
      if (key.failure !== undefined) continue;
      try {
        if (!key.copied) {
          key.total = copyOf(fn, key.total!);
          key.copied = true;
        }
        fn.merge(key.total!, accumulators[i]!);
      } catch (error) {
        key.failure = { error };
        // The next window tries again.
        this.totalSince = NaN;
      }
    }
  };

  private readonly collect = ({ keys, accumulators }: Run<A>): void => {
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      if (key.round !== this.round || key.parts === undefined) {
        key.round = this.round;
        key.parts = [accumulators[i]!];
      } else {
        key.parts.push(accumulators[i]!);
      }
    }
  };

  private mergeParts(key: KeyTotal<A>): A {
    const parts = key.parts!;
    key.parts = undefined;
    if (parts.length === 1) return parts[0]!;
    const merged = this.fn.create();
    for (const part of parts) this.fn.merge(merged, part);
    return merged;
  }
}
