import { MillraceError, messageOf } from '../../base/errors.ts';
import { encodeKey, type Key } from '../../base/key.ts';
import type { Sink, SinkContext, SinkWriter } from '../../spi/sink.ts';
import type { Batch } from '../../types/batch.ts';
import { type Cell, cellOf, cellsOf } from './cells.ts';
import { fit } from './display-width.ts';
import { headerLines, type Layout, layOut, narrow, type Row, rowLine } from './layout.ts';
import { Output, type WritableLike } from './output.ts';
import { printable } from './printable.ts';

/** Most columns that are made from fields, so that records of ever new fields do not grow the table without bound. */
const MAX_COLUMNS = 64;
/** Widest column where lines are not cut to a terminal. */
const MAX_WIDTH = 60;
/** Least time between two drawings of a live table. */
const REDRAW_MS = 100;
const DEFAULT_TERMINAL_COLUMNS = 80;

export interface ConsoleTableOptions<T> {
  /** What each column shows. Default: the fields of the records, those of objects within them as `window.start`. */
  columns?: Readonly<Record<string, (record: T) => unknown>>;
  /** Results with the same key share a row, which shows the newest of them. Default: each result has a row of its own. */
  by?: (record: T) => unknown;
  /** Rows that are kept and shown, the newest or those updated last. Default 20. */
  maxRows?: number;
  /** Where to. Default: `process.stdout`. */
  stream?: WritableLike;
}

/**
 * Shows results as a table. On a terminal it is drawn again as results come, at most ten times a second; elsewhere, as in a log, each result is
 * a line when it comes, and with `by` the newest ones are shown once more at the end. Window bounds and dates are in UTC; fractions are rounded. What a terminal might obey
 * is escaped. When the reader of the output has gone, as with `| head`, nothing more is written and the pipeline goes on.
 *
 * @throws MillraceError `OPTION_INVALID`
 * @example
 * stream.to(consoleTable({ by: r => r.key, columns: { airport: r => r.key, delay: r => r.mean } }))
 */
export function consoleTable<T>(options: ConsoleTableOptions<T> = {}): Sink<T> {
  const { maxRows = 20, columns } = options;
  if (!(Number.isInteger(maxRows) && maxRows >= 1)) {
    throw new MillraceError('OPTION_INVALID', { where: 'consoleTable, maxRows', expected: 'a whole number from 1', got: String(maxRows) });
  }
  return {
    connector: 'console',
    description: columns === undefined ? 'table' : `table of ${Object.keys(columns).join(', ')}`,
    accepts: ['append', 'upsert'],
    async open(context) {
      const stream = options.stream ?? process.stdout;
      const output = new Output(stream, context);
      const table = new Table<T>(options, maxRows);
      return stream.isTTY ? new LiveWriter(table, stream, output, context) : new LogWriter(table, output, context);
    },
  };
}

/** The rows that are kept. */
class Table<T> {
  /** Column names in the order in which they were first seen. */
  readonly names: string[];
  readonly rows = new Map<Key, { cells: Row; update: number }>();
  updates = 0;
  readonly keyed: boolean;
  private readonly columns: readonly (readonly [string, (record: T) => unknown])[] | undefined;
  private readonly by: ((record: T) => unknown) | undefined;
  private readonly maxRows: number;
  private dropped = false;

  constructor({ columns, by }: ConsoleTableOptions<T>, maxRows: number) {
    this.columns = columns && Object.entries(columns).map(([name, value]) => [printable(name), value] as const);
    this.by = by;
    this.keyed = by !== undefined;
    this.maxRows = maxRows;
    this.names = this.columns?.map(([name]) => name) ?? [];
  }

  /** Takes a record and returns its row, or rejects it when a function throws. */
  add(record: T, context: SinkContext): Row | undefined {
    let selected: unknown;
    let row: Row;
    try {
      selected = this.by === undefined ? this.updates : this.by(record);
      row = this.columns === undefined ? this.rowOf(cellsOf(record)) : this.columns.map(([, value]) => cellOf(value(record)));
    } catch (error) {
      context.reject('failed', messageOf(error), record);
      return undefined;
    }
    let key: Key;
    try {
      key = encodeKey(selected);
    } catch (error) {
      context.reject('key', messageOf(error), record);
      return undefined;
    }
    // A row stays where it is when it is updated.
    this.rows.set(key, { cells: row, update: ++this.updates });
    if (this.rows.size > this.maxRows) this.dropOldest();
    return row;
  }

  get cells(): Row[] {
    return Array.from(this.rows.values(), row => row.cells);
  }

  /** Says what is not shown, if anything is not. */
  get note(): string | undefined {
    if (!this.dropped) return undefined;
    return `${this.rows.size} ${this.keyed ? 'rows updated last' : 'newest rows'}, of ${this.updates.toLocaleString('en-US')} results`;
  }

