import type { ValueShape } from '../../types/schema.ts';
import { shortDecimal } from '../decimal.ts';
import { StringCache } from '../string-cache.ts';
import type { RowScanner } from './row-scanner.ts';

/** A row and the bytes it stands in. */
export interface Row {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly scanner: RowScanner;
  /** Set when a field could not be converted, so that the record holds its text and must be looked at by the schema. */
  doubtful: boolean;
}

/** Reads field `i` of the row; undefined leaves it out of the record. */
export type FieldReader = (row: Row, i: number) => unknown;

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INTEGER = /^[+-]?\d{1,19}$/;

/** Texts of booleans, in lower case. */
const BOOLEANS: Readonly<Record<string, boolean>> = { true: true, false: false, t: true, f: false, 1: true, 0: false };

/** Reads a field as its text. `quote` is the character that is doubled within quotes. */
export function textReader(quote: string): (row: Row, i: number) => string {
  const cache = new StringCache();
  return ({ bytes, view, scanner }, i) => {
    const start = scanner.starts[i]!;
    const end = scanner.ends[i]!;
    // A look-up reads words of four bytes, which may end after the field.
    if (!scanner.wide && end + 4 <= bytes.length) return cache.ascii(bytes, view, start, end);
    const text = bytes.toString('utf8', start, end);
    return scanner.quoting[i] === 2 ? text.replaceAll(quote + quote, quote) : text;
  };
}

/** Reads a field as the schema describes it. What cannot be converted stays text, which the schema then refuses. */
export function fieldReader(shape: ValueShape & { optional: boolean }, quote: string, nullText: string): FieldReader {
  const read = anyFieldReader(shape, quote, nullText);
  // Where null is written as a number, each number has to be told from it.
  if ((shape.kind !== 'number' && shape.kind !== 'integer') || NUMBER.test(nullText)) return read;
  const whole = shape.kind === 'integer';
  return (row, i) => {
    const { starts, ends } = row.scanner;
    const number = shortDecimal(row.bytes, starts[i]!, ends[i]!);
    if (number === number && (!whole || Number.isInteger(number))) return number;
    return read(row, i);
  };
}

function anyFieldReader(shape: ValueShape & { optional: boolean }, quote: string, nullText: string): FieldReader {
  const text = textReader(quote);
  const convert = conversion(shape);
  const nothing = valueOfNothing(shape, nullText);
  const refused = nothing === null && !shape.nullable;
  return (row, i) => {
    const held = text(row, i);
    if (held === nullText && row.scanner.quoting[i] === 0) {
      if (refused) row.doubtful = true;
      return nothing;
    }
    if (convert === undefined) return held;
    const value = convert(held);
    if (value !== undefined) return value;
    row.doubtful = true;
    return held;
  };
}

/** What the text for null stands for. */
function valueOfNothing(shape: ValueShape & { optional: boolean }, nullText: string): null | undefined | '' {
  const textual = shape.kind === 'string' || shape.kind === 'any';
  if (shape.nullable && shape.kind !== 'any') return null;
  if (shape.optional) return undefined;
  // Where null is written as nothing, a text that must be there is empty.
  return textual && nullText === '' ? '' : null;
}

function conversion({ kind }: ValueShape): ((text: string) => unknown) | undefined {
  switch (kind) {
    case 'number':
      return text => (NUMBER.test(text) ? Number(text) : undefined);
    case 'integer':
      return text => {
        const value = NUMBER.test(text) ? Number(text) : NaN;
        return Number.isSafeInteger(value) ? value : undefined;
      };
    case 'int64':
      return text => {
        if (!INTEGER.test(text)) return undefined;
        const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
        return BigInt.asIntN(64, value) === value ? value : undefined;
      };
    case 'boolean':
      return text => BOOLEANS[text.toLowerCase()];
    case 'array':
    case 'object':
      return text => {
        try {
          return JSON.parse(text) as unknown;
        } catch {
          return undefined;
        }
      };
    case 'string':
    case 'any':
      return undefined;
  }
}
