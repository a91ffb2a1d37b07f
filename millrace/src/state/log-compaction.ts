import type { TableWriter } from './segment.ts';
import type { TrackedSpace } from './tracked-space.ts';
import type { TrackedTable } from './tracked-table.ts';

/** What looking at a space costs, in bytes that are written in the same time. */
const SPACE_COST = 16;

type Cells = ReturnType<TrackedSpace<never>['cells']>;

/**
 * Writes all of a table once more, a portion with each epoch, so that the segments before it are not needed any more. Cells that have
 * changed since it began are left out: the epochs since then have them. So it may take any number of epochs while the table goes on
 * changing, and at any moment the log, replayed in the order of its epochs, is the table. (A fuzzy checkpoint, as databases make them beside
 * their logs: Mohan et al., "ARIES", 1992.)
 */
export class LogCompaction {
  /** The first epoch whose segments stay. */
  readonly epoch: number;
  private readonly sinceRound: number;
  private readonly spaces: Iterator<TrackedSpace<never>>;
  private space: TrackedSpace<never> | undefined;
  private cells: Cells | undefined;

  /** @param round that whose changes the epoch has */
  constructor(table: TrackedTable<never>, epoch: number, round: number) {
    this.epoch = epoch;
    this.sinceRound = round;
    this.spaces = table.allSpaces();
  }

  /**
   * Writes a portion.
   *
   * @param budget bytes after which to stop
   * @returns what is left of the budget: more than nothing when all is written
   */
  write(writer: TableWriter, budget: number): number {
    let left = budget;
    for (;;) {
      if (this.space !== undefined && !this.space.dropped) {
        left = this.space.writeUnchanged(this.cells!, this.sinceRound, left, writer);
        if (left <= 0) return left;
      }
      const next = this.spaces.next();
      if (next.done === true) return left;
      left -= SPACE_COST;
      this.space = next.value;
      this.cells = next.value.cells();
    }
  }
}
