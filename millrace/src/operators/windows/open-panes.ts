import type { KeySpace } from '../../spi/state.ts';
import type { Pane } from './live-panes.ts';

/** A power of two. */
const SLOTS = 64;

/**
 * Panes of which no window has ended, found by time without a search. Each has a slot by its number modulo 64, so that records which are out of order over
 * fewer panes than that find theirs. What is found is always right; where panes differ in length or share a slot, less is found.
 */
export class OpenPanes<A> {
  private readonly starts = new Float64Array(SLOTS).fill(Infinity);
  private readonly ends = new Float64Array(SLOTS).fill(-Infinity);
  private readonly spaces: (KeySpace<A> | undefined)[] = new Array(SLOTS).fill(undefined);
  /** The slot that was found last, which most often holds the next record too. */
  private last = 0;
  private originMs = 0;
  private panesPerMs = 0;

  /** The accumulators of the pane that holds a time, if it was remembered. */
  spaceAt(timeMs: number): KeySpace<A> | undefined {
    let slot = this.last;
    if (!(timeMs >= this.starts[slot]! && timeMs < this.ends[slot]!)) {
      slot = this.slotOf(timeMs);
      if (!(timeMs >= this.starts[slot]! && timeMs < this.ends[slot]!)) return undefined;
      this.last = slot;
    }
    return this.spaces[slot];
  }

  /** Remembers the pane of a record. */
  remember(pane: Pane<A>, timeMs: number): void {
    if (this.panesPerMs === 0) {
      this.originMs = pane.start;
      this.panesPerMs = 1 / (pane.end - pane.start);
    }
    const slot = this.slotOf(timeMs);
    this.starts[slot] = pane.start;
    this.ends[slot] = pane.end;
    this.spaces[slot] = pane.space;
    this.last = slot;
  }

  /** Forgets all panes, as windows have ended. */
  clear(): void {
    this.starts.fill(Infinity);
    this.spaces.fill(undefined);
  }

  private slotOf(timeMs: number): number {
    return ((timeMs - this.originMs) * this.panesPerMs) & (SLOTS - 1);
  }
}
