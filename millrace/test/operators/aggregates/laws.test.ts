import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { composeClosures, type ComposedAggregates, composeGenerated } from '../../../src/operators/aggregates/compose.ts';
import {
  aggregator,
  approxCountDistinct,
  collect,
  count,
  countDistinct,
  first,
  last,
  max,
  maxBy,
  mean,
  min,
  minBy,
  quantile,
  quantiles,
  stddev,
  stddevSample,
  sum,
  topK,
  topN,
  variance,
  varianceSample,
} from '../../../src/operators/aggregates/index.ts';
import type { Aggregate } from '../../../src/spi/aggregate.ts';
import { cut, forms } from './fold.ts';

interface Row {
  v: never;
}

interface Law {
  name: string;
  make: (of: (row: Row) => never) => Aggregate<Row, unknown>;
  values: fc.Arbitrary<unknown>;
  /** The result over all values that are not null, computed from the whole list. */
  naive: (values: never[], rows: Row[]) => unknown;
  /** Throws when the two are not the same result. */
  same?: (actual: never, naive: never, values: never[]) => void;
}

const numbers = fc.oneof(
  // The square of anything smaller is 0.
  fc.double({ min: -1e6, max: 1e6, noNaN: true }).map(v => (Math.abs(v) < 1e-100 ? 0 : v)),
  fc.integer({ min: -20, max: 20 }),
  fc.constantFrom(0, -0, 1, 1, 0.1),
);
const bigints = fc.oneof(fc.bigInt(), fc.bigInt({ min: -3n, max: 3n }));
const strings = fc.oneof(fc.string(), fc.constantFrom('', 'a', 'A', 'ä', 'ab', '\u0000', '\u0000[1]'));
const dates = fc.date({ noInvalidDate: true });
const primitives = fc.oneof(numbers, bigints, strings, fc.boolean());
const comparable = fc.oneof(numbers, bigints, strings, dates);
const composites = fc.oneof(fc.tuple(fc.integer({ min: 0, max: 2 })), fc.record({ id: fc.integer({ min: 0, max: 2 }) }));
const few = fc.oneof(fc.constantFrom('a', 'b', 'c', 1, 2n, 2, true, '1'), composites);

/** Within 1e-9 of the scale, which is what rounding may add up to. */
function close(scale: (values: number[]) => number) {
  return (actual: number | null, naive: number | null, values: number[]) => {
    if (naive === null || actual === null) expect(actual).toBe(naive);
    else expect(Math.abs(actual - naive)).toBeLessThanOrEqual(1e-9 * scale(values));
  };
}

const total = (values: number[]) => values.reduce((a, b) => a + b, 0);
const magnitude = (values: number[]) => total(values.map(Math.abs));
const largest = (values: number[]) => Math.max(...values.map(Math.abs));

function squares(values: number[]): number {
  const center = total(values) / values.length;
  return total(values.map(v => (v - center) ** 2));
}

type Value = number | bigint | string | Date;
const kinds = ['number', 'object', 'string'];
const kind = (v: Value) => kinds.indexOf(typeof v === 'bigint' ? 'number' : typeof v);

function compare(a: Value, b: Value): number {
  return kind(a) - kind(b) || (a < b ? -1 : a > b ? 1 : 0);
}

/** Sorting is stable, so the first of equals comes first. */
const inOrder = (values: Value[]) => values.toSorted(compare);
const inReverse = (values: Value[]) => values.toSorted((a, b) => compare(b, a));

function byPlainText(v: unknown): string {
  return `${typeof v} ${typeof v === 'object' ? JSON.stringify(v) : Object.is(v, -0) ? '0' : String(v)}`;
}

function frequencies(values: unknown[]): { value: unknown; count: number }[] {
  const groups = Map.groupBy(values, byPlainText);
  return [...groups.values()].map(group => ({ value: group[0], count: group.length })).toSorted((a, b) => b.count - a.count);
}

function quantileBound(error: number) {
  return (actual: number[] | null, naive: number[] | null) => {
    if (naive === null || actual === null) return expect(actual).toBe(naive);
    naive.forEach((x, i) => expect(Math.abs(actual[i]! - x)).toBeLessThanOrEqual(Math.abs(x) * error * (1 + 1e-9)));
  };
}

const QS = [0, 0.25, 0.5, 0.99, 1] as const;

