import type { ColumnMetaData, PageHeader } from 'hyparquet';
import { unpack } from './codecs.ts';
import { readHybrid } from './hybrid.ts';
import type { PlainValues } from './plain-values.ts';

/** Some values of a column. Where `nulls` is 1 the value is null. */
export interface ColumnValues {
  readonly values: ArrayLike<unknown>;
  readonly nulls: Uint8Array | undefined;
  readonly count: number;
}

/** Encodings that `PageDecoder` knows; RLE stands for levels and booleans. */
export const KNOWN_ENCODINGS: ReadonlySet<string> = new Set(['PLAIN', 'RLE', 'BIT_PACKED', 'PLAIN_DICTIONARY', 'RLE_DICTIONARY']);

/** Decodes the pages of one column chunk whose column is neither nested nor repeated. */
export class PageDecoder {
  private readonly meta: ColumnMetaData;
  private readonly optional: boolean;
  private readonly plain: PlainValues;
  private dictionary: ArrayLike<unknown> | undefined;

  constructor(meta: ColumnMetaData, optional: boolean, plain: PlainValues) {
    this.meta = meta;
    this.optional = optional;
    this.plain = plain;
  }

  /** The values of a data page; undefined for other pages. `body` is the page as it stands in the file. */
  decode(header: PageHeader, body: Buffer): ColumnValues | undefined {
    const bytes = header.uncompressed_page_size;
    switch (header.type) {
      case 'DICTIONARY_PAGE': {
        const page = unpack(this.meta.codec, body, bytes);
        this.dictionary = this.plain.read(page, 0, page.length, header.dictionary_page_header!.num_values);
        return undefined;
      }
      case 'DATA_PAGE': {
        const { num_values, encoding, definition_level_encoding } = header.data_page_header!;
        const page = unpack(this.meta.codec, body, bytes);
        if (!this.optional) return this.withNulls(page, 0, num_values, encoding, undefined);
        if (definition_level_encoding !== 'RLE') throw new RangeError(`levels of encoding ${definition_level_encoding}`);
        const end = 4 + page.readUInt32LE(0);
        if (end > page.length) throw new RangeError('a page ends within its levels');
        return this.withNulls(page, end, num_values, encoding, readHybrid(page, 4, end, 1, num_values));
      }
      case 'DATA_PAGE_V2': {
        const { num_values, encoding, is_compressed, ...lengths } = header.data_page_header_v2!;
        const levels = lengths.repetition_levels_byte_length + lengths.definition_levels_byte_length;
        if (levels > body.length) throw new RangeError('a page ends within its levels');
        const packed = body.subarray(levels);
        const page = is_compressed === false ? packed : unpack(this.meta.codec, packed, bytes - levels);
        if (!this.optional) return this.withNulls(page, 0, num_values, encoding, undefined);
        return this.withNulls(page, 0, num_values, encoding, readHybrid(body, lengths.repetition_levels_byte_length, levels, 1, num_values));
      }
      default:
        return undefined;
    }
  }

  private withNulls(page: Buffer, start: number, count: number, encoding: string, levels: Int32Array | undefined): ColumnValues {
    let present = count;
    if (levels !== undefined) {
      present = 0;
      for (let i = 0; i < count; i++) present += levels[i]!;
    }
    const { convert } = this.plain;
    const read = this.values(page, start, present, encoding);
    const values = convert === undefined ? read : Array.from(read, convert);
    if (levels === undefined || present === count) return { values, nulls: undefined, count };
    const spread = emptyLike(values, count);
    const nulls = new Uint8Array(count);
    for (let i = 0, next = 0; i < count; i++) {
      if (levels[i] === 1) spread[i] = values[next++];
      else nulls[i] = 1;
    }
    return { values: spread, nulls, count };
  }

  private values(page: Buffer, start: number, count: number, encoding: string): ArrayLike<unknown> {
    switch (encoding) {
      case 'PLAIN':
        return this.plain.read(page, start, page.length, count);
      case 'PLAIN_DICTIONARY':
      case 'RLE_DICTIONARY': {
        const { dictionary } = this;
        if (dictionary === undefined) throw new RangeError('a page refers to a dictionary that is not there');
        if (count === 0) return [];
        const codes = readHybrid(page, start + 1, page.length, page[start]!, count);
        const values = emptyLike(dictionary, count);
        const size = dictionary.length;
        for (let i = 0; i < count; i++) {
          const code = codes[i]!;
          if (code >>> 0 >= size) throw new RangeError(`a page refers to entry ${code} of a dictionary of ${size}`);
          values[i] = dictionary[code];
        }
        return values;
      }
      case 'RLE': {
        if (this.meta.type !== 'BOOLEAN') break;
        const end = start + 4 + page.readUInt32LE(start);
        return Array.from(readHybrid(page, start + 4, Math.min(end, page.length), 1, count), bit => bit === 1);
      }
    }
    throw new RangeError(`values of encoding ${encoding}`);
  }
}

/** Room for values of the same kind. */
function emptyLike(values: ArrayLike<unknown>, count: number): { [index: number]: unknown } & ArrayLike<unknown> {
  if (values instanceof Float64Array) return new Float64Array(count) as unknown as unknown[];
  if (values instanceof BigInt64Array) return new BigInt64Array(count) as unknown as unknown[];
  return new Array<unknown>(count);
}
