import fc from 'fast-check';
import { snappyUncompress } from 'hyparquet';
import { snappyCompress } from 'hyparquet-writer/src/snappy.js';
import { describe, expect, test } from 'vitest';
import { unpackSnappy } from '../../../src/formats/parquet/snappy.ts';

// Texts that repeat themselves near and far, and some that do not.
const piece = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.constantFrom('aaaaaaaaaaaa', 'some words ', 'x').map(text => Buffer.from(text)),
);
const content = fc.array(piece, { maxLength: 200 }).map(pieces => new Uint8Array(Buffer.concat(pieces)));

describe('what Snappy has packed', () => {
  test('is unpacked', () => {
    fc.assert(
      fc.property(content, bytes => {
        expect(unpackSnappy(snappyCompress(bytes), bytes.length)).toEqual(bytes);
      }),
    );
    const long = Uint8Array.from({ length: 200_000 }, (_, i) => (i * i) >>> 7);
    expect(unpackSnappy(snappyCompress(long), long.length)).toEqual(long);
  });

  test('is unpacked from elements of every kind', () => {
    const literal = (bytes: number[]) => [((bytes.length - 1) << 2) | 0, ...bytes];
    const abcd = literal([1, 2, 3, 4]);
    expect([...unpackSnappy(Uint8Array.of(8, ...abcd, 0b000_000_01, 4), 8)]).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
    expect([...unpackSnappy(Uint8Array.of(7, ...abcd, (2 << 2) | 2, 1, 0), 7)]).toEqual([1, 2, 3, 4, 4, 4, 4]);
    expect([...unpackSnappy(Uint8Array.of(6, ...abcd, (1 << 2) | 3, 3, 0, 0, 0), 6)]).toEqual([1, 2, 3, 4, 2, 3]);
    const hundred = Array.from({ length: 100 }, (_, i) => i);
    for (const lengthBytes of [[99], [99, 0], [99, 0, 0], [99, 0, 0, 0]]) {
      expect([...unpackSnappy(Uint8Array.of(100, (59 + lengthBytes.length) << 2, ...lengthBytes, ...hundred), 100)]).toEqual(hundred);
    }
  });

  test('is an error when it is damaged, or what another reader makes of it', () => {
    fc.assert(
      fc.property(
        content.filter(bytes => bytes.length > 0),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (bytes, at, change) => {
          const packed = Uint8Array.from(snappyCompress(bytes));
          packed[at % packed.length]! ^= change;
          let unpacked: Uint8Array | undefined;
          try {
            unpacked = unpackSnappy(packed, bytes.length);
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
          if (unpacked === undefined) return;
          const expected = new Uint8Array(bytes.length);
          snappyUncompress(packed, expected);
          expect(unpacked).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
    for (const wrong of [[], [0x80], [4, 12, 1], [2, 4, 1, 2, 1, 1], [4, 0, 1, 1, 0], [1, 252, 255, 255, 255, 255, 1]]) {
      expect(() => unpackSnappy(Uint8Array.from(wrong), wrong[0] ?? 1)).toThrow(RangeError);
    }
  });
});