function naiveQuantiles(values: number[], qs: readonly number[]): number[] | null {
  const sorted = values.toSorted((a, b) => a - b);
  return values.length === 0 ? null : qs.map(q => sorted[Math.floor(q * (values.length - 1))]!);
}

const sumOfPairs = aggregator({
  name: 'sumOfPairs',
  input: (row: Row) => row.v as number | null,
  create: () => [0, 0],
  add: ([n, t], v) => [n! + 1, t! + v],
  merge: ([n, t], [m, u]) => [n! + m!, t! + u!],
  result: ([n, t]) => ({ n, t }),
});

const laws: Law[] = [
  { name: 'count', make: () => count(), values: primitives, naive: (_, rows) => rows.length },
  { name: 'count of', make: of => count(of), values: primitives, naive: values => values.length },
  {
    name: 'sum of numbers',
    make: of => sum(of),
    values: numbers,
    naive: values => (values.length === 0 ? null : total(values)),
    same: close(magnitude),
  },
  {
    name: 'sum of bigints',
    make: of => sum(of),
    values: bigints,
    naive: values => (values.length === 0 ? null : values.reduce((a: bigint, b) => a + b, 0n)),
  },
  {
    name: 'sum of numbers and bigints',
    make: of => sum(of),
    values: fc.oneof(fc.integer(), fc.bigInt({ min: -9999n, max: 9999n })),
    naive: (values: (number | bigint)[]) =>
      values.length === 0
        ? null
        : values.every(v => typeof v === 'bigint')
          ? values.reduce((a, b) => a + b, 0n)
          : total(values.map(Number)),
  },
  {
    name: 'mean',
    make: of => mean(of),
    values: numbers,
    naive: values => (values.length === 0 ? null : total(values) / values.length),
    same: close(values => magnitude(values) / values.length),
  },
  { name: 'min', make: of => min(of), values: comparable, naive: values => inOrder(values)[0] ?? null },
  { name: 'max', make: of => max(of), values: comparable, naive: values => inReverse(values)[0] ?? null },
  { name: 'min of numbers', make: of => min(of), values: numbers, naive: values => inOrder(values)[0] ?? null },
  { name: 'max of numbers', make: of => max(of), values: numbers, naive: values => inReverse(values)[0] ?? null },
  {
    name: 'minBy',
    make: of => minBy(of),
    values: fc.oneof(comparable, fc.integer({ min: 0, max: 3 })),
    naive: (values, rows) => (values.length === 0 ? null : rows.find(row => row.v === inOrder(values)[0])),
  },
  {
    name: 'maxBy',
    make: of => maxBy(of),
    values: fc.oneof(comparable, fc.integer({ min: 0, max: 3 })),
    naive: (values, rows) => (values.length === 0 ? null : rows.find(row => row.v === inReverse(values)[0])),
  },
  {
    name: 'variance',
    make: of => variance(of),
    values: numbers,
    naive: values => (values.length === 0 ? null : squares(values) / values.length),
    same: close(values => squares(values) / values.length + 1e-6 * largest(values) ** 2),
  },
  {
    name: 'varianceSample',
    make: of => varianceSample(of),
    values: numbers,
    naive: values => (values.length < 2 ? null : squares(values) / (values.length - 1)),
    same: close(values => squares(values) + 1e-6 * largest(values) ** 2),
  },
  {
    name: 'stddev',
    make: of => stddev(of),
    values: numbers,
    naive: values => (values.length === 0 ? null : Math.sqrt(squares(values) / values.length)),
    same: close(largest),
  },
  {
    name: 'stddevSample',
    make: of => stddevSample(of),
    values: numbers,
    naive: values => (values.length < 2 ? null : Math.sqrt(squares(values) / (values.length - 1))),
    same: close(largest),
  },
  { name: 'first', make: () => first(), values: primitives, naive: (_, rows) => rows[0] ?? null },
  { name: 'first of', make: of => first(of), values: primitives, naive: values => values[0] ?? null },
  { name: 'last', make: () => last(), values: primitives, naive: (_, rows) => rows.at(-1) ?? null },
  { name: 'last of', make: of => last(of), values: primitives, naive: values => values.at(-1) ?? null },
  { name: 'collect', make: () => collect(), values: primitives, naive: (_, rows) => rows },
  { name: 'collect of', make: of => collect(of), values: primitives, naive: values => values },
  { name: 'countDistinct', make: of => countDistinct(of), values: fc.oneof(primitives, few), naive: values => frequencies(values).length },
  {
    name: 'approxCountDistinct of few',
    make: of => approxCountDistinct(of),
    values: fc.oneof(primitives, few),
    naive: values => frequencies(values).length,
  },
  {
    name: 'quantile',
    make: of => quantile(of, 0.5),
    values: numbers,
    naive: values => naiveQuantiles(values, [0.5])?.[0] ?? null,
    same: (actual, naive) => quantileBound(0.01)(actual === null ? null : [actual], naive === null ? null : [naive]),
  },
  {
    name: 'quantiles',
    make: of => quantiles(of, QS, { error: 0.002 }),
    values: fc.oneof(
      numbers,
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(v => (Math.abs(v) < 2.3e-308 ? 0 : v)),
    ),
    naive: values => naiveQuantiles(values, QS),
    same: quantileBound(0.002),
  },
  {
    name: 'topN',
    make: of => topN(of, 3),
    values: fc.integer({ min: 0, max: 5 }),
    // A stable sort keeps the first that arrived in front of its equals.
    naive: (_, rows) =>
      rows
        .filter(row => row.v !== null && row.v !== undefined)
        .toSorted((a, b) => b.v - a.v)
        .slice(0, 3),
  },
  { name: 'topK', make: of => topK(of, 3), values: few, naive: values => frequencies(values).slice(0, 3) },
  {
    name: 'own',
    make: () => sumOfPairs,
    values: fc.integer(),
    naive: values => ({ n: values.length, t: total(values) }),
  },
];

