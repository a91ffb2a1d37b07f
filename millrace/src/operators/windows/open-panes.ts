import type { KeySpace } from '../../spi/state.ts';
import type { Pane } from './live-panes.ts';

/** Powers of two. */
const FEWEST_SLOTS = 64;
const MOST_SLOTS = 2 ** 16;

/**
 * Panes of which no window has ended, found by time without a search. Each has a slot by its number modulo the number of slots, so that records which are
 * out of order over fewer panes than that find theirs. What is found is always right; where panes differ in length or share a slot, less is found.
 */
export class OpenPanes<A> {
  private starts = new Float64Array(0);
  private ends = new Float64Array(0);
  private panes: (Pane<A> | undefined)[] = [];
  /** Slots that are taken. */
  private taken = 0;
  /** The slot that was found last, which most often holds the next record too. */
  private last = 0;
  private originMs = 0;
  private panesPerMs = 0;

  constructor() {
    this.resize(FEWEST_SLOTS);
  }

  /** The accumulators of the pane that holds a time, if it was remembered. */
  spaceAt(timeMs: number): KeySpace<A> | undefined {
    let slot = this.last;
    if (!(timeMs >= this.starts[slot]! && timeMs < this.ends[slot]!)) {
      slot = this.slotOf(timeMs);
      if (!(timeMs >= this.starts[slot]! && timeMs < this.ends[slot]!)) return undefined;
      this.last = slot;
    }
    return this.panes[slot]!.space;
  }

  /** Remembers the pane of a record. */
  remember(pane: Pane<A>, timeMs: number): void {
    if (this.taken === 0) {
      // From here on, so that the numbers fit panes that have moved against the first one, as days do when clocks change.
      this.originMs = pane.start;
      this.panesPerMs = 1 / (pane.end - pane.start);
    }
    const slot = this.slotOf(timeMs);
    if (this.panes[slot] === undefined) {
      this.taken++;
    } else if (this.taken * 4 >= this.starts.length && this.starts.length < MOST_SLOTS) {
      const panes = this.panes.filter(taken => taken !== undefined);
      this.resize(this.starts.length * 2);
      for (const other of panes) this.remember(other, other.start);
      this.remember(pane, timeMs);
      return;
    }
    this.starts[slot] = pane.start;
    this.ends[slot] = pane.end;
    this.panes[slot] = pane;
    this.last = slot;
  }

  /** Forgets the panes that have a window which ends up to this time. */
  dropUpTo(timeMs: number): void {
    for (let slot = 0; this.taken > 0 && slot < this.panes.length; slot++) {
      const pane = this.panes[slot];
      if (pane === undefined || pane.firstEnd - 1 > timeMs) continue;
      this.starts[slot] = Infinity;
      this.panes[slot] = undefined;
      this.taken--;
    }
    if (this.taken === 0 && this.panes.length > FEWEST_SLOTS) this.resize(FEWEST_SLOTS);
  }

  private slotOf(timeMs: number): number {
    return ((timeMs - this.originMs) * this.panesPerMs) & (this.starts.length - 1);
  }

  private resize(slots: number): void {
    this.starts = new Float64Array(slots).fill(Infinity);
    this.ends = new Float64Array(slots);
    this.panes = new Array(slots).fill(undefined);
    this.taken = 0;
    this.last = 0;
  }
}
