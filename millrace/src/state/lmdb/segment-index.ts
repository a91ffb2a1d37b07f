import { DamagedFileError } from './check-file.ts';
import { segmentKey, type SegmentPlace } from './record-keys.ts';

/** Segments of one table in one epoch: their indexes count from 0. */
interface Run {
  readonly epoch: number;
  count: number;
}

/** Knows which segments are stored, so that those that are superseded can be removed without a look at the disk. */
export class SegmentIndex {
  count = 0;
  private readonly runs = new Map<number, Run[]>();

  /** Adds a segment; those of a table in their order. */
  add({ table, epoch, index }: SegmentPlace): void {
    let runs = this.runs.get(table);
    if (runs === undefined) {
      runs = [];
      this.runs.set(table, runs);
    }
    let run = runs.at(-1);
    if (run === undefined || run.epoch !== epoch) {
      run = { epoch, count: 0 };
      runs.push(run);
    }
    if (index !== run.count) throw new DamagedFileError(`segment ${run.count} of table ${table} and epoch ${epoch} is missing`);
    run.count++;
    this.count++;
  }

  /** Adds a segment after all others of its table. */
  append(table: number, epoch: number): SegmentPlace {
    const run = this.runs.get(table)?.at(-1);
    const place = { table, epoch, index: run?.epoch === epoch ? run.count : 0 };
    this.add(place);
    return place;
  }

  /** Forgets the segments of a table before an epoch. Returns their keys. */
  removeBefore(table: number, epoch: number): Buffer[] {
    const runs = this.runs.get(table) ?? [];
    const keys: Buffer[] = [];
    for (const run of runs) {
      if (run.epoch >= epoch) continue;
      for (let index = 0; index < run.count; index++) keys.push(segmentKey({ table, epoch: run.epoch, index }));
    }
    this.runs.set(
      table,
      runs.filter(run => run.epoch >= epoch),
    );
    this.count -= keys.length;
    return keys;
  }
}
