import { MillraceError } from '../../base/errors.ts';

export interface CsvDialectOptions {
  /** One ASCII character. Default `,`. */
  delimiter?: string;
  /** One ASCII character, doubled to stand for itself. Default `"`. */
  quote?: string;
  /** What stands, unquoted, for null. Default: nothing. */
  nullText?: string;
}

/** Delimiter and quote as bytes. */
export interface CsvDialect {
  readonly delimiter: number;
  readonly quote: number;
  readonly nullText: string;
}

/** @throws MillraceError `OPTION_INVALID` */
export function csvDialect(options: CsvDialectOptions): CsvDialect {
  const { delimiter = ',', quote = '"', nullText = '' } = options;
  for (const [name, value] of Object.entries({ delimiter, quote })) {
    const code = value.charCodeAt(0);
    if (value.length !== 1 || code >= 0x80 || value === '\n' || value === '\r') {
      throw new MillraceError('OPTION_INVALID', {
        where: `csv, ${name}`,
        expected: 'one ASCII character that is no line break',
        got: JSON.stringify(value),
      });
    }
  }
  if (delimiter === quote) {
    throw new MillraceError('OPTION_INVALID', {
      where: 'csv, quote',
      expected: 'another character than the delimiter',
      got: JSON.stringify(quote),
    });
  }
  return { delimiter: delimiter.charCodeAt(0), quote: quote.charCodeAt(0), nullText };
}
