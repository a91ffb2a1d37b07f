import type { SchemaElement } from 'hyparquet';

/** A value that stands in a column as JSON, kept as text since the record may be changed after it was written. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a column holds until its row group is written. */
export type Cell = null | boolean | number | bigint | string | Date | Uint8Array | JsonText;

export type ColumnType = 'boolean' | 'int64' | 'double' | 'string' | 'timestamp' | 'bytes' | 'json';

/** Kinds of cells, as bits; null is of none. Numbers without a fraction that a double holds exactly are told from the others. */
export const BOOLEAN = 1;
export const WHOLE = 2;
export const NUMBER = 4;
export const BIGINT = 8;
export const STRING = 16;
export const DATE = 32;
export const BYTES = 64;
export const JSON_TEXT = 128;
export const ANY_KIND = 255;

interface TypeRule {
  /** The kinds that the column can hold. */
  readonly kinds: number;
  /** For messages. */
  readonly expected: string;
  readonly element: Omit<SchemaElement, 'name'>;
}

const OPTIONAL = { repetition_type: 'OPTIONAL' } as const;
const TEXT = { ...OPTIONAL, type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;

/** In the order of preference. */
export const COLUMN_TYPES: Readonly<Record<ColumnType, TypeRule>> = {
  boolean: { kinds: BOOLEAN, expected: 'a boolean', element: { ...OPTIONAL, type: 'BOOLEAN' } },
  int64: { kinds: WHOLE | BIGINT, expected: 'a whole number', element: { ...OPTIONAL, type: 'INT64' } },
  double: { kinds: WHOLE | NUMBER, expected: 'a number', element: { ...OPTIONAL, type: 'DOUBLE' } },
  string: { kinds: STRING, expected: 'a string', element: { ...TEXT, logical_type: { type: 'STRING' } } },
  timestamp: {
    kinds: DATE,
    expected: 'a Date',
    element: {
      ...OPTIONAL,
      type: 'INT64',
      converted_type: 'TIMESTAMP_MILLIS',
      logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
    },
  },
  bytes: { kinds: BYTES, expected: 'bytes', element: { ...OPTIONAL, type: 'BYTE_ARRAY' } },
  json: {
    kinds: ANY_KIND,
    expected: 'anything',
    element: { ...OPTIONAL, type: 'BYTE_ARRAY', converted_type: 'JSON', logical_type: { type: 'JSON' } },
  },
};

/** The type of a column whose cells are of those kinds: JSON for kinds that no other type holds together, and for nothing but nulls. */
export function columnTypeOf(kinds: number): ColumnType {
  if (kinds === 0) return 'json';
  const types = Object.keys(COLUMN_TYPES) as ColumnType[];
  return types.find(type => (kinds & ~COLUMN_TYPES[type].kinds) === 0) ?? 'json';
}

export function schemaElement(name: string, type: ColumnType): SchemaElement {
  return { name, ...COLUMN_TYPES[type].element };
}

/** The element by which the cells of the column are encoded: JSON is text already. */
export function encodedElement(name: string, type: ColumnType): SchemaElement {
  return type === 'json' ? { name, ...TEXT } : schemaElement(name, type);
}

/** The cells in the form in which hyparquet-writer takes them. */
export function encodableCells(type: ColumnType, cells: readonly Cell[]): unknown[] {
  if (type === 'int64') return cells.map(cell => (cell === null ? null : BigInt(cell as number | bigint)));
  return type === 'json' ? cells.map(jsonOf) : [...cells];
}

function jsonOf(cell: Cell): string | null {
  if (cell === null) return null;
  if (cell instanceof JsonText) return cell.text;
  return typeof cell === 'bigint' ? String(cell) : JSON.stringify(cell);
}
