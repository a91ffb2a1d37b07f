import type { Key } from '../../base/key.ts';
import type { Cell } from '../../spi/state.ts';
import type { TimeWindow } from '../../spi/window.ts';
import type { LivePanes, Pane } from './live-panes.ts';

/** Reads the accumulators of a window that fires, key by key, so that firing can stop between two of them. */
export interface FiringContents<A> {
  begin(window: TimeWindow): void;
  /** Goes to the next key; false after the last. */
  next(): boolean;
  readonly key: Key;
  /** The window's accumulator of the key, which is only read; undefined when the key has left the window. Throws what merging throws. */
  take(): A | undefined;
  /** A record was added to a pane of which windows have fired. `added` is the accumulator of a key that the pane did not have. */
  changed(key: Key, pane: Pane<A>, added: A | undefined): void;
  /** No pane is left of which a window has still to fire. */
  clear(): void;
}

/** Windows of one pane each: what stands in the pane is the window's. */
export class SinglePaneContents<A> implements FiringContents<A> {
  private readonly panes: LivePanes<A>;
  private cells: Iterator<Cell<A>> = [].values();
  private cell: Cell<A> | undefined;

  constructor(panes: LivePanes<A>) {
    this.panes = panes;
  }

  get key(): Key {
    return this.cell!.key;
  }

  begin(window: TimeWindow): void {
    this.cells = this.panes.find(window.start)!.space.cells();
  }

  next(): boolean {
    const next = this.cells.next();
    this.cell = next.done === true ? undefined : next.value;
    return this.cell !== undefined;
  }

  take(): A {
    return this.cell!.value;
  }

  changed(): void {}

  clear(): void {
    this.cells = [].values();
  }
}
