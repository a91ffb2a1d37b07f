import { printable } from './printable.ts';

/** One value of a table, ready to be shown. */
export interface Cell {
  readonly text: string;
  readonly numeric: boolean;
}

/** Longer values are cut before they are kept. */
const MAX_CHARACTERS = 200;

/**
 * The cells of a record by column: its fields, those of an object within it as `window.start`. A record that is not an object has the
 * one column `value`.
 */
export function cellsOf(record: unknown): Map<string, Cell> {
  const cells = new Map<string, Cell>();
  if (!isFields(record)) return cells.set('value', cellOf(record));
  for (const [name, value] of Object.entries(record)) {
    if (!isFields(value)) cells.set(printable(name), cellOf(value));
    else if (isWindow(value)) {
      cells.set(printable(`${name}.start`), { text: timeText(value.start), numeric: false });
      cells.set(printable(`${name}.end`), { text: timeText(value.end), numeric: false });
    } else for (const [inner, part] of Object.entries(value)) cells.set(printable(`${name}.${inner}`), cellOf(part));
  }
  return cells;
}

export function cellOf(value: unknown): Cell {
  if (typeof value === 'number') return { text: numberText(value), numeric: true };
  if (typeof value === 'bigint') return { text: String(value), numeric: true };
  return { text: printable(plainText(value).slice(0, MAX_CHARACTERS)), numeric: false };
}

function plainText(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (value instanceof Date) return timeText(value.getTime());
  return typeof value === 'object'
    ? JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part))
    : String(value);
}

/** Three decimals, or four significant digits below 1: a table is for looking at. */
function numberText(value: number): string {
  if (Number.isInteger(value) || !Number.isFinite(value)) return String(value);
  return String(Math.abs(value) >= 1 ? Math.round(value * 1_000) / 1_000 : Number(value.toPrecision(4)));
}

/** In UTC, without the parts that are zero: `2001-01-01`, `2001-01-01 06:30`. */
function timeText(epochMs: number): string {
  if (epochMs === Infinity) return '∞';
  if (epochMs === -Infinity) return '-∞';
  const date = new Date(epochMs);
  if (Number.isNaN(date.getTime())) return String(epochMs);
  return date
    .toISOString()
    .replace(/(T00:00)?(:00)?(\.000)?Z$/, '')
    .replace('T', ' ');
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isWindow(value: Readonly<Record<string, unknown>>): value is { start: number; end: number } {
  return Object.keys(value).length === 2 && typeof value.start === 'number' && typeof value.end === 'number';
}
