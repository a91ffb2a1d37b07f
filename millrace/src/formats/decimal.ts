const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;

/** Digits that a double holds exactly, whatever they are. */
const EXACT_DIGITS = 15;

/** Powers of ten that a double holds exactly. */
const POWERS_OF_TEN = Array.from({ length: EXACT_DIGITS + 1 }, (_, i) => 10 ** i);

/**
 * The number whose decimal text is `bytes[start, end)`, to the last bit; NaN for text of any other form than up to fifteen digits with
 * a minus before them and a point between them. Both parts of the one division are exact, so that it rounds once (Clinger, "How to
 * read floating point numbers accurately", 1990).
 */
export function shortDecimal(bytes: Uint8Array, start: number, end: number): number {
  const negative = bytes[start] === MINUS;
  let p = negative ? start + 1 : start;
  let number = 0;
  const whole = p;
  for (; p < end; p++) {
    const digit = bytes[p]! - ZERO;
    if (digit >>> 0 > 9) break;
    number = number * 10 + digit;
  }
  let digits = p - whole;
  if (digits === 0) return NaN;
  if (p < end) {
    if (bytes[p] !== DOT || ++p === end) return NaN;
    const point = p;
    for (; p < end; p++) {
      const digit = bytes[p]! - ZERO;
      if (digit >>> 0 > 9) return NaN;
      number = number * 10 + digit;
    }
    digits += p - point;
    if (digits > EXACT_DIGITS) return NaN;
    number /= POWERS_OF_TEN[p - point]!;
  } else if (digits > EXACT_DIGITS) {
    return NaN;
  }
  return negative ? -number : number;
}
