import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { createGunzip, type Gunzip } from 'node:zlib';
import { MillraceError } from '../../base/errors.ts';
import { errorCode, readError } from './file-errors.ts';

/** Bytes that are unpacked at a time. */
const UNPACKED_BYTES = 256 * 1024;

/** The bytes of a file, in order. */
export interface ByteStream {
  /** Reads up to `length` bytes into `target` from `offset` on; 0 at the end. */
  read(target: Buffer, offset: number, length: number): Promise<number>;
  close(): Promise<void>;
}

/** A file as it is, from a position on. Takes the handle over. */
export class PlainStream implements ByteStream {
  /** Where the next read begins. */
  position: number;
  readonly handle: FileHandle;
  private readonly path: string;

  constructor(path: string, handle: FileHandle, position: number) {
    this.path = path;
    this.handle = handle;
    this.position = position;
  }

  async read(target: Buffer, offset: number, length: number): Promise<number> {
    try {
      const { bytesRead } = await this.handle.read(target, offset, length, this.position);
      this.position += bytesRead;
      return bytesRead;
    } catch (error) {
      throw readError(this.path, error);
    }
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

/** What a gzip file holds, from a position in its content on; what is before that is unpacked and dropped. */
export class GzipStream implements ByteStream {
  private readonly path: string;
  private readonly unpacked: Gunzip;
  private readonly chunks: AsyncIterator<Buffer>;
  private skip: number;
  private chunk: Buffer = Buffer.alloc(0);

  constructor(path: string, position: number) {
    this.path = path;
    this.skip = position;
    const file = createReadStream(path);
    this.unpacked = createGunzip({ chunkSize: UNPACKED_BYTES });
    file.on('error', error => this.unpacked.destroy(error));
    this.unpacked.on('close', () => file.destroy());
    this.chunks = file.pipe(this.unpacked)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async read(target: Buffer, offset: number, length: number): Promise<number> {
    while (this.skip > 0 || this.chunk.length === 0) {
      const dropped = Math.min(this.skip, this.chunk.length);
      this.skip -= dropped;
      this.chunk = this.chunk.subarray(dropped);
      if (this.chunk.length > 0) continue;
      const next = await this.nextChunk();
      if (next === undefined) return 0;
      this.chunk = next;
    }
    const taken = this.chunk.copy(target, offset, 0, length);
    this.chunk = this.chunk.subarray(taken);
    return taken;
  }

  private async nextChunk(): Promise<Buffer | undefined> {
    try {
      const { done, value } = await this.chunks.next();
      return done ? undefined : value;
    } catch (error) {
      if (errorCode(error)?.startsWith('Z_'))
        throw new MillraceError('FILE_CORRUPT', { where: this.path, expected: 'a gzip file', cause: error });
      throw readError(this.path, error);
    }
  }

  async close(): Promise<void> {
    this.unpacked.destroy();
  }
}
