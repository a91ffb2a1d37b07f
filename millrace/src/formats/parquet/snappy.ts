/** Literals from so many bytes on are copied by the system. */
const LONG_LITERAL = 16;

/**
 * Unpacks Snappy's raw format (its format_description.txt): the length, then literals and copies of what came before. hyparquet's own may go
 * on for seconds over input that is damaged.
 *
 * @throws RangeError for input that does not unpack to as many bytes
 */
export function unpackSnappy(input: Uint8Array, outputLength: number): Uint8Array {
  let [length, at] = lengthOf(input);
  // Seen before memory is taken for it.
  if (length !== outputLength) throw new RangeError(`a page of ${length} bytes that should have ${outputLength}`);
  const output = new Uint8Array(outputLength);
  let end = 0;
  while (at < input.length) {
    const tag = input[at++]!;
    const kind = tag & 3;
    length = (tag >>> 2) + 1;
    if (kind === 0) {
      if (length > 60) {
        const bytes = length - 60;
        length = littleEndian(input, at, bytes) + 1;
        at += bytes;
      }
      if (at + length > input.length || end + length > outputLength) throw new RangeError('a literal that is too long');
      if (length < LONG_LITERAL) for (let i = 0; i < length; i++) output[end + i] = input[at + i]!;
      else output.set(input.subarray(at, at + length), end);
      at += length;
    } else {
      let offset: number;
      if (kind === 1) {
        length = ((tag >>> 2) & 7) + 4;
        offset = ((tag >>> 5) << 8) | littleEndian(input, at++, 1);
      } else {
        const bytes = kind === 2 ? 2 : 4;
        offset = littleEndian(input, at, bytes);
        at += bytes;
      }
      if (offset === 0 || offset > end || end + length > outputLength) throw new RangeError('a copy of what is not there');
      // Byte by byte, as a copy may reach into itself, and is seldom long.
      for (let i = end; i < end + length; i++) output[i] = output[i - offset]!;
    }
    end += length;
  }
  if (end !== outputLength) throw new RangeError(`${end} bytes that should be ${outputLength}`);
  return output;
}

/** The length when unpacked, in groups of seven bits, and the offset after it. */
function lengthOf(input: Uint8Array): [length: number, at: number] {
  let length = 0;
  let at = 0;
  for (let factor = 1; at < 5; factor *= 0x80) {
    const byte = littleEndian(input, at++, 1);
    length += (byte & 0x7f) * factor;
    if (byte < 0x80) break;
  }
  return [length, at];
}

function littleEndian(input: Uint8Array, at: number, bytes: number): number {
  if (at + bytes > input.length) throw new RangeError('it ends too early');
  let value = 0;
  for (let i = at + bytes - 1; i >= at; i--) value = value * 256 + input[i]!;
  return value;
}
