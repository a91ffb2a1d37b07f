import type { AsyncBuffer } from 'hyparquet';

/** A file that is read in pieces. */
export interface RandomAccess {
  /** For messages. */
  readonly path: string;
  readonly byteLength: number;
  /** The bytes `[from, to)`, all of them, in memory that is not used again. */
  read(from: number, to: number): Promise<Buffer>;
}

/** The file as hyparquet reads one. */
export function asyncBuffer(file: RandomAccess): AsyncBuffer {
  return {
    byteLength: file.byteLength,
    async slice(from, to = file.byteLength) {
      const bytes = await file.read(from, to);
      const { buffer } = bytes;
      return buffer instanceof ArrayBuffer && bytes.length === buffer.byteLength ? buffer : new Uint8Array(bytes).buffer;
    },
  };
}
