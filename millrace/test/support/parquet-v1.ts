import { gzipSync } from 'node:zlib';
import type { CompressionCodec, Encoding, PageType, SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import { writeRleBitPackedHybrid } from 'hyparquet-writer/src/encoding.js';
import { writePlain } from 'hyparquet-writer/src/plain.js';

/** One page of the first version of data pages, whose levels are packed together with its values. */
export interface PageV1 {
  /** With nulls. */
  values: readonly unknown[];
  /** Indices into the dictionary stand for the values. */
  indexed?: boolean;
}

/**
 * The bytes of a Parquet file with one column that is written as older writers do: data pages of version 1, and the offset of the dictionary given
 * as that of the data.
 */
export function parquetV1(
  element: SchemaElement,
  pages: readonly PageV1[],
  dictionary?: readonly unknown[],
  codec: CompressionCodec = 'GZIP',
): Uint8Array {
  const writer = new ByteWriter();
  const parquet = new ParquetWriter({ writer, schema: [{ name: 'root', num_children: 1 }, element], codec });
  const from = writer.offset;
  const page = (type: PageType, header: object, content: ByteWriter) => {
    const unpacked = content.getBytes();
    const packed = codec === 'GZIP' ? gzipSync(unpacked) : unpacked;
    writePageHeader(writer, { type, uncompressed_page_size: unpacked.length, compressed_page_size: packed.length, ...header });
    writer.appendBytes(packed);
  };
  if (dictionary !== undefined) {
    const content = new ByteWriter();
    writePlain(content, [...dictionary], element.type!, element.type_length);
    page('DICTIONARY_PAGE', { dictionary_page_header: { num_values: dictionary.length, encoding: 'PLAIN' } }, content);
  }
  for (const { values, indexed = false } of pages) {
    const content = new ByteWriter();
    if (element.repetition_type === 'OPTIONAL') {
      const levels = new ByteWriter();
      writeRleBitPackedHybrid(
        levels,
        values.map(value => (value === null ? 0 : 1)),
        1,
      );
      content.appendUint32(levels.offset);
      content.appendBytes(levels.getBytes());
    }
    const present = values.filter(value => value !== null);
    if (indexed) {
      const width = 32 - Math.clz32(dictionary!.length - 1);
      content.appendUint8(width);
      writeRleBitPackedHybrid(
        content,
        present.map(value => dictionary!.indexOf(value)),
        width,
      );
    } else if (element.type === 'BOOLEAN' && values.length > 8) {
      const runs = new ByteWriter();
      writeRleBitPackedHybrid(runs, present.map(Number), 1);
      content.appendUint32(runs.offset);
      content.appendBytes(runs.getBytes());
    } else {
      writePlain(content, present, element.type!, element.type_length);
    }
    const encoding: Encoding = indexed ? 'PLAIN_DICTIONARY' : element.type === 'BOOLEAN' && values.length > 8 ? 'RLE' : 'PLAIN';
    const header = { num_values: values.length, encoding, definition_level_encoding: 'RLE', repetition_level_encoding: 'RLE' };
    page('DATA_PAGE', { data_page_header: header }, content);
  }
  const rows = BigInt(pages.reduce((sum, { values }) => sum + values.length, 0));
  const bytes = BigInt(writer.offset - from);
  parquet.num_rows = rows;
  parquet.row_groups.push({
    num_rows: rows,
    total_byte_size: bytes,
    columns: [
      {
        file_offset: BigInt(from),
        meta_data: {
          type: element.type!,
          encodings: ['PLAIN', 'PLAIN_DICTIONARY', 'RLE'],
          path_in_schema: [element.name],
          codec,
          num_values: rows,
          total_uncompressed_size: bytes,
          total_compressed_size: bytes,
          data_page_offset: BigInt(from),
        },
      },
    ],
  });
  void parquet.finish();
  return writer.getBytes().slice();
}
