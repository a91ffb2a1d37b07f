// Imported as a whole: a named import of what an older Node lacks would fail before anything could be said about it.
import zlib from 'node:zlib';
import type { CompressionCodec, Compressors } from 'hyparquet';
import { MillraceError } from '../../base/errors.ts';

/** zlib works in pieces of at least this many bytes. */
const LEAST_CHUNK = 64;

/** One piece for the whole page, and no more memory than the page says it needs. */
function bounds(outputLength: number): { chunkSize: number; maxOutputLength: number } {
  const size = Math.max(LEAST_CHUNK, outputLength);
  return { chunkSize: size, maxOutputLength: size };
}

/** Unpacks pages, by codec; Snappy and no compression are built into hyparquet. */
export const decompressors: Compressors = {
  GZIP: (input, outputLength) => zlib.gunzipSync(input, bounds(outputLength)),
  BROTLI: (input, outputLength) => zlib.brotliDecompressSync(input, bounds(outputLength)),
  ZSTD: (input, outputLength) => zlib.zstdDecompressSync(input, bounds(outputLength)),
};

const READABLE: readonly CompressionCodec[] = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI', 'ZSTD'];

/** @throws MillraceError `FILE_READ_FAILED` for a codec that cannot be unpacked here */
export function checkCodec(path: string, column: string, codec: CompressionCodec, zstdAvailable = 'zstdDecompressSync' in zlib): void {
  if (codec === 'ZSTD' && !zstdAvailable) {
    throw new MillraceError('FILE_READ_FAILED', {
      where: `${path}, column '${column}'`,
      expected: 'a codec that this Node can unpack',
      got: codec,
      hint: 'run Node 22.15 or later, which has Zstandard',
    });
  }
  if (READABLE.includes(codec)) return;
  throw new MillraceError('FILE_READ_FAILED', {
    where: `${path}, column '${column}'`,
    expected: `one of the codecs ${READABLE.join(', ')}`,
    got: codec ?? 'none',
    hint: 'write the file with Snappy or Zstandard',
  });
}
