import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { composeClosures, composeGenerated } from '../../../src/operators/aggregates/compose.ts';
import {
  aggregator,
  collect,
  composeAggregates,
  count,
  countDistinct,
  first,
  last,
  max,
  maxBy,
  mean,
  min,
  minBy,
  quantiles,
  stddev,
  sum,
  topK,
} from '../../../src/operators/aggregates/index.ts';
import type { Aggregate } from '../../../src/spi/aggregate.ts';
import { forms } from './fold.ts';

interface Flight {
  origin: string;
  delay: number | null;
}

const window = { start: 0, end: 5000 };
const flights: Flight[] = [
  { origin: 'JFK', delay: 5 },
  { origin: 'ATL', delay: null },
  { origin: 'JFK', delay: 11 },
];

describe('composeAggregates', () => {
  const composed = composeAggregates({ flights: count(), mean: mean((f: Flight) => f.delay), worst: max((f: Flight) => f.delay) });

  test('folds, merges and gives results with and without key and window', () => {
    const accumulators = composed.create();
    const other = composed.create();
    composed.add(accumulators, flights[0]!);
    composed.add(other, flights[1]!);
    composed.add(other, flights[2]!);
    composed.merge(accumulators, other);
    expect(composed.result(accumulators)).toEqual({ flights: 3, mean: 8, worst: 11 });
    const keyed = composed.keyedResult('JFK', accumulators);
    expectTypeOf(keyed.key).toEqualTypeOf<string>();
    expect(Object.entries(keyed)).toEqual(Object.entries({ key: 'JFK', flights: 3, mean: 8, worst: 11 }));
    const windowed = composed.windowedResult('JFK', window, accumulators);
    expect(Object.entries(windowed)).toEqual(Object.entries({ key: 'JFK', window, flights: 3, mean: 8, worst: 11 }));
    expect(composed.result(other)).toEqual({ flights: 2, mean: 11, worst: 11 });
  });

  test.each(['key', 'window'])("refuses the name '%s'", name => {
    expect(() => composeAggregates({ flights: count(), [name]: count() })).toThrow(expect.objectContaining({ code: 'AGGREGATE_NAME' }));
  });

  test('refuses no aggregates at all, and what is none', () => {
    expect(() => composeAggregates({})).toThrow(expect.objectContaining({ code: 'AGGREGATE_NAME' }));
    expect(() => composeAggregates({ flights: count as never })).toThrow(expect.objectContaining({ code: 'AGGREGATE_INVALID' }));
    expect(() => composeAggregates({ flights: undefined as never })).toThrow(expect.objectContaining({ code: 'AGGREGATE_INVALID' }));
  });
});

describe.each(forms)('any name is only a name ($form)', ({ compose }) => {
  test.each(['__proto__', 'constructor', 'a0', '', '"', "'", '\\', '`${1}`', '1', '\u2028', '\ud800', '*/ throw 1 //', 'acc', 'toString'])(
    '%j',
    name => {
      const composed = compose([
        [name, count()],
        ['other', sum((v: number) => v)],
      ]);
      const accumulators = composed.create();
      composed.add(accumulators, 5 as never);
      for (const result of [
        composed.result(accumulators),
        composed.keyedResult('k', accumulators),
        composed.windowedResult('k', window, accumulators),
      ]) {
        expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
        expect(Object.entries(result as object)).toContainEqual([name, 1]);
        expect(result).toHaveProperty('other', 5);
      }
    },
  );
});

