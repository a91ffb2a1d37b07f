import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/base/random.ts';
import { count, mean, stddev, stddevSample, sum, variance, varianceSample } from '../../../src/operators/aggregates/index.ts';
import { fold, foldParts, itself } from './fold.ts';

type MaybeNumber = number | null | undefined;
const of = (v: MaybeNumber) => v;

describe('count', () => {
  test('counts records, or values that are not null', () => {
    expect(fold(count(), [null, 1, undefined])).toBe(3);
    expect(fold(count(itself), [null, 0, undefined, '', false, NaN])).toBe(4);
    expect(fold(count(), [])).toBe(0);
  });
});

describe('sum', () => {
  test('of numbers, of bigints, and of both', () => {
    expect(fold(sum(of), [1, null, 2.5, undefined])).toBe(3.5);
    expect(
      fold(
        sum((v: bigint) => v),
        [2n ** 64n, 1n],
      ),
    ).toBe(2n ** 64n + 1n);
    expect(
      fold(
        sum((v: bigint | number) => v),
        [2n, 0.5, 3n],
      ),
    ).toBe(5.5);
  });

  test('of nothing is null, of zeros is zero', () => {
    expect(fold(sum(of), [])).toBeNull();
    expect(fold(sum(of), [null, undefined])).toBeNull();
    expect(fold(sum(of), [0])).toBe(0);
    expect(fold(sum(of), [-0, -0])).toBe(0);
    expect(fold(sum(of), [1, -1])).toBe(0);
    expect(foldParts(sum(of), [[], [-0], []])).toBe(0);
    expect(foldParts(sum(of), [[], [null], []])).toBeNull();
    expect(
      foldParts(
        sum((v: bigint) => v),
        [[], [0n], []],
      ),
    ).toBe(0n);
  });

  test('of infinite values is what IEEE 754 says', () => {
    expect(fold(sum(of), [1, Infinity])).toBe(Infinity);
    expect(fold(sum(of), [-Infinity, Infinity])).toBeNaN();
  });
});

describe('mean', () => {
  test('skips null', () => {
    expect(fold(mean(of), [1, null, 2, undefined, 6])).toBe(3);
    expect(fold(mean(of), [null])).toBeNull();
    expect(fold(mean(of), [-0])).toBe(-0);
  });
});

describe('variance', () => {
  const values = [4, 7, 13, 16];

  test('of a population and of a sample', () => {
    expect(fold(variance(of), values)).toBe(22.5);
    expect(fold(varianceSample(of), values)).toBe(30);
    expect(fold(stddev(of), values)).toBeCloseTo(Math.sqrt(22.5), 12);
    expect(fold(stddevSample(of), values)).toBeCloseTo(Math.sqrt(30), 12);
  });

  test('of one value and of none', () => {
    expect(fold(variance(of), [5])).toBe(0);
    expect(fold(stddev(of), [5, null])).toBe(0);
    expect(fold(varianceSample(of), [5])).toBeNull();
    expect(fold(stddevSample(of), [5])).toBeNull();
    expect(fold(variance(of), [null])).toBeNull();
    expect(foldParts(varianceSample(of), [[4], [], [10]])).toBe(18);
  });

  // The mean of the squares less the square of the mean gives 0, or a negative number, here.
  test.each([1e9, -1e9, 1e12])('keeps its precision around %d', offset => {
    const shifted = Array.from({ length: 1000 }, () => values.map(v => v + offset)).flat();
    const { length } = shifted;
    expect(fold(variance(of), shifted)).toBeCloseTo(22.5, 2);
    expect(
      fold(
        varianceSample(of),
        values.map(v => v + offset),
      ),
    ).toBeCloseTo(30, 2);
    const parts = Array.from({ length: 40 }, (_, i) => shifted.slice((i * length) / 40, ((i + 1) * length) / 40));
    expect(foldParts(variance(of), parts)).toBeCloseTo(22.5, 2);
  });

  test('of a million values far from zero is within 1e-6', () => {
    const random = seededRandom(7);
    const values = Array.from({ length: 1_000_000 }, () => 1e8 + random.next());
    const center = values.reduce((a, v) => a + (v - 1e8), 0) / values.length;
    const naive = values.reduce((a, v) => a + (v - 1e8 - center) ** 2, 0) / values.length;
    const actual = fold(variance(of), values)!;
    expect(Math.abs(actual / naive - 1)).toBeLessThan(1e-6);
  });
});
