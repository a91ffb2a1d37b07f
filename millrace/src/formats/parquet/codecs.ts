// Imported as a whole: a named import of what an older Node lacks would fail before anything could be said about it.
import zlib from 'node:zlib';
import { type CompressionCodec, type Compressors, snappyUncompress } from 'hyparquet';
import { MillraceError } from '../../base/errors.ts';

/** Bounds of the pieces in which zlib unpacks, in bytes. Most pages are one piece. */
const LEAST_CHUNK = 64;
const MOST_CHUNK = 4 * 1024 * 1024;

/** No more memory than the page says it needs, and not all of it before it is needed, as the page may be damaged. */
function bounds(outputLength: number): { chunkSize: number; maxOutputLength: number } {
  const length = Math.max(LEAST_CHUNK, outputLength);
  return { chunkSize: Math.min(MOST_CHUNK, length), maxOutputLength: length };
}

/** Unpacks pages, by codec. */
export const decompressors: Compressors = {
  SNAPPY: unpackSnappy,
  GZIP: (input, outputLength) => zlib.gunzipSync(input, bounds(outputLength)),
  BROTLI: (input, outputLength) => zlib.brotliDecompressSync(input, bounds(outputLength)),
  ZSTD: (input, outputLength) => zlib.zstdDecompressSync(input, bounds(outputLength)),
};

/** What is packed begins with its length when unpacked, in groups of seven bits. */
function unpackSnappy(input: Uint8Array, outputLength: number): Uint8Array {
  let length = 0;
  for (let i = 0, factor = 1; i < 5; i++, factor *= 0x80) {
    length += ((input[i] ?? 0) & 0x7f) * factor;
    if ((input[i] ?? 0) < 0x80) break;
  }
  if (length !== outputLength) throw new RangeError(`a page of ${length} bytes that should have ${outputLength}`);
  const output = new Uint8Array(outputLength);
  snappyUncompress(input, output);
  return output;
}

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