/** Rows whose value is missing now and then. */
const rowsOf = (values: fc.Arbitrary<unknown>) =>
  fc.array(
    fc.oneof({ weight: 5, arbitrary: values }, { weight: 1, arbitrary: fc.constantFrom(null, undefined) }).map(v => ({ v }) as Row),
    { maxLength: 60 },
  );

function foldAll(composed: ComposedAggregates<never, unknown>, rows: Row[]) {
  const accumulators = composed.create();
  for (const row of rows) composed.add(accumulators, row as never);
  return accumulators;
}

function resultOf(result: unknown): never {
  return (result as { one: never }).one;
}

describe.each(laws)('$name', ({ make, values, naive, same = (a, b) => expect(a).toEqual(b) }) => {
  const named = [['one', make(row => row.v)]] as const;

  test.each(forms)('is what a computation over the whole list gives ($form)', ({ compose }) => {
    fc.assert(
      fc.property(rowsOf(values), rows => {
        const composed = compose(named);
        const present = rows.map(row => row.v).filter(v => v !== null && v !== undefined);
        same(resultOf(composed.result(foldAll(composed, rows))), naive(present, rows) as never, present);
      }),
    );
  });

  test.each(forms)('parts merged in order give the whole, and are left as they were ($form)', ({ compose }) => {
    fc.assert(
      fc.property(rowsOf(values), fc.array(fc.nat(), { maxLength: 4 }), (rows, places) => {
        const composed = compose(named);
        const present = rows.map(row => row.v).filter(v => v !== null && v !== undefined);
        const parts = cut(rows, places).map(part => foldAll(composed, part));
        const before = structuredClone(parts);
        const merged = composed.create();
        for (const part of parts) composed.merge(merged, part);
        const result = composed.result(merged);
        same(resultOf(result), naive(present, rows) as never, present);
        // What is folded into the merged accumulator later changes neither a part nor a result that was given out.
        const given = structuredClone(result);
        for (const row of rows) composed.add(merged, row as never);
        expect(parts).toEqual(before);
        expect(result).toEqual(given);
      }),
    );
  });

  test('a copy goes on as the original would have, in either form', () => {
    fc.assert(
      fc.property(rowsOf(values), fc.nat(), (rows, place) => {
        const [head, tail] = cut(rows, [place]) as [Row[], Row[]];
        const [generated, closures] = [composeGenerated(named), composeClosures(named)];
        const whole = foldAll(generated, rows);
        expect(foldAll(closures, rows)).toEqual(whole);
        for (const [from, to] of [
          [generated, closures],
          [closures, generated],
        ] as const) {
          const copy = structuredClone(foldAll(from, head));
          for (const row of tail) to.add(copy, row as never);
          expect(copy).toEqual(whole);
          expect(to.result(copy)).toEqual(from.result(whole));
        }
      }),
    );
  });
});
