import type { Cell } from './cells.ts';
import { displayWidth, fit } from './display-width.ts';

const GAP = '  ';
/** A column is not made narrower than this to make the table fit. */
const MIN_WIDTH = 4;

/** Columns with their widths in terminal columns. */
export interface Layout {
  readonly names: readonly string[];
  readonly widths: readonly number[];
  /** Columns of numbers stand to the right. */
  readonly numeric: readonly boolean[];
}

export type Row = readonly (Cell | undefined)[];

/** The layout of these rows: no column narrower than before, and none wider than `maxWidth`. */
export function layOut(names: readonly string[], rows: readonly Row[], maxWidth: number, before?: Layout): Layout {
  const widths = names.map((name, i) => {
    const needed = rows.reduce((width, row) => Math.max(width, displayWidth(row[i]?.text ?? '')), displayWidth(name));
    return Math.max(before?.widths[i] ?? 0, Math.min(needed, maxWidth));
  });
  const numeric = names.map((_, i) => {
    const filled = rows.flatMap(row => row[i] ?? []).filter(cell => cell.text !== '');
    return filled.length > 0 ? filled.every(cell => cell.numeric) : (before?.numeric[i] ?? false);
  });
  return { names, widths, numeric };
}

/** Takes from the widest columns until the line fits; columns for which there is no room at all are left out. */
export function narrow(layout: Layout, lineWidth: number): Layout {
  const widths = [...layout.widths];
  const total = () => widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length);
  while (total() > lineWidth) {
    const widest = Math.max(...widths);
    if (widest > MIN_WIDTH) widths[widths.indexOf(widest)]! -= 1;
    else if (widths.length > 1) widths.pop();
    else break;
  }
  return { names: layout.names.slice(0, widths.length), widths, numeric: layout.numeric };
}

export function headerLines({ names, widths, numeric }: Layout): string[] {
  return [line(names.map((name, i) => pad(name, widths[i]!, numeric[i]!))), line(widths.map(width => '─'.repeat(width)))];
}

export function rowLine(row: Row, { widths, numeric }: Layout): string {
  return line(widths.map((width, i) => pad(row[i]?.text ?? '', width, numeric[i]!)));
}

function line(cells: readonly string[]): string {
  return cells.join(GAP).trimEnd();
}

function pad(text: string, width: number, right: boolean): string {
  const shown = fit(text, width);
  const space = ' '.repeat(Math.max(0, width - displayWidth(shown)));
  return right ? space + shown : shown + space;
}