  private rowOf(cells: Map<string, Cell>): Row {
    for (const name of cells.keys()) {
      if (this.names.length < MAX_COLUMNS && !this.names.includes(name)) this.names.push(name);
    }
    return this.names.map(name => cells.get(name));
  }

  private dropOldest(): void {
    let oldest: Key | undefined;
    let update = Infinity;
    for (const [key, row] of this.rows) {
      if (row.update < update) [oldest, update] = [key, row.update];
      if (!this.keyed) break;
    }
    this.rows.delete(oldest!);
    this.dropped = true;
  }
}

/** Draws the table over the one before. */
class LiveWriter<T> implements SinkWriter<T> {
  private readonly table: Table<T>;
  private readonly stream: WritableLike;
  private readonly output: Output;
  private readonly context: SinkContext;
  private drawnLines = 0;
  private drawnUpdates = 0;
  private drawnMs = -Infinity;
  private cancelTimer: (() => void) | undefined;

  constructor(table: Table<T>, stream: WritableLike, output: Output, context: SinkContext) {
    this.table = table;
    this.stream = stream;
    this.output = output;
    this.context = context;
  }

  write(batch: Batch<T>): void | Promise<void> {
    for (let i = 0; i < batch.length; i++) this.table.add(batch.values[i]!, this.context);
    return this.drawSoon();
  }

  flush(): void {}

  async close(): Promise<void> {
    this.cancelTimer?.();
    try {
      await this.draw();
    } finally {
      await this.output.close();
    }
  }

  private drawSoon(): void | Promise<void> {
    const { clock, scheduler } = this.context.environment;
    const leftMs = this.drawnMs + REDRAW_MS - clock.elapsed();
    if (leftMs <= 0 && !this.output.busy) return this.draw();
    this.cancelTimer ??= scheduler.at(clock.now() + Math.max(1, Math.ceil(leftMs)), () => {
      this.cancelTimer = undefined;
      // What the stream fails with is thrown by the next write.
      Promise.resolve(this.drawSoon()).catch(() => undefined);
    });
  }

  private draw(): void | Promise<void> {
    const { table, stream } = this;
    if (table.updates === this.drawnUpdates) return;
    // A terminal that does not know its size says 0.
    const width = stream.columns || DEFAULT_TERMINAL_COLUMNS;
    const { cells, note } = table;
    // Header, note and the line of the cursor stay visible: what has scrolled away cannot be drawn over.
    const shown = !stream.rows ? cells : cells.slice(-Math.max(1, stream.rows - 4));
    const layout = narrow(layOut(table.names, shown, width), width);
    const lines = [...headerLines(layout), ...shown.map(row => rowLine(row, layout)), ...(note === undefined ? [] : [fit(note, width)])];
    // To the first column too: something such as an echoed ^C may have moved the cursor.
    const back = this.drawnLines === 0 ? '' : `\u001b[${this.drawnLines}F\u001b[J`;
    this.drawnLines = lines.length;
    this.drawnUpdates = table.updates;
    this.drawnMs = this.context.environment.clock.elapsed();
    return this.output.write(`${back}${lines.join('\n')}\n`);
  }
}

/** Writes each result as a line. */
class LogWriter<T> implements SinkWriter<T> {
  private readonly table: Table<T>;
  private readonly output: Output;
  private readonly context: SinkContext;
  private layout: Layout | undefined;

  constructor(table: Table<T>, output: Output, context: SinkContext) {
    this.table = table;
    this.output = output;
    this.context = context;
  }

  write(batch: Batch<T>): void | Promise<void> {
    const rows: Row[] = [];
    for (let i = 0; i < batch.length; i++) {
      const row = this.table.add(batch.values[i]!, this.context);
      if (row !== undefined) rows.push(row);
    }
    if (rows.length > 0) return this.output.write(this.lines(rows));
  }

  flush(): void {}

  async close(): Promise<void> {
    const { table } = this;
    try {
      if (table.keyed && table.updates > table.rows.size) {
        this.layout = undefined;
        const note = table.note === undefined ? '' : `${table.note}\n`;
        await this.output.write(`\n${this.lines(table.cells)}${note}`);
      }
    } finally {
      await this.output.close();
    }
  }

  /** The header stands again where columns have been added. */
  private lines(rows: readonly Row[]): string {
    const before = this.layout;
    const layout = layOut([...this.table.names], rows, MAX_WIDTH, before);
    this.layout = layout;
    const header = before?.names.length === layout.names.length ? [] : headerLines(layout);
    return [...header, ...rows.map(row => rowLine(row, layout))].map(line => `${line}\n`).join('');
  }
}
