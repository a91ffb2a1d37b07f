import type { Segment } from '../spi/epoch-store.ts';
import type { ValueWriter } from './codec/value-writer.ts';
import { LogCompaction } from './log-compaction.ts';
import { type SegmentReader, TableWriter } from './segment.ts';
import { TrackedTable } from './tracked-table.ts';

/** When logs are compacted, and how fast. Tests make it smaller. */
export interface CompactionLimits {
  /** A log up to this size is not worth the writing of its table. Default 1 MiB. */
  readonly logBytesMin: number;
  /** The least that is written with one epoch to compact logs. Default 1 MiB: some milliseconds. */
  readonly portionBytesMin: number;
}

/** How many times as large as its table a log may become before the table is written again. */
const LOG_FACTOR = 2;

/** What a segment takes in a store besides its bytes. */
const SEGMENT_OVERHEAD = 64;

/** What a namespace takes in a segment. */
const NAMESPACE_OVERHEAD = 10;

/** What is known of the size of one table. */
export interface TableSize {
  readonly operator: string;
  readonly table: string;
  readonly cells: number;
  /** Bytes of its cells as they were last saved. */
  readonly stateBytes: number;
  /** Bytes of all segments that a restart would read. */
  readonly logBytes: number;
}

/** A table with its log: the segments that make it up. */
export class LoggedTable {
  readonly operator: string;
  readonly table: TrackedTable<never>;
  private readonly writer: TableWriter;
  private readonly limits: CompactionLimits;
  private logBytes = 0;
  /** Bytes of the newest epoch. */
  private newestBytes = 0;
  private compaction: LogCompaction | undefined;
  /** Bytes of the segments that the compaction makes needless. */
  private needlessBytes = 0;

  constructor(operator: string, name: string, writer: ValueWriter, limits: CompactionLimits) {
    this.operator = operator;
    this.table = new TrackedTable(name);
    this.writer = new TableWriter(operator, name, writer);
    this.limits = limits;
  }

  get size(): TableSize {
    const { operator, table, logBytes } = this;
    return { operator, table: table.name, cells: table.cells, stateBytes: table.bytes, logBytes };
  }

  /** Writes what has changed since the last call. Returns the bytes of that. */
  collectChanges(into: Segment[]): number {
    this.newestBytes = 0;
    this.table.writeChanges(this.writer);
    return this.take(into);
  }

  /** Whether the log should be compacted that is not yet. */
  get isLong(): boolean {
    if (this.compaction !== undefined || this.logBytes <= this.limits.logBytesMin) return false;
    return this.logBytes > LOG_FACTOR * (this.table.bytes + this.table.size * NAMESPACE_OVERHEAD);
  }

  /** Begins to compact the log with the epoch whose changes were just collected. */
  beginCompaction(epoch: number): void {
    this.compaction = new LogCompaction(this.table, epoch, this.table.round - 1);
    this.needlessBytes = this.logBytes - this.newestBytes;
  }

  /**
   * Goes on with the compaction.
   *
   * @param budget bytes after which to stop
   * @returns what is left of the budget: more than nothing when the compaction is done
   */
  compact(budget: number, into: Segment[]): number {
    const left = this.compaction!.write(this.writer, budget);
    this.take(into);
    return left;
  }

  /** Ends a compaction that is done. Returns the first epoch whose segments are still needed. */
  endCompaction(): number {
    const { epoch } = this.compaction!;
    this.compaction = undefined;
    this.logBytes -= this.needlessBytes;
    return epoch;
  }

  restore(segment: Segment, reader: SegmentReader): void {
    reader.apply(segment, this.table);
    this.logBytes += segment.bytes.length + SEGMENT_OVERHEAD;
  }

  private take(into: Segment[]): number {
    let bytes = 0;
    for (const segment of this.writer.finish()) {
      into.push(segment);
      bytes += segment.bytes.length;
      this.newestBytes += segment.bytes.length + SEGMENT_OVERHEAD;
      this.logBytes += segment.bytes.length + SEGMENT_OVERHEAD;
    }
    return bytes;
  }
}
