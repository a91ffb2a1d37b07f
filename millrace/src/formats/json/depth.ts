/** Deepest nesting of objects and arrays in a record, so that whatever walks one by recursion has stack enough. */
export const MAX_JSON_DEPTH = 1000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Whether `bytes[start, end)` nests deeper than that. Each level takes two bytes, so short records need no look. */
export function isTooDeep(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start <= 2 * MAX_JSON_DEPTH) return false;
  let depth = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === QUOTE) {
      for (i++; i < end && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++;
    } else if ((byte | 0x20) === 0x7b) {
      // '[' and '{' differ in one bit, as do ']' and '}'.
      if (++depth > MAX_JSON_DEPTH) return true;
    } else if ((byte | 0x20) === 0x7d) {
      depth--;
    }
  }
  return false;
}
