import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { CompressionCodec, Encoding, SchemaElement } from 'hyparquet';
import { type ColumnSource, ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { openParquetSplit } from '../../src/connectors/file/parquet-split.ts';
import type { Source } from '../../src/spi/source.ts';
import type { Schema } from '../../src/types/schema.ts';
import type { Json } from '../../src/types/json.ts';
import { readAll, type SourceHarness } from './source-harness.ts';
import { tempDir } from './temp-dir.ts';

export interface ParquetColumn {
  element: SchemaElement;
  /** Of a nested column: what stands in it, in the order of the file's schema. */
  within?: SchemaElement[];
  data: ColumnSource['data'];
  encoding?: Encoding;
}

export interface ParquetFileOptions {
  codec?: CompressionCodec;
  rowGroupSize?: number;
  pageSize?: number;
}

/** The bytes of a Parquet file that hyparquet-writer makes. */
export function parquetBytes(columns: readonly ParquetColumn[], options: ParquetFileOptions = {}): Uint8Array {
  const { codec = 'UNCOMPRESSED', rowGroupSize = 1_000_000, pageSize } = options;
  const writer = new ByteWriter();
  const parquet = new ParquetWriter({
    writer,
    schema: [{ name: 'root', num_children: columns.length }, ...columns.flatMap(({ element, within = [] }) => [element, ...within])],
    codec,
    // LZ4 only in name, for files that cannot be read.
    compressors: {
      LZ4: bytes => bytes,
      GZIP: bytes => gzipSync(bytes),
      BROTLI: bytes => brotliCompressSync(bytes),
      ZSTD: bytes => zstdCompressSync(bytes),
    },
  });
  const columnData = columns.map(({ element, data, encoding }) => ({ name: element.name, data, ...(encoding && { encoding }) }));
  void parquet.write({ columnData, rowGroupSize, ...(pageSize && { pageSize }) });
  void parquet.finish();
  return writer.getBytes().slice();
}

/** Writes the bytes to a new file, which is removed after the test. */
export async function fileOf(bytes: Uint8Array | string, name = 'data.parquet'): Promise<string> {
  const path = join(await tempDir(), name);
  await writeFile(path, bytes);
  return path;
}

export interface ReadParquetOptions {
  schema?: Schema;
  position?: Json;
  capacity?: number;
}

/** Drives one Parquet file as the split of a source. */
export function parquetSource(path: string, schema?: Schema): Source<unknown> {
  return {
    connector: 'file',
    description: path,
    bounded: true,
    enumerate: async ({ found }) => found([{ id: path }]),
    open: (context, position) => openParquetSplit({ path, schema, context, position }),
  };
}

export function readParquet(path: string, { schema, position, capacity }: ReadParquetOptions = {}): Promise<SourceHarness<unknown>> {
  return readAll(parquetSource(path, schema), {
    ...(capacity !== undefined && { capacity }),
    ...(position !== undefined && { positions: new Map([[path, position]]) }),
  });
}
