/**
 * Reads `count` values of the hybrid of run lengths and bit packing that Parquet uses for levels and dictionary codes (format
 * specification, "RLE/Bit-Packing Hybrid").
 *
 * @param end offset after the last byte of the values
 * @param bitWidth 0 to 32
 */
export function readHybrid(bytes: Uint8Array, start: number, end: number, bitWidth: number, count: number): Int32Array {
  const values = new Int32Array(count);
  if (bitWidth > 32) throw new RangeError(`values of ${bitWidth} bits`);
  const mask = bitWidth === 32 ? -1 : (1 << bitWidth) - 1;
  const runBytes = (bitWidth + 7) >> 3;
  let p = start;
  let n = 0;
  while (n < count) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      if (p >= end || shift > 28) throw new RangeError('a page ends within its levels or codes');
      const byte = bytes[p++]!;
      header |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    const length = header >>> 1;
    if ((header & 1) === 0) {
      if (length === 0 || p + runBytes > end) throw new RangeError('a page ends within its levels or codes');
      let value = 0;
      for (let i = 0; i < runBytes; i++) value |= bytes[p++]! << (8 * i);
      const stop = Math.min(count, n + length);
      values.fill(value, n, stop);
      n = stop;
      continue;
    }
    // Groups of eight values; the last group may be cut off behind its last value.
    const packed = Math.min(count - n, length * 8);
    if (length === 0 || p + ((packed * bitWidth + 7) >> 3) > end) throw new RangeError('a page ends within its levels or codes');
    const next = p + length * bitWidth;
    if (bitWidth <= 24) {
      let held = 0;
      let bits = 0;
      for (const stop = n + packed; n < stop; n++) {
        while (bits < bitWidth) {
          held |= bytes[p++]! << bits;
          bits += 8;
        }
        values[n] = held & mask;
        held >>>= bitWidth;
        bits -= bitWidth;
      }
    } else {
      for (let bit = 0, stop = n + packed; n < stop; n++, bit += bitWidth) values[n] = wideBits(bytes, p, bit, bitWidth);
    }
    p = next;
  }
  return values;
}

/** More than 24 bits from a bit offset on; with a shift of up to seven they need five bytes. */
function wideBits(bytes: Uint8Array, start: number, bit: number, bitWidth: number): number {
  let value = 0n;
  const first = start + (bit >> 3);
  for (let i = 0; i < 5; i++) value |= BigInt(bytes[first + i] ?? 0) << BigInt(8 * i);
  return Number(BigInt.asIntN(32, (value >> BigInt(bit & 7)) & ((1n << BigInt(bitWidth)) - 1n)));
}
