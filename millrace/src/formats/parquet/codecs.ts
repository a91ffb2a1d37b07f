// Imported as a whole: a named import of what an older Node lacks would fail before anything could be said about it.
import zlib from 'node:zlib';
import type { CompressionCodec, Compressors } from 'hyparquet';
import { MillraceError } from '../../base/errors.ts';
import { unpackSnappy } from './snappy.ts';

/** Bounds of the pieces in which zlib unpacks, in bytes. Most pages are one piece. */
const LEAST_CHUNK = 64;
const MOST_CHUNK = 4 * 1024 * 1024;

/** No more memory than the page says it needs, and not all of it before it is needed, as the page may be damaged. */
function bounds(outputLength: number): { chunkSize: number; maxOutputLength: number } {
  const length = Math.max(LEAST_CHUNK, outputLength);
  return { chunkSize: Math.min(MOST_CHUNK, length), maxOutputLength: length };
}

type Unpack = (input: Uint8Array, outputLength: number) => Uint8Array;

/** Some writers pack nothing into nothing, which is no valid input of a codec. */
function orNothing(unpack: Unpack): Unpack {
  return (input, outputLength) => (outputLength === 0 ? new Uint8Array() : unpack(input, outputLength));
}

/** Unpacks pages, by codec. */
export const decompressors: Compressors = {
  SNAPPY: orNothing(unpackSnappy),
  GZIP: orNothing((input, outputLength) => zlib.gunzipSync(input, bounds(outputLength))),
  BROTLI: orNothing((input, outputLength) => zlib.brotliDecompressSync(input, bounds(outputLength))),
  ZSTD: orNothing((input, outputLength) => zlib.zstdDecompressSync(input, bounds(outputLength))),
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
