import { describe, expect, test } from 'vitest';
import { collect, first, last } from '../../../src/operators/aggregates/index.ts';
import { fold, foldParts, itself } from './fold.ts';

describe('first, last and collect', () => {
  const records = [{ v: null }, { v: 1 }, { v: 2 }, { v: undefined }];
  const of = (r: { v?: number | null }) => r.v;

  test('go by arrival, over records or over values that are not null', () => {
    expect(fold(first(), records)).toBe(records[0]);
    expect(fold(last(), records)).toBe(records[3]);
    expect(fold(collect(), records)).toEqual(records);
    expect(fold(first(of), records)).toBe(1);
    expect(fold(last(of), records)).toBe(2);
    expect(fold(collect(of), records)).toEqual([1, 2]);
  });

  test('take parts in the order of their times, and arrival within a part', () => {
    // The pane of 10:00 got a record after the pane of 10:05 did.
    const panes = [['10:00 first', '10:00 late'], ['10:05 early']];
    expect(foldParts(first(itself<string>), panes)).toBe('10:00 first');
    expect(foldParts(last(itself<string>), panes)).toBe('10:05 early');
    expect(foldParts(collect(itself<string>), panes)).toEqual(['10:00 first', '10:00 late', '10:05 early']);
  });

  test('keep values that are false but not null', () => {
    expect(fold(first(itself), [0, 1])).toBe(0);
    expect(fold(last(itself), [1, false])).toBe(false);
    expect(fold(collect(itself), ['', 0, false, NaN])).toEqual(['', 0, false, NaN]);
  });

  test('over nothing', () => {
    expect(fold(first(), [])).toBeNull();
    expect(fold(last(of), [{ v: null }])).toBeNull();
    expect(fold(collect(), [])).toEqual([]);
  });

  test('collect takes a part larger than a call can have arguments', () => {
    const many = Array.from({ length: 200_000 }, (_, i) => i);
    expect(foldParts(collect(itself<number>), [many, many])).toHaveLength(400_000);
  });
});
