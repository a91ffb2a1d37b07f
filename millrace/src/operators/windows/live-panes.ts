import type { KeySpace, Table } from '../../spi/state.ts';
import type { PaneAssigner, TimeWindow } from '../../spi/window.ts';

/** A pane that holds records. */
export interface Pane<A> extends TimeWindow {
  /** End of the first window that contains it. */
  readonly firstEnd: number;
  /** The last window that contains it. */
  readonly last: TimeWindow;
  readonly space: KeySpace<A>;
}

/**
 * The panes that hold records, in the order of time. Their accumulators stand in the table under the start of the pane; all else is derived from that.
 *
 * Windows are ordered by their ends, then by their starts. As panes go on, neither the first nor the last of their windows steps back.
 */
export class LivePanes<A> {
  private readonly panes: Pane<A>[] = [];
  private readonly table: Table<A>;
  private readonly assigner: PaneAssigner;

  constructor(table: Table<A>, assigner: PaneAssigner) {
    this.table = table;
    this.assigner = assigner;
    for (const start of table.namespaces()) this.panes.push(this.describe(assigner.pane(start)));
    this.panes.sort((a, b) => a.start - b.start);
  }

  get first(): Pane<A> | undefined {
    return this.panes[0];
  }

  /** The pane that holds a time, if it has records. */
  find(timeMs: number): Pane<A> | undefined {
    const pane = this.panes[this.indexFrom(timeMs, 'holding')];
    return pane !== undefined && pane.start <= timeMs && timeMs < pane.end ? pane : undefined;
  }

  /** Adds a pane that `find` does not know. */
  add(bounds: TimeWindow): Pane<A> {
    const pane = this.describe(bounds);
    this.panes.splice(this.indexFrom(pane.start), 0, pane);
    return pane;
  }

  /** The panes that begin in a span, in order. */
  *beginningIn(from: number, to: number): IterableIterator<Pane<A>> {
    for (let i = this.indexFrom(from); i < this.panes.length && this.panes[i]!.start < to; i++) yield this.panes[i]!;
  }

  /** The first window after another, in the order of their ends, that has records. */
  windowAfter(window: TimeWindow): TimeWindow | undefined {
    for (const pane of this.panes) {
      if (!isAfter(pane.last, window)) continue;
      const next = this.assigner.windows(pane).find(candidate => isAfter(candidate, window));
      if (next !== undefined) return next;
    }
    return undefined;
  }

  /** Forgets panes from the oldest on, as long as the condition holds. */
  dropWhile(done: (pane: Pane<A>) => boolean): void {
    let count = 0;
    while (count < this.panes.length && done(this.panes[count]!)) this.table.drop(this.panes[count++]!.start);
    if (count > 0) this.panes.splice(0, count);
  }

  private describe(bounds: TimeWindow): Pane<A> {
    const windows = this.assigner.windows(bounds);
    return {
      start: bounds.start,
      end: bounds.end,
      firstEnd: windows[0]!.end,
      last: windows.at(-1)!,
      space: this.table.space(bounds.start),
    };
  }

  /** Index of the first pane that begins at the time or later; `'holding'`: of the last that begins at the time or earlier. */
  private indexFrom(timeMs: number, which: 'from' | 'holding' = 'from'): number {
    const { panes } = this;
    let low = 0;
    let high = panes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (which === 'holding' ? panes[middle]!.start <= timeMs : panes[middle]!.start < timeMs) low = middle + 1;
      else high = middle;
    }
    return which === 'holding' ? low - 1 : low;
  }
}

/** Whether a window comes after another in the order of ends, then starts. */
export function isAfter(window: TimeWindow, other: TimeWindow): boolean {
  return window.end > other.end || (window.end === other.end && window.start > other.start);
}
