import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

const BYTES = 12;

/**
 * A small file beside the database that holds the number of the newest epoch that was committed. The database tells by itself whether it is
 * whole, but not whether it is an old one. It is not synced to disk: after a loss of power it may lag behind, but it is never ahead.
 */
export class Witness {
  private readonly file: FileHandle;

  private constructor(file: FileHandle) {
    this.file = file;
  }

  static async open(path: string): Promise<Witness> {
    const made = await open(path, 'a');
    await made.close();
    return new Witness(await open(path, 'r+'));
  }

  /** The number; 0 when there is none that can be read, since that says nothing against the database. */
  async read(): Promise<number> {
    const bytes = Buffer.alloc(BYTES);
    const { bytesRead } = await this.file.read(bytes, 0, BYTES, 0);
    if (bytesRead < BYTES || bytes.readUInt32LE(8) !== crc32(bytes.subarray(0, 8))) return 0;
    return Number(bytes.readBigUInt64LE(0));
  }

  async write(epoch: number): Promise<void> {
    const bytes = Buffer.alloc(BYTES);
    bytes.writeBigUInt64LE(BigInt(epoch), 0);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 8)), 8);
    await this.file.write(bytes, 0, BYTES, 0);
  }

  close(): Promise<void> {
    return this.file.close();
  }
}
