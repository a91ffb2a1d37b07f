import type { ColumnMetaData, Encoding, PageHeader, ParquetType } from 'hyparquet';
import { decompressPage } from 'hyparquet/src/datapage.js';
import { deltaBinaryUnpack, deltaByteArray, deltaLengthByteArray } from 'hyparquet/src/delta.js';
import { byteStreamSplit } from 'hyparquet/src/encoding.js';
import { asBuffer } from '../bytes.ts';
import { decompressors } from './codecs.ts';
import type { LeafColumn } from './leaf-column.ts';
import { plainReader } from './plain-readers.ts';
import { RunReader } from './run-reader.ts';
import { BooleanRuns, ConvertingReader, DecodedReader, Dictionary, DictionaryReader, MOST_AT_ONCE } from './value-readers.ts';
import type { ValueReader } from './values.ts';

/** A data page, ready to be read from its beginning to its end. */
export interface PageContent {
  /** Values, nulls included. */
  readonly count: number;
  /** Undefined when nothing of the column's path is repeated, or may be missing. */
  readonly repetition: RunReader | undefined;
  readonly definition: RunReader | undefined;
  /** The values that are there. */
  readonly values: ValueReader;
}

/** Where the parts of a page are. */
interface Parts {
  readonly count: number;
  readonly encoding: Encoding;
  /** Makes readers of levels anew. */
  readonly repetition: () => RunReader | undefined;
  readonly definition: () => RunReader | undefined;
  /** The values begin at `from`. */
  readonly page: Buffer;
  readonly from: number;
}

/** @throws RangeError and others for bytes that are not what the header says */
export function openDataPage(
  column: LeafColumn,
  chunk: ColumnMetaData,
  header: PageHeader,
  bytes: Buffer,
  dictionary: Dictionary | undefined,
): PageContent {
  const parts = partsV2(column, chunk, header, bytes) ?? partsV1(column, chunk, header, bytes);
  const { count, repetition, definition } = parts;
  return { count, repetition: repetition(), definition: definition(), values: openValues(column, parts, dictionary) };
}

export function openDictionaryPage(column: LeafColumn, chunk: ColumnMetaData, header: PageHeader, bytes: Buffer): Dictionary {
  const { element, conversion } = column;
  const page = unpacked(bytes, header.uncompressed_page_size, chunk);
  const count = header.dictionary_page_header?.num_values ?? 0;
  if (count > page.length) throw new RangeError(`a dictionary of ${count} values in ${page.length} bytes`);
  return new Dictionary(plainReader(element.type!, element.type_length, conversion.asText, page, 0), count, conversion);
}

/** In pages of version 1 levels are packed together with the values, each kind after its length. */
function partsV1(column: LeafColumn, chunk: ColumnMetaData, header: PageHeader, bytes: Buffer): Parts {
  const v1 = header.data_page_header;
  if (v1 === undefined) throw new RangeError('a page has no header of its kind');
  const page = unpacked(bytes, header.uncompressed_page_size, chunk);
  let from = 0;
  const levels = (max: number) => {
    if (max === 0) return () => undefined;
    const start = from + 4;
    const end = start + page.readUInt32LE(from);
    from = end;
    return () => new RunReader(page, start, end, widthOf(max));
  };
  const repetition = levels(column.maxRepetition);
  const definition = levels(column.maxDefinition);
  return { count: v1.num_values, encoding: v1.encoding, repetition, definition, page, from };
}

/** In pages of version 2 levels are not packed, and the header has their lengths. */
function partsV2(column: LeafColumn, chunk: ColumnMetaData, header: PageHeader, bytes: Buffer): Parts | undefined {
  const v2 = header.data_page_header_v2;
  if (v2 === undefined) return undefined;
  const definitionFrom = v2.repetition_levels_byte_length;
  const valuesFrom = definitionFrom + v2.definition_levels_byte_length;
  const { maxRepetition, maxDefinition } = column;
  const packed = v2.is_compressed === false ? undefined : chunk;
  return {
    count: v2.num_values,
    encoding: v2.encoding,
    repetition: () => (maxRepetition === 0 ? undefined : new RunReader(bytes, 0, definitionFrom, widthOf(maxRepetition))),
    definition: () => (maxDefinition === 0 ? undefined : new RunReader(bytes, definitionFrom, valuesFrom, widthOf(maxDefinition))),
    page: unpacked(bytes.subarray(valuesFrom), header.uncompressed_page_size - valuesFrom, packed),
    from: 0,
  };
}

function openValues(column: LeafColumn, parts: Parts, dictionary: Dictionary | undefined): ValueReader {
  const { element, conversion } = column;
  const { encoding, page, from } = parts;
  const converting = (values: ValueReader) => (conversion.convert === undefined ? values : new ConvertingReader(values, conversion));
  switch (encoding) {
    case 'PLAIN':
      return converting(plainReader(element.type!, element.type_length, conversion.asText, page, from));
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY': {
      if (dictionary === undefined) throw new RangeError('a page refers to a dictionary that is not there');
      // A page of nulls alone may end before the width.
      const runs = new RunReader(page, Math.min(from + 1, page.length), page.length, page[from] ?? 0);
      const values = new DictionaryReader(runs, dictionary);
      return conversion.mutable ? converting(values) : values;
    }
    case 'RLE':
      return new BooleanRuns(new RunReader(page, from + 4, from + 4 + page.readUInt32LE(from), 1));
    default: {
      const present = presentOf(parts, column.maxDefinition);
      const decoded = present === 0 ? [] : decode(encoding, element.type!, element.type_length, page.subarray(from), present);
      return converting(new DecodedReader(decoded, conversion.asText));
    }
  }
}

/** The values of encodings that are decoded as a whole. */
function decode(encoding: Encoding, type: ParquetType, typeLength: number | undefined, bytes: Buffer, count: number): ArrayLike<unknown> {
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  switch (encoding) {
    case 'DELTA_BINARY_PACKED': {
      const numbers = type === 'INT32' ? new Int32Array(count) : new BigInt64Array(count);
      deltaBinaryUnpack(reader, count, numbers);
      return numbers;
    }
    case 'DELTA_LENGTH_BYTE_ARRAY':
    case 'DELTA_BYTE_ARRAY': {
      const values = new Array<Uint8Array>(count);
      if (encoding === 'DELTA_BYTE_ARRAY') deltaByteArray(reader, count, values);
      else deltaLengthByteArray(reader, count, values);
      return values;
    }
    case 'BYTE_STREAM_SPLIT':
      if (count * (typeLength ?? 1) > bytes.length) throw new RangeError(`${count} values in ${bytes.length} bytes`);
      return byteStreamSplit(reader, count, type, typeLength);
    default:
      throw new RangeError(`values in the unknown encoding ${encoding}`);
  }
}

/** How many values are there. */
function presentOf({ count, definition }: Parts, max: number): number {
  const levels = definition();
  if (levels === undefined) return count;
  const scratch = new Int32Array(MOST_AT_ONCE);
  let present = 0;
  for (let left = count; left > 0; ) {
    const n = Math.min(left, MOST_AT_ONCE);
    levels.read(scratch, n);
    for (let i = 0; i < n; i++) if (scratch[i] === max) present++;
    left -= n;
  }
  return present;
}

/** Bits of a level. */
function widthOf(max: number): number {
  return 32 - Math.clz32(max);
}

/** @param chunk undefined for what is not packed */
function unpacked(bytes: Buffer, size: number, chunk: ColumnMetaData | undefined): Buffer {
  return asBuffer(decompressPage(bytes, size, chunk?.codec ?? 'UNCOMPRESSED', decompressors));
}
