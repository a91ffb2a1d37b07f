import type { ColumnMetaData, Encoding, PageHeader, SchemaElement, SchemaTree } from 'hyparquet';
import { decompressPage, readDataPage, readDataPageV2 } from 'hyparquet/src/datapage.js';
import { asBuffer } from '../bytes.ts';
import { decompressors } from './codecs.ts';
import type { Conversion } from './conversion.ts';
import { plainReader } from './plain-readers.ts';
import { RunReader } from './run-reader.ts';
import { BooleanRuns, ConvertingReader, DecodedReader, Dictionary, DictionaryReader, MOST_AT_ONCE } from './value-readers.ts';
import { NULLS, type ValueReader } from './values.ts';

/** What is needed to decode the pages of a column that is not nested. */
export interface PageDecoding {
  readonly chunk: ColumnMetaData;
  readonly element: SchemaElement;
  /** From the root of the schema to the column. */
  readonly schemaPath: SchemaTree[];
  readonly conversion: Conversion;
}

/** The values of one page, nulls included, which are read from its beginning to its end. */
export class Page {
  /** Rows that were not read yet. */
  left: number;
  private readonly values: ValueReader;
  /** One bit for each row: 0 for null. Undefined when the column cannot hold nulls. */
  private readonly levels: RunReader | undefined;
  private readonly packed = new Int32Array(MOST_AT_ONCE);

  constructor(rows: number, levels: RunReader | undefined, values: ValueReader) {
    this.left = rows;
    this.levels = levels;
    this.values = values;
  }

  /** Reads up to `MOST_AT_ONCE` rows, as many as are left. */
  read(out: unknown[], at: number, n: number): number {
    this.left -= n;
    const { levels, values } = this;
    if (levels === undefined) return values.read(out, at, n);
    let flags = 0;
    const end = at + n;
    for (let next = at; next < end; ) {
      levels.prepare();
      const count = Math.min(levels.left, end - next);
      if (!levels.repeated) {
        flags |= this.readPacked(out, next, count, levels);
      } else {
        levels.skipRepeated(count);
        if (levels.value === 0) out.fill(null, next, next + count);
        flags |= levels.value === 0 ? NULLS : values.read(out, next, count);
      }
      next += count;
    }
    return flags;
  }

  private readPacked(out: unknown[], at: number, count: number, levels: RunReader): number {
    const { packed } = this;
    levels.read(packed, count);
    let present = 0;
    for (let i = 0; i < count; i++) present += packed[i]!;
    const flags = present === 0 ? 0 : this.values.read(out, at, present);
    if (present === count) return flags;
    // The values stand side by side at the beginning, and move to their rows from the last one on.
    for (let i = count - 1; i >= 0; i--) out[at + i] = packed[i] === 0 ? null : out[at + --present];
    return flags | NULLS;
  }
}

/** @throws RangeError and others for bytes that are not what the header says */
export function openDataPage(decoding: PageDecoding, header: PageHeader, bytes: Buffer, dictionary: Dictionary | undefined): Page {
  const { element, chunk } = decoding;
  const nullable = element.repetition_type === 'OPTIONAL';
  const { data_page_header: v1, data_page_header_v2: v2 } = header;
  if (v2 !== undefined) {
    const levelsFrom = v2.repetition_levels_byte_length;
    const valuesFrom = levelsFrom + v2.definition_levels_byte_length;
    const levels = nullable ? new RunReader(bytes, levelsFrom, valuesFrom, 1) : undefined;
    const unpackedSize = header.uncompressed_page_size - valuesFrom;
    const packed = v2.is_compressed !== false;
    const decode = () => readDataPageV2(bytes, header, hyparquetDecoder(decoding)).dataPage;
    const values = unpacked(bytes.subarray(valuesFrom), unpackedSize, packed ? chunk : undefined);
    return new Page(v2.num_values, levels, openValues(decoding, v2.encoding, values, 0, dictionary, decode));
  }
  if (v1 === undefined) throw new RangeError('a page has no header of its kind');
  const page = unpacked(bytes, header.uncompressed_page_size, chunk);
  const valuesFrom = nullable ? 4 + page.readUInt32LE(0) : 0;
  const levels = nullable ? new RunReader(page, 4, valuesFrom, 1) : undefined;
  const decode = () => readDataPage(page, v1, hyparquetDecoder(decoding)).dataPage;
  return new Page(v1.num_values, levels, openValues(decoding, v1.encoding, page, valuesFrom, dictionary, decode));
}

export function openDictionaryPage({ element, chunk, conversion }: PageDecoding, header: PageHeader, bytes: Buffer): Dictionary {
  const page = unpacked(bytes, header.uncompressed_page_size, chunk);
  const count = header.dictionary_page_header?.num_values ?? 0;
  if (count > page.length) throw new RangeError(`a dictionary of ${count} values in ${page.length} bytes`);
  return new Dictionary(plainReader(chunk.type, element.type_length, conversion.asText, page, 0), count, conversion);
}

function openValues(
  { element, chunk, conversion }: PageDecoding,
  encoding: Encoding,
  page: Buffer,
  from: number,
  dictionary: Dictionary | undefined,
  decode: () => ArrayLike<unknown>,
): ValueReader {
  switch (encoding) {
    case 'PLAIN':
      return converting(plainReader(chunk.type, element.type_length, conversion.asText, page, from), conversion);
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY': {
      if (dictionary === undefined) throw new RangeError('a page refers to a dictionary that is not there');
      // A page of nulls alone may end before the width.
      const runs = new RunReader(page, Math.min(from + 1, page.length), page.length, page[from] ?? 0);
      const values = new DictionaryReader(runs, dictionary);
      return conversion.mutable ? converting(values, conversion) : values;
    }
    case 'RLE':
      return new BooleanRuns(new RunReader(page, from + 4, from + 4 + page.readUInt32LE(from), 1));
    default:
      return converting(new DecodedReader(decode(), conversion.asText), conversion);
  }
}

function converting(values: ValueReader, conversion: Conversion): ValueReader {
  return conversion.convert === undefined ? values : new ConvertingReader(values, conversion);
}

function unpacked(bytes: Buffer, size: number, chunk: ColumnMetaData | undefined): Buffer {
  return asBuffer(decompressPage(bytes, size, chunk?.codec ?? 'UNCOMPRESSED', decompressors));
}

function hyparquetDecoder({ chunk, element, schemaPath }: PageDecoding): Parameters<typeof readDataPageV2>[2] {
  // It decodes physical values only, for which no parser is needed.
  const parsers = {} as Parameters<typeof readDataPageV2>[2]['parsers'];
  return {
    pathInSchema: chunk.path_in_schema,
    type: chunk.type,
    element,
    schemaPath,
    codec: chunk.codec,
    parsers,
    compressors: decompressors,
  };
}
