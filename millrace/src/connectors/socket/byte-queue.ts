const INITIAL_BYTES = 16 * 1024;
/** A buffer that one long record has made larger than this is given back once it is empty. */
const KEPT_BYTES = 1024 * 1024;

/** Bytes that have arrived and are not decoded yet, in one run: `bytes[from, to)`. */
export class ByteQueue {
  bytes = new Uint8Array(INITIAL_BYTES);
  from = 0;
  to = 0;

  get length(): number {
    return this.to - this.from;
  }

  append(chunk: Uint8Array): void {
    if (this.to + chunk.length > this.bytes.length) this.makeRoom(chunk.length);
    this.bytes.set(chunk, this.to);
    this.to += chunk.length;
  }

  /** Forgets what stands before the offset. */
  consume(offset: number): void {
    this.from = offset;
    if (this.from < this.to) return;
    this.from = this.to = 0;
    if (this.bytes.length > KEPT_BYTES) this.bytes = new Uint8Array(INITIAL_BYTES);
  }

  private makeRoom(bytes: number): void {
    const { length } = this;
    // Moving within a buffer that is nearly full would be repeated for each chunk.
    if (2 * (length + bytes) <= this.bytes.length) this.bytes.copyWithin(0, this.from, this.to);
    else {
      const larger = new Uint8Array(Math.max(2 * this.bytes.length, 2 * (length + bytes)));
      larger.set(this.bytes.subarray(this.from, this.to));
      this.bytes = larger;
    }
    this.from = 0;
    this.to = length;
  }
}
