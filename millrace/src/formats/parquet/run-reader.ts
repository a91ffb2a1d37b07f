/**
 * Reads whole numbers that were written as runs: either one value repeated, or values packed into `width` bits each (Parquet's
 * "Run Length Encoding / Bit-Packing Hybrid", encoding RLE = 3). Levels and dictionary indices are written so.
 */
export class RunReader {
  /** Values left of the run at hand. */
  left = 0;
  /** Whether all of them are `value`. */
  repeated = true;
  value = 0;
  private readonly view: DataView;
  private readonly width: number;
  /** Offset of the next byte; within a packed run of the byte in which the next value begins. */
  private at: number;
  private readonly end: number;
  /** Bits of the byte at `at` that belong to values before. */
  private bit = 0;
  /** Where a packed run ends. */
  private packedEnd = 0;

  /** @param bytes the runs are `bytes[from, to)` */
  constructor(bytes: Uint8Array, from: number, to: number, width: number) {
    if (from > to || to > bytes.length || width > 32) throw new RangeError('runs lie outside their page');
    this.view = new DataView(bytes.buffer, bytes.byteOffset, to);
    this.at = from;
    this.end = to;
    this.width = width;
  }

  /** Goes on to the next run when the one at hand is used up. */
  prepare(): void {
    while (this.left === 0) {
      if (!this.repeated) {
        this.at = this.packedEnd;
        this.repeated = true;
      }
      this.beginRun();
    }
  }

  /** Uses up values of a repeated run. */
  skipRepeated(n: number): void {
    this.left -= n;
  }

  /** Reads the next `n` values. */
  read(out: Int32Array, n: number): void {
    let done = 0;
    while (done < n) {
      this.prepare();
      const count = Math.min(this.left, n - done);
      if (this.repeated) out.fill(this.value, done, done + count);
      else this.unpack(out, done, done + count);
      this.left -= count;
      done += count;
    }
  }

  private beginRun(): void {
    const { view } = this;
    let header = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = view.getUint8(this.at++);
      header += (byte & 0x7f) * 2 ** shift;
      shift += 7;
    } while (byte >= 0x80);
    if (header % 2 === 0) {
      this.left = header / 2;
      const bytes = (this.width + 7) >> 3;
      let value = 0;
      for (let i = 0; i < bytes; i++) value |= view.getUint8(this.at++) << (8 * i);
      this.value = value;
    } else {
      const groups = (header - 1) / 2;
      this.repeated = false;
      this.left = groups * 8;
      this.bit = 0;
      // Some writers leave out the padding of the last group.
      this.packedEnd = Math.min(this.end, this.at + groups * this.width);
    }
  }

  private unpack(out: Int32Array, from: number, to: number): void {
    const { view, width, at } = this;
    const bits = this.bit + (to - from) * width;
    if (at + Math.ceil(bits / 8) > this.packedEnd) throw new RangeError('a run ends inside a value');
    const lastWord = this.end - 4;
    const mask = width < 32 ? (1 << width) - 1 : -1;
    let bit = this.bit;
    let i = from;
    // A value and the bits before it fit into one word.
    if (width <= 25) {
      for (; i < to; i++) {
        const byte = at + (bit >>> 3);
        if (byte > lastWord) break;
        out[i] = (view.getInt32(byte, true) >>> (bit & 7)) & mask;
        bit += width;
      }
    }
    for (; i < to; i++) {
      out[i] = this.slowly(at + Math.floor(bit / 8), bit % 8);
      bit += width;
    }
    this.at = at + Math.floor(bit / 8);
    this.bit = bit % 8;
  }

  private slowly(byte: number, bit: number): number {
    let value = 0;
    const end = Math.min(this.end, byte + 5);
    for (let i = end - 1; i >= byte; i--) value = value * 256 + this.view.getUint8(i);
    return (Math.floor(value / 2 ** bit) % 2 ** this.width) | 0;
  }
}