describe.each(forms)('a record is folded whole or not at all ($form)', ({ compose }) => {
  interface Row {
    fine: number;
    other: unknown;
  }
  const all: [string, (of: (row: Row) => never) => Aggregate<Row, unknown>, unknown[]][] = [
    ['sum', of => sum(of), ['1', NaN, true, new Date(0), {}]],
    ['mean', of => mean(of), ['1', NaN, 1n, [], false]],
    ['min', of => min(of), [NaN, true, new Date(NaN), {}, Symbol('s')]],
    ['max', of => max(of), [NaN, true, new Date(NaN), [1]]],
    ['minBy', of => minBy(of), [NaN, true, new Date(NaN), {}]],
    ['maxBy', of => maxBy(of), [NaN, true, () => 1]],
    ['stddev', of => stddev(of), ['1', NaN, 1n]],
    ['quantiles', of => quantiles(of, [0.5]), ['1', NaN, Infinity, -Infinity, 1n]],
    ['countDistinct', of => countDistinct(of), [NaN, Symbol('s'), () => 1, [null], { a: undefined }]],
    ['topK', of => topK(of, 2), [NaN, Symbol('s'), () => 1, [NaN]]],
  ];

  test.each(all)('%s refuses what it cannot fold', (name, make, wrong) => {
    const composed = compose([
      ['n', count()],
      ['fine', sum((row: Row) => row.fine)],
      ['values', collect((row: Row) => row.fine)],
      ['tested', make(row => row.other as never)],
      ['last', last()],
    ]);
    const accumulators = composed.create();
    composed.add(accumulators, { fine: 1, other: 3 } as never);
    const before = structuredClone(accumulators);
    for (const other of wrong) {
      expect(() => composed.add(accumulators, { fine: 1, other } as never)).toThrow(TypeError);
      expect(() => composed.add(accumulators, { fine: 1, other } as never)).toThrow(`${name} takes `);
      expect(accumulators).toEqual(before);
    }
    composed.add(accumulators, { fine: 1, other: null } as never);
    expect(composed.result(accumulators)).toMatchObject({ n: 2, fine: 2, values: [1, 1] });
  });

  test('a throwing function of the program leaves no half-added record', () => {
    const composed = compose([
      ['n', count()],
      [
        'thrown',
        first(() => {
          throw new Error('no such gate');
        }),
      ],
    ]);
    const accumulators = composed.create();
    expect(() => composed.add(accumulators, {} as never)).toThrow('no such gate');
    expect(composed.result(accumulators)).toEqual({ n: 0, thrown: null });
  });
});

test('both forms of many aggregates at once are the same at every step', () => {
  const longest = aggregator({
    input: (row: { s: string }) => row.s.length,
    create: () => 0,
    add: (a, n) => Math.max(a, n),
    merge: (a, b) => Math.max(a, b),
    result: a => a,
  });
  interface Row {
    n: number | null;
    m: number | bigint;
    s: string;
  }
  const named = Object.entries({
    rows: count(),
    some: count((row: Row) => row.n),
    total: sum((row: Row) => row.n),
    mixed: sum((row: Row) => row.m),
    mean: mean((row: Row) => row.n),
    least: min((row: Row) => row.m),
    greatest: max((row: Row) => row.n),
    lastWord: max((row: Row) => row.s),
    longest,
    words: topK((row: Row) => row.s, 2),
  });
  const generated = composeGenerated(named);
  const closures = composeClosures(named);
  const row = fc.record({
    n: fc.option(fc.oneof(fc.integer(), fc.double(), fc.constant('text'))),
    m: fc.oneof(fc.integer(), fc.bigInt({ min: -99n, max: 99n })),
    s: fc.string({ maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(row, fc.boolean()), { maxLength: 40 }), rows => {
      const a = [generated.create(), generated.create()] as const;
      const b = [closures.create(), closures.create()] as const;
      expect(a).toEqual(b);
      for (const [record, late] of rows) {
        const [thrownByGenerated, thrownByClosures] = [
          () => generated.add(a[Number(late) as 0 | 1], record as never),
          () => closures.add(b[Number(late) as 0 | 1], record as never),
        ].map(add => {
          try {
            add();
            return undefined;
          } catch (error) {
            return (error as Error).message;
          }
        });
        expect(thrownByGenerated).toBe(thrownByClosures);
        expect(a).toEqual(b);
      }
      generated.merge(a[0], a[1]);
      closures.merge(b[0], b[1]);
      expect(a).toEqual(b);
      expect(generated.result(a[0])).toEqual(closures.result(b[0]));
    }),
  );
});
