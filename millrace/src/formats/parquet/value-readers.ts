import type { Conversion } from './conversion.ts';
import { textOf } from './plain-readers.ts';
import type { RunReader } from './run-reader.ts';
import { UNDECODABLE, Undecodable, type ValueReader, WIDE } from './values.ts';

/** Most values that are read at once; what is read piecewise needs room for no more. */
export const MOST_AT_ONCE = 1024;

/** Converts the values of another reader in place and returns their flags. */
function convertAll(values: unknown[], from: number, to: number, conversion: Conversion, flags: number): number {
  const convert = conversion.convert as ((value: unknown) => unknown) | undefined;
  if (convert === undefined || (conversion.onlyWide && (flags & WIDE) === 0)) return flags;
  let converted = 0;
  for (let i = from; i < to; i++) {
    const value = convert(values[i]);
    if (typeof value === 'bigint') converted |= WIDE;
    else if (typeof value === 'object' && value instanceof Undecodable) converted |= UNDECODABLE;
    values[i] = value;
  }
  return converted;
}

export class ConvertingReader implements ValueReader {
  private readonly values: ValueReader;
  private readonly conversion: Conversion;

  constructor(values: ValueReader, conversion: Conversion) {
    this.values = values;
    this.conversion = conversion;
  }

  read(out: unknown[], at: number, n: number): number {
    return convertAll(out, at, at + n, this.conversion, this.values.read(out, at, n));
  }
}

/** The distinct values of a column chunk. */
export class Dictionary {
  /** Converted, unless each record needs a value of its own. */
  readonly values: unknown[];
  /** Those of any value. */
  readonly flags: number;

  constructor(plain: ValueReader, count: number, conversion: Conversion) {
    this.values = new Array<unknown>(count);
    const flags = plain.read(this.values, 0, count);
    this.flags = conversion.mutable ? flags : convertAll(this.values, 0, count, conversion, flags);
  }
}

/** Reads values that were written as indices into a dictionary. Equal texts are one string. */
export class DictionaryReader implements ValueReader {
  private readonly indices: RunReader;
  private readonly dictionary: Dictionary;
  private readonly scratch = new Int32Array(MOST_AT_ONCE);

  constructor(indices: RunReader, dictionary: Dictionary) {
    this.indices = indices;
    this.dictionary = dictionary;
  }

  read(out: unknown[], at: number, n: number): number {
    const { scratch } = this;
    const { values, flags } = this.dictionary;
    this.indices.read(scratch, n);
    for (let i = 0; i < n; i++) {
      const index = scratch[i]! >>> 0;
      if (index >= values.length) throw new RangeError(`index ${index} lies outside a dictionary of ${values.length}`);
      out[at + i] = values[index];
    }
    return flags;
  }
}

/** Reads booleans that were written as runs. */
export class BooleanRuns implements ValueReader {
  private readonly runs: RunReader;
  private readonly scratch = new Int32Array(MOST_AT_ONCE);

  constructor(runs: RunReader) {
    this.runs = runs;
  }

  read(out: unknown[], at: number, n: number): number {
    this.runs.read(this.scratch, n);
    for (let i = 0; i < n; i++) out[at + i] = this.scratch[i] === 1;
    return 0;
  }
}

/** Reads values that hyparquet has decoded, in the forms of `plainReader`. */
export class DecodedReader implements ValueReader {
  private readonly values: ArrayLike<unknown>;
  private readonly asText: boolean;
  private next = 0;

  constructor(values: ArrayLike<unknown>, asText: boolean) {
    this.values = values;
    this.asText = asText;
  }

  read(out: unknown[], at: number, n: number): number {
    if (this.next + n > this.values.length) throw new RangeError('a page has fewer values than it says');
    let flags = 0;
    for (let i = at; i < at + n; i++) {
      let value = this.values[this.next++];
      if (value instanceof Uint8Array) {
        value = this.asText ? textOf(Buffer.from(value.buffer, value.byteOffset, value.length), 0, value.length) : new Uint8Array(value);
        if (value instanceof Undecodable) flags |= UNDECODABLE;
      } else if (typeof value === 'bigint') {
        if (Number.isSafeInteger(Number(value))) value = Number(value);
        else flags |= WIDE;
      }
      out[i] = value;
    }
    return flags;
  }
}
