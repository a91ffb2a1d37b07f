import type { Epoch, Segment } from '../spi/epoch-store.ts';
import type { OperatorState, StateBackend, Table } from '../spi/state.ts';
import { ValueWriter } from './codec/value-writer.ts';
import { type CompactionLimits, LoggedTable, type TableSize } from './logged-table.ts';
import { SegmentReader } from './segment.ts';

const LIMITS: CompactionLimits = { logBytesMin: 2 ** 20, portionBytesMin: 2 ** 20 };

/** What `collect` gives to an epoch. */
export type Collected = Pick<Epoch, 'segments' | 'superseded'>;

/**
 * State on the JavaScript heap whose changes are collected for epochs, and which is restored from what was collected.
 *
 * The segments of all epochs are the log of a table. When it has become more than twice as large as the table, the table is written again, a
 * portion with each epoch and as much as has changed in it; then what came before is superseded. So a log stays within about four times the
 * size of its table.
 *
 * @example
 * const state = new LoggedStateBackend();
 * state.restore(store.segments());
 * await store.commit({ number, timeMs, control, pending, ...state.collect(number) });
 */
export class LoggedStateBackend implements StateBackend {
  private readonly operators = new Map<string, OperatorState>();
  private readonly tables = new Map<string, LoggedTable>();
  private readonly writer = new ValueWriter();
  /** Tables whose logs are being compacted, one after the other. */
  private readonly compacting: LoggedTable[] = [];
  private readonly limits: CompactionLimits;

  constructor(limits: CompactionLimits = LIMITS) {
    this.limits = limits;
  }

  operator(id: string): OperatorState {
    let state = this.operators.get(id);
    if (state === undefined) {
      state = { table: <V>(name: string) => this.table(id, name).table as Table<unknown> as Table<V> };
      this.operators.set(id, state);
    }
    return state;
  }

  /**
   * Encodes what has changed since the last call, for one epoch after another. When it throws, or the epoch is not committed, the backend is
   * of no more use.
   *
   * @param epoch number of the epoch that is to have it
   * @throws MillraceError `STATE_NOT_SERIALIZABLE`
   */
  collect(epoch: number): Collected {
    const segments: Segment[] = [];
    let changedBytes = 0;
    for (const table of this.tables.values()) {
      changedBytes += table.collectChanges(segments);
      if (table.isLong) {
        table.beginCompaction(epoch);
        this.compacting.push(table);
      }
    }
    return { segments, superseded: this.compact(Math.max(this.limits.portionBytesMin, changedBytes), segments) };
  }

  /**
   * Rebuilds the tables. To be called before any operator uses the state.
   *
   * @param segments those of each table in the order in which they were collected
   * @throws MillraceError `STATE_CORRUPT`, `STATE_VERSION`
   */
  restore(segments: Iterable<Segment>): void {
    const reader = new SegmentReader();
    for (const segment of segments) this.table(segment.operator, segment.table).restore(segment, reader);
    for (const { table } of this.tables.values()) table.restored();
  }

  /** The sizes of all tables, also of those that only segments have named. */
  *sizes(): IterableIterator<TableSize> {
    for (const table of this.tables.values()) yield table.size;
  }

  private table(operator: string, name: string): LoggedTable {
    const id = JSON.stringify([operator, name]);
    let table = this.tables.get(id);
    if (table === undefined) {
      table = new LoggedTable(operator, name, this.writer, this.limits);
      this.tables.set(id, table);
    }
    return table;
  }

  private compact(budget: number, segments: Segment[]): Collected['superseded'] {
    const superseded: Collected['superseded'][number][] = [];
    let left = budget;
    while (this.compacting.length > 0) {
      const table = this.compacting[0]!;
      left = table.compact(left, segments);
      if (left <= 0) break;
      superseded.push({ operator: table.operator, table: table.table.name, before: table.endCompaction() });
      this.compacting.shift();
    }
    return superseded;
  }
}
