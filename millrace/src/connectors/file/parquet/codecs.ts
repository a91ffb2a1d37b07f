import { brotliDecompressSync, constants, gunzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { type CompressionCodec, snappyUncompress } from 'hyparquet';

type Unpack = (packed: Uint8Array, bytes: number) => Uint8Array;

const UNPACK: Partial<Record<CompressionCodec, Unpack>> = {
  UNCOMPRESSED: packed => packed,
  SNAPPY(packed, bytes) {
    const unpacked = new Uint8Array(bytes);
    snappyUncompress(packed, unpacked);
    return unpacked;
  },
  GZIP: (packed, bytes) => gunzipSync(packed, { maxOutputLength: atLeastOne(bytes) }),
  BROTLI: (packed, bytes) => brotliDecompressSync(packed, { maxOutputLength: atLeastOne(bytes) }),
  ZSTD: (packed, bytes) => zstdDecompressSync(packed, { maxOutputLength: atLeastOne(bytes) }),
};

/** The codecs as hyparquet takes them. */
export const compressors = UNPACK;

export const readableCodecs: readonly string[] = Object.keys(UNPACK);

function atLeastOne(bytes: number): number {
  return Math.max(1, bytes);
}

/** The page's bytes as they were before they were packed. */
export function unpack(codec: CompressionCodec, packed: Uint8Array, bytes: number): Buffer {
  const unpacked = UNPACK[codec]?.(packed, bytes);
  if (unpacked?.length !== bytes) throw new RangeError(`a page of ${codec} has ${unpacked?.length} bytes and should have ${bytes}`);
  return Buffer.from(unpacked.buffer, unpacked.byteOffset, unpacked.length);
}

/** Level 3 is zstd's own default: most of its gain for little time. */
export function packZstd(bytes: Uint8Array): Uint8Array {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 3 } });
}
