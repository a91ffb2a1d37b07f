import { describe, expect, test } from 'vitest';
import { max, maxBy, min, minBy } from '../../../src/operators/aggregates/index.ts';
import { fold, foldParts, itself } from './fold.ts';

describe('min and max', () => {
  test('of numbers, bigints, strings and Dates', () => {
    expect(
      fold(
        max((v: number) => v),
        [3, -1, 7, 2],
      ),
    ).toBe(7);
    expect(
      fold(
        min((v: number) => v),
        [3, -1, 7, 2],
      ),
    ).toBe(-1);
    expect(
      fold(
        max((v: bigint) => v),
        [3n, 2n ** 70n],
      ),
    ).toBe(2n ** 70n);
    expect(
      fold(
        min((v: string) => v),
        ['b', 'a', 'B'],
      ),
    ).toBe('B');
    expect(
      fold(
        max((v: Date) => v),
        [new Date(5), new Date(9), new Date(7)],
      ),
    ).toEqual(new Date(9));
  });

  test('of infinite values', () => {
    expect(
      fold(
        max((v: number) => v),
        [-Infinity],
      ),
    ).toBe(-Infinity);
    expect(
      fold(
        min((v: number) => v),
        [Infinity, 3],
      ),
    ).toBe(3);
  });

  test('skip null, and are null over nothing', () => {
    const of = (v: number | null | undefined) => v;
    expect(fold(max(of), [null, -5, undefined])).toBe(-5);
    expect(fold(min(of), [null, 5, undefined])).toBe(5);
    expect(fold(max(of), [null])).toBeNull();
    expect(fold(min(of), [])).toBeNull();
    expect(foldParts(min(of), [[], [4], [null], [9]])).toBe(4);
  });

  test('order values of different types by type, whichever came first', () => {
    const mixed = [new Date(0), 'a', 5, 7n];
    for (const values of [mixed, mixed.toReversed()]) {
      expect(fold(max(itself<number | bigint | string | Date>), values)).toBe('a');
      expect(fold(min(itself<number | bigint | string | Date>), values)).toBe(5);
      expect(
        foldParts(
          max(itself<number | bigint | string | Date>),
          values.map(v => [v]),
        ),
      ).toBe('a');
      expect(
        foldParts(
          min(itself<number | bigint | string | Date>),
          values.map(v => [v]),
        ),
      ).toBe(5);
    }
    // Compared exactly: as a number, 2^53 + 1 would equal 2^53.
    expect(
      fold(
        max((v: number | bigint) => v),
        [2 ** 53, 2n ** 53n + 1n],
      ),
    ).toBe(2n ** 53n + 1n);
  });
});

describe('minBy and maxBy', () => {
  const offers = [
    { id: 1, price: 5 },
    { id: 2, price: null },
    { id: 3, price: 9 },
    { id: 4, price: 5 },
    { id: 5, price: 9 },
  ];

  test('give the record, the first that arrived among equals', () => {
    expect(
      fold(
        minBy((o: (typeof offers)[0]) => o.price),
        offers,
      ),
    ).toBe(offers[0]);
    expect(
      fold(
        maxBy((o: (typeof offers)[0]) => o.price),
        offers,
      ),
    ).toBe(offers[2]);
    expect(
      foldParts(
        maxBy((o: (typeof offers)[0]) => o.price),
        offers.map(o => [o]),
      ),
    ).toBe(offers[2]);
  });

  test('give null where every value is null', () => {
    expect(
      fold(
        minBy((o: (typeof offers)[0]) => o.price),
        [offers[1]!],
      ),
    ).toBeNull();
    expect(
      fold(
        maxBy((o: (typeof offers)[0]) => o.price),
        [],
      ),
    ).toBeNull();
  });
});
