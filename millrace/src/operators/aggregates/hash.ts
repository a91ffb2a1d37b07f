import type { Key } from '../../base/key.ts';

const double = new DataView(new ArrayBuffer(8));

// The two lanes of the hash under way.
let low = 0;
let high = 0;

/**
 * A hash of 50 bits, the same in every process, since it is kept in state. It is not made to withstand chosen collisions.
 *
 * Every 32-bit word goes into two lanes, each with constants of its own; their block and final mixing are those of MurmurHash3 (Appleby,
 * SMHasher).
 */
export function hash50(key: Key): number {
  low = 0;
  high = 0;
  switch (typeof key) {
    case 'number':
      mix(1);
      // `+ 0` makes one zero of two; a fixed byte order makes one hash on every processor.
      double.setFloat64(0, key + 0);
      mix(double.getInt32(0));
      mix(double.getInt32(4));
      break;
    case 'boolean':
      mix(key ? 2 : 3);
      break;
    case 'string':
      mix(4);
      mixText(key);
      break;
    case 'bigint':
      mix(5);
      mixText(String(key));
      break;
  }
  low = finish((low + high) | 0);
  high = finish((high + low) | 0);
  return (high >>> 14) * 2 ** 32 + (low >>> 0);
}

function mixText(text: string): void {
  const pairs = text.length & ~1;
  for (let i = 0; i < pairs; i += 2) mix(text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16));
  if (pairs < text.length) mix(text.charCodeAt(pairs));
  mix(text.length);
}

function mix(word: number): void {
  low = (Math.imul(turn(low ^ Math.imul(turn(Math.imul(word, 0x239b961b), 15), 0xab0e9789), 19), 5) + 0x561ccd1b) | 0;
  high = (Math.imul(turn(high ^ Math.imul(turn(Math.imul(word, 0x38b34ae5), 17), 0xa1e38b93), 15), 5) + 0x96cd1c35) | 0;
}

function turn(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

function finish(word: number): number {
  let w = word ^ (word >>> 16);
  w = Math.imul(w, 0x85ebca6b);
  w = Math.imul(w ^ (w >>> 13), 0xc2b2ae35);
  return w ^ (w >>> 16);
}
