import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/base/random.ts';
import { composeGenerated } from '../../../src/operators/aggregates/compose.ts';
import { quantile, quantiles } from '../../../src/operators/aggregates/index.ts';
import { fold, foldParts, itself } from './fold.ts';

const QS = [0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1];
const { next } = seededRandom(42);

function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

const distributions: { name: string; value: (i: number) => number }[] = [
  { name: 'uniform', value: () => next() * 1000 },
  { name: 'normal around zero', value: () => normal() * 10 },
  { name: 'lognormal', value: () => Math.exp(normal() * 2) },
  { name: 'Pareto', value: () => (1 - next()) ** -2 },
  { name: 'bimodal with zeros', value: i => (i % 3 === 0 ? 0 : i % 3 === 1 ? next() : 1e6 + next()) },
  { name: 'all negative', value: () => -1 - next() * 50 },
  { name: 'constant', value: () => 5 },
  { name: 'ascending', value: i => i },
  { name: 'powers of ten', value: i => 10 ** ((i % 600) - 300) },
];

describe.each(distributions)('quantiles of $name values', ({ value }) => {
  test.each([0.05, 0.01, 0.001])('are within a relative error of %d', error => {
    const values = Array.from({ length: 5000 }, (_, i) => value(i));
    const sorted = values.toSorted((a, b) => a - b);
    const whole = fold(quantiles(itself<number>, QS, { error }), values);
    QS.forEach((q, i) => {
      const exact = sorted[Math.floor(q * 4999)]!;
      expect(Math.abs(whole[i]! - exact)).toBeLessThanOrEqual(Math.abs(exact) * error * (1 + 1e-9));
    });
    expect(foldParts(quantiles(itself<number>, QS, { error }), [values.slice(0, 10), values.slice(10, 3000), values.slice(3000)])).toEqual(
      whole,
    );
  });
});

describe('quantile', () => {
  test('of the least and greatest doubles', () => {
    expect(fold(quantile(itself<number>, 1), [Number.MAX_VALUE]) / Number.MAX_VALUE).toBeCloseTo(1, 1);
    expect(fold(quantile(itself<number>, 1), [-Number.MAX_VALUE]) / Number.MAX_VALUE).toBeCloseTo(-1, 1);
    expect(fold(quantile(itself<number>, 1), [Number.MIN_VALUE])).toBe(Number.MIN_VALUE);
    expect(fold(quantile(itself<number>, 1), [0, -0])).toBe(0);
  });

  test('skips null, and is null over nothing', () => {
    const of = (v: number | null | undefined) => v;
    expect(fold(quantile(of, 0.5), [null, 0, undefined])).toBe(0);
    expect(fold(quantile(of, 0.5), [null])).toBeNull();
    expect(fold(quantiles(of, [0.5, 1]), [])).toBeNull();
  });

  test.each([-0.1, 1.1, NaN])('refuses a share of %d', q => {
    expect(() => quantile(itself<number>, q)).toThrow(expect.objectContaining({ code: 'AGGREGATE_INVALID' }));
  });

  test.each([0, 0.9, -1, NaN])('refuses an error of %d', error => {
    expect(() => quantile(itself<number>, 0.5, { error })).toThrow(expect.objectContaining({ code: 'AGGREGATE_INVALID' }));
  });
});

describe('the number of bins', () => {
  const composed = composeGenerated([['p', quantiles(itself<number>, [0.1, 0.97, 1])]]);

  /** `count` magnitudes that fall evenly into a span of 600 powers of ten, more bins than are kept. */
  function spread(count: number): number[] {
    return Array.from({ length: count }, (_, i) => 10 ** (-300 + (600 * i) / count));
  }

  test.each([
    { name: 'ascending', values: spread(20_000) },
    { name: 'descending', values: spread(20_000).toReversed() },
    { name: 'of both signs', values: spread(10_000).flatMap(v => [v, -v]) },
  ])('is bounded for values $name, and those far from zero keep their error', ({ values }) => {
    const accumulators = composed.create();
    const half = composed.create();
    values.forEach((v, i) => composed.add(i % 2 === 0 ? accumulators : half, v as never));
    const bins = accumulators.a0 as Map<number, number>;
    expect(bins.size).toBeLessThanOrEqual(2048);
    composed.merge(accumulators, half);
    expect(bins.size).toBeLessThanOrEqual(2048);
    expect([...bins.values()].reduce((a, b) => a + b)).toBe(values.length);
    const sorted = values.toSorted((a, b) => a - b);
    const [, high, greatest] = (composed.result(accumulators) as { p: [number, number, number] }).p;
    for (const [actual, q] of [
      [high, 0.97],
      [greatest, 1],
    ] as const) {
      const exact = sorted[Math.floor(q * (values.length - 1))]!;
      expect(Math.abs(actual / exact - 1)).toBeLessThanOrEqual(0.01 * (1 + 1e-9));
    }
  });

  test('leaves a sign with few and small values its sign', () => {
    const accumulators = composed.create();
    for (const v of [-1e-300, -1e-305, 0, ...spread(20_000)]) composed.add(accumulators, v as never);
    const bins = accumulators.a0 as Map<number, number>;
    const signs = Object.groupBy(bins, ([bin]) => (bin < 0 ? 'negative' : bin > 0 ? 'positive' : 'zero'));
    const total = (entries: [number, number][] | undefined) => entries?.reduce((sum, [, count]) => sum + count, 0);
    expect([total(signs.negative), total(signs.zero), total(signs.positive)]).toEqual([2, 1, 20_000]);
  });
});
