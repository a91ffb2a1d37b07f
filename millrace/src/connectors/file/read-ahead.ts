import { createHash } from 'node:crypto';
import type { ByteStream } from './byte-stream.ts';

/** Bytes that are read at a time from a file that is read to its end. */
export const CHUNK_BYTES = 512 * 1024;
/** The same for a file that is followed: as many are open as there are, and most of them have little that is new. */
export const FOLLOWED_CHUNK_BYTES = 64 * 1024;
/** Room before a chunk for the record that began in the chunk before, as a part of the chunk. */
const HEAD_SHARE = 1 / 8;
/** Room after the last byte, which generated decoders may read, whatever stands there. */
const PADDING_BYTES = 1024;
/** Consumed bytes that are kept, to recognise the place by when it is returned to. */
const TRACE_BYTES = 256;

/**
 * A window on a stream of bytes. While the window is decoded, the next chunk is being read, and never more than that. What was not
 * consumed stays in front of the next chunk, in a larger window when a record is longer than a chunk.
 */
export class ReadAhead {
  /** The bytes that are to be decoded are `bytes[from, to)`. */
  bytes: Buffer = Buffer.alloc(0);
  from = 0;
  to = 0;
  /** Consumed bytes are still there from here on. */
  private heldFrom = 0;
  /** Position in the stream of `bytes[0]`. */
  base: number;
  /** No more bytes were there when it was last read. */
  dry = false;
  private readonly stream: ByteStream;
  private readonly ready: () => void;
  private readonly chunkBytes: number;
  private readonly headBytes: number;
  private chunk: Buffer;
  private spare: Buffer | undefined;
  /** Bytes in the chunk; undefined while it is being read. */
  private filled: number | undefined;
  private reading: Promise<void> | undefined;
  private failure: { error: unknown } | undefined;

  /**
   * @param position position in the stream of the first byte that will be read
   * @param ready called when `take` may have something again
   */
  constructor(stream: ByteStream, position: number, chunkBytes: number, ready: () => void) {
    this.stream = stream;
    this.base = position;
    this.chunkBytes = chunkBytes;
    this.headBytes = chunkBytes * HEAD_SHARE;
    this.chunk = this.newChunk();
    this.ready = ready;
  }

  /** Position of the next byte to be decoded. */
  get position(): number {
    return this.base + this.from;
  }

  /** Starts reading the next chunk; also after the stream was dry. */
  read(): void {
    if (this.reading !== undefined || this.filled !== undefined) return;
    this.dry = false;
    this.reading = this.stream.read(this.chunk, this.headBytes, this.chunkBytes).then(
      filled => this.arrived(filled),
      (error: unknown) => {
        this.failure = { error };
        this.arrived(0);
      },
    );
  }

  private arrived(filled: number): void {
    this.filled = filled;
    this.reading = undefined;
    this.ready();
  }

  /** Resolves when what is being read has arrived. */
  async settled(): Promise<void> {
    await this.reading;
  }

  /** Adds the chunk that was read to the window. False when it has not arrived; `dry` tells when it was empty. */
  take(): boolean {
    if (this.failure !== undefined) throw this.failure.error;
    const { filled } = this;
    if (filled === undefined) return this.dry;
    this.filled = undefined;
    if (filled === 0) {
      this.dry = true;
      return true;
    }
    if (!this.append(filled)) this.move(filled);
    this.read();
    return true;
  }

  /** Adds the chunk to a window that was made large enough for a long record. */
  private append(filled: number): boolean {
    if (this.bytes.length <= this.standardBytes || this.to - this.from <= this.headBytes) return false;
    if (this.to + filled + PADDING_BYTES > this.bytes.length) return false;
    this.chunk.copy(this.bytes, this.to, this.headBytes, this.headBytes + filled);
    this.to += filled;
    return true;
  }

  /** Makes the chunk the window, with what was not consumed in front of it; or both a larger window. */
  private move(filled: number): void {
    const window = this.bytes;
    const keptFrom = Math.max(this.heldFrom, this.from - TRACE_BYTES);
    const kept = this.to - keptFrom;
    const start = Math.max(0, this.headBytes - kept);
    const reusable = window.length === this.standardBytes ? window : undefined;
    if (kept <= this.headBytes) {
      window.copy(this.chunk, start, keptFrom, this.to);
      this.bytes = this.chunk;
      this.chunk = reusable ?? this.spare ?? this.newChunk();
      this.spare = undefined;
    } else {
      // Twice as large as needed, so that a record of many chunks is copied a few times only.
      this.bytes = Buffer.allocUnsafe(2 * (kept + filled) + PADDING_BYTES);
      window.copy(this.bytes, 0, keptFrom, this.to);
      this.chunk.copy(this.bytes, kept, this.headBytes, this.headBytes + filled);
      this.spare = reusable;
    }
    this.base += keptFrom - start;
    this.from += start - keptFrom;
    this.to = start + kept + filled;
    this.heldFrom = start;
  }

  private get standardBytes(): number {
    return this.headBytes + this.chunkBytes + PADDING_BYTES;
  }

  private newChunk(): Buffer {
    return Buffer.allocUnsafe(this.standardBytes);
  }

  /** What stands before the position, as a length and a digest: `256:9f86d081884c7d65`. */
  trace(): string {
    const length = Math.min(TRACE_BYTES, this.from - this.heldFrom);
    return traceOf(this.bytes.subarray(this.from - length, this.from));
  }

  async close(): Promise<void> {
    await this.reading;
    await this.stream.close();
  }
}

export function traceOf(bytes: Uint8Array): string {
  return `${bytes.length}:${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`;
}

/** How many bytes a trace is made of. */
export function traceLength(trace: string): number {
  return Number.parseInt(trace, 10);
}
