import type { Encoder } from '../../spi/format.ts';
import type { CsvDialect } from './dialect.ts';

/**
 * Writes records as rows. The columns are those that were named, or the fields of the first record; nested objects become columns
 * with dots in their names: `window.start`.
 */
export class CsvEncoder implements Encoder<unknown> {
  private readonly dialect: CsvDialect;
  private readonly delimiter: string;
  private readonly quote: string;
  private readonly withHeader: boolean;
  /** Fields outside the columns are left out on purpose when the columns were named, and refused when they were not. */
  private readonly chosen: boolean;
  private columns: ReadonlyMap<string, number> | undefined;
  private readonly needsQuotes: RegExp;

  constructor(dialect: CsvDialect, columns: readonly string[] | undefined, withHeader: boolean) {
    this.dialect = dialect;
    this.delimiter = String.fromCharCode(dialect.delimiter);
    this.quote = String.fromCharCode(dialect.quote);
    this.withHeader = withHeader;
    this.chosen = columns !== undefined;
    if (columns !== undefined) this.setColumns(columns);
    const marks = [this.delimiter, this.quote].map(mark => `\\u{${mark.charCodeAt(0).toString(16)}}`).join('');
    this.needsQuotes = new RegExp(`[${marks}\\r\\n]`, 'u');
  }

  header(first: unknown): Uint8Array | undefined {
    if (this.columns === undefined) this.setColumns([...fieldsOf(first)].map(([name]) => name));
    if (!this.withHeader) return undefined;
    return Buffer.from(`${Array.from(this.columns!.keys(), name => this.text(name)).join(this.delimiter)}\n`);
  }

  encode(value: unknown): string {
    if (this.columns === undefined) this.setColumns([...fieldsOf(value)].map(([name]) => name));
    const columns = this.columns!;
    const row = new Array<string>(columns.size).fill(this.dialect.nullText);
    for (const [name, held] of fieldsOf(value)) {
      const index = columns.get(name);
      if (index !== undefined) row[index] = this.field(held);
      else if (!this.chosen) throw new TypeError(`'${name}' is not one of the columns ${[...columns.keys()].join(', ')}`);
    }
    // An empty line would be read as none.
    return row.length === 1 && row[0] === '' ? `${this.quote}${this.quote}\n` : `${row.join(this.delimiter)}\n`;
  }

  private setColumns(columns: readonly string[]): void {
    this.columns = new Map(columns.map((name, i) => [name, i]));
  }

  private field(value: unknown): string {
    switch (typeof value) {
      case 'string':
        // Text that reads like null is told from it by quotes.
        return value === this.dialect.nullText ? `${this.quote}${value}${this.quote}` : this.text(value);
      case 'number':
      case 'bigint':
      case 'boolean':
        return String(value);
      case 'undefined':
        return this.dialect.nullText;
      case 'object':
        if (value === null) return this.dialect.nullText;
        return this.text(value instanceof Date ? value.toISOString() : JSON.stringify(value));
      default:
        throw new TypeError(`CSV has no form for a ${typeof value}`);
    }
  }

  private text(value: string): string {
    if (!this.needsQuotes.test(value)) return value;
    return this.quote + value.replaceAll(this.quote, this.quote + this.quote) + this.quote;
  }
}

/** The fields of a record, those of nested plain objects under their path. */
function* fieldsOf(value: unknown, prefix = ''): Iterable<[string, unknown]> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(
      `a row of CSV is made of an object, not of ${value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`}`,
    );
  }
  for (const [name, held] of Object.entries(value)) {
    if (isPlainObject(held)) yield* fieldsOf(held, `${prefix}${name}.`);
    else yield [prefix + name, held];
  }
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
