import { describe, expect, test } from 'vitest';
import { signedDurationMs } from '../../src/time/signed-duration.ts';
import { boundedOutOfOrderness, customWatermarks, monotonous, punctuated, type WatermarkStrategy } from '../../src/time/watermarks.ts';

interface Reading {
  t: number;
  end?: boolean;
}

function watermarks(strategy: WatermarkStrategy<Reading>, batches: Reading[][]): number[] {
  const generator = strategy.generator();
  return batches.map(batch => {
    for (const reading of batch) generator.onEvent(reading, reading.t);
    return generator.onBatchEnd();
  });
}

describe('watermark strategies', () => {
  test('bounded out-of-orderness lies behind the largest time', () => {
    const strategy = boundedOutOfOrderness('5s');
    expect(strategy).toMatchObject({ kind: 'bounded', boundMs: 5000 });
    expect(watermarks(strategy, [[], [{ t: 10_000 }, { t: 7_000 }], [{ t: 9_000 }], [{ t: 11_000 }]])).toEqual([
      -Infinity,
      4999,
      4999,
      5999,
    ]);
  });

  test('monotonous is bounded by nothing', () => {
    expect(monotonous()).toMatchObject({ kind: 'bounded', boundMs: 0, description: 'monotonous' });
    expect(watermarks(monotonous(), [[{ t: 10 }]])).toEqual([9]);
  });

  test('punctuated follows the marks and does not go back', () => {
    const strategy = punctuated((r: Reading, timeMs) => (r.end ? timeMs : undefined));
    expect(watermarks(strategy, [[{ t: 1 }], [{ t: 5, end: true }, { t: 9 }], [{ t: 3, end: true }]])).toEqual([-Infinity, 5, 5]);
  });

  test('custom makes a generator for each split', () => {
    const strategy = customWatermarks<Reading>(() => {
      let count = 0;
      return { onEvent: () => void count++, onBatchEnd: () => count };
    });
    expect(strategy.kind).toBe('custom');
    expect(watermarks(strategy, [[{ t: 1 }, { t: 1 }]])).toEqual([2]);
    expect(watermarks(strategy, [[{ t: 1 }]])).toEqual([1]);
  });
});

describe('signed durations', () => {
  test.each([
    ['5s', 5000],
    ['-5s', -5000],
    ['-1m 30s', -90_000],
    ['-0s', 0],
    [-250, -250],
    [250, 250],
  ] as const)('%s is %d ms', (duration, ms) => {
    expect(signedDurationMs(duration)).toBe(ms);
  });

  test.each(['--5s', '5', '-', Number.NaN, -Infinity])('%s is none', duration => {
    expect(() => signedDurationMs(duration as never, 'between')).toThrow(expect.objectContaining({ code: 'DURATION_INVALID' }));
  });
});
