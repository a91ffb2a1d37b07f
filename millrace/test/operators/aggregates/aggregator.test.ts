import { describe, expect, test } from 'vitest';
import { aggregator } from '../../../src/operators/aggregates/index.ts';
import { fold, foldParts } from './fold.ts';

describe('aggregator', () => {
  const range = aggregator({
    name: 'range',
    input: (f: { delay: number | null }) => f.delay,
    create: () => ({ low: Infinity, high: -Infinity }),
    add: (a, delay) => ({ low: Math.min(a.low, delay), high: Math.max(a.high, delay) }),
    merge: (a, b) => ({ low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) }),
    result: a => a.high - a.low,
  });

  test('folds what its input returns, skipping null', () => {
    expect(range.name).toBe('range');
    expect(fold(range, [{ delay: 4 }, { delay: null }, { delay: 9 }])).toBe(5);
    expect(foldParts(range, [[{ delay: 4 }], [], [{ delay: 9 }, { delay: -1 }]])).toBe(10);
  });

  test('folds records where it has no input', () => {
    const words = aggregator({
      create: (): string[] => [],
      add: (all, word: string) => [...all, word],
      merge: (all, later) => [...all, ...later],
      result: all => all.join(' '),
    });
    expect(words.name).toBe('aggregator');
    expect(foldParts(words, [['a', 'b'], ['c']])).toBe('a b c');
  });
});
