import type { SchemaElement } from 'hyparquet';
import { describeValue } from '../../types/schema-mismatch.ts';

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

/** Kinds of cells, as bits. Numbers without a fraction that a double holds exactly are told from the others. */
const BOOLEAN = 1;
const WHOLE = 2;
const NUMBER = 4;
const BIGINT = 8;
const STRING = 16;
const DATE = 32;
const BYTES = 64;
const JSON_TEXT = 128;

/** The kind of a cell as a bit; 0 for null. */
export function kindOf(cell: Cell): number {
  switch (typeof cell) {
    case 'boolean':
      return BOOLEAN;
    case 'number':
      return Number.isSafeInteger(cell) ? WHOLE : NUMBER;
    case 'bigint':
      return BIGINT;
    case 'string':
      return STRING;
    default:
      return cell === null ? 0 : cell instanceof Date ? DATE : cell instanceof Uint8Array ? BYTES : JSON_TEXT;
  }
}

interface TypeRule {
  /** The kinds that the column can hold. */
  readonly kinds: number;
  readonly expected: string;
  readonly element: Omit<SchemaElement, 'name'>;
}

const OPTIONAL = { repetition_type: 'OPTIONAL' } as const;
const TEXT = { ...OPTIONAL, type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;

/** In the order of preference. */
const RULES: Readonly<Record<ColumnType, TypeRule>> = {
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
    kinds: BOOLEAN | WHOLE | NUMBER | BIGINT | STRING | DATE | BYTES | JSON_TEXT,
    expected: 'anything',
    element: { ...OPTIONAL, type: 'BYTE_ARRAY', converted_type: 'JSON', logical_type: { type: 'JSON' } },
  },
};

/** The type of a column whose cells are of those kinds: JSON for kinds that no other type holds together, and for nothing but nulls. */
export function columnTypeOf(kinds: number): ColumnType {
  if (kinds === 0) return 'json';
  const types = Object.keys(RULES) as ColumnType[];
  return types.find(type => (kinds & ~RULES[type].kinds) === 0) ?? 'json';
}

/** @throws TypeError for a value that the column cannot hold */
export function checkCell(name: string, type: ColumnType, cell: Cell): void {
  const { kinds, expected } = RULES[type];
  if ((kindOf(cell) & ~kinds) === 0) return;
  throw new TypeError(`'${name}': expected ${expected}, as in the rows before, got ${cell instanceof JsonText ? cell.text : describeValue(cell)}`);
}

export function schemaElement(name: string, type: ColumnType): SchemaElement {
  return { name, ...RULES[type].element };
}

/** The element by which the cells of the column are encoded: JSON is text already. */
export function encodedElement(name: string, type: ColumnType): SchemaElement {
  return type === 'json' ? { name, ...TEXT } : schemaElement(name, type);
}

/** A cell in the form in which hyparquet-writer takes it. */
export function encodableCell(type: ColumnType, cell: Cell): unknown {
  if (cell === null) return null;
  if (type === 'int64') return BigInt(cell as number | bigint);
  if (type !== 'json') return cell;
  if (cell instanceof JsonText) return cell.text;
  return typeof cell === 'bigint' ? String(cell) : JSON.stringify(cell);
}
