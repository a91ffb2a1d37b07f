import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  aggregator,
  approxCountDistinct,
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
import type { Aggregate, AggregateResults } from '../../../src/spi/aggregate.ts';

interface Flight {
  origin: string;
  delay: number;
  date: Date;
  seats: bigint;
  gate?: string;
  taxi: number | null;
  diverted: boolean;
}

/** The signatures through which a stream takes aggregates. */
class Keyed<T> {
  private readonly records: readonly T[];

  constructor(records: readonly T[]) {
    this.records = records;
  }

  aggregate<A extends Record<string, Aggregate<T, unknown>>>(aggregates: A): AggregateResults<A> {
    const composed = composeAggregates<T, A>(aggregates);
    const accumulators = composed.create();
    for (const record of this.records) composed.add(accumulators, record);
    return composed.result(accumulators);
  }

  one<R>(aggregate: Aggregate<T, R>): R {
    return this.aggregate({ one: aggregate }).one;
  }
}

const flight: Flight = { origin: 'JFK', delay: 12, date: new Date(0), seats: 180n, taxi: null, diverted: false };
const flights = new Keyed([flight]);

describe('results are typed by the aggregates, and functions by the stream, with no annotation', () => {
  test('of the example in the guide', () => {
    const r = flights.aggregate({ flights: count(), mean: mean(f => f.delay), worst: max(f => f.delay) });
    expectTypeOf(r).toEqualTypeOf<{ flights: number; mean: number; worst: number }>();
    expect(r).toEqual({ flights: 1, mean: 12, worst: 12 });
  });

  test('of functions that cannot return null', () => {
    const r = flights.aggregate({
      count: count(f => f.gate),
      sum: sum(f => f.delay),
      sumOfBigints: sum(f => f.seats),
      sumOfOnes: sum(() => 1),
      min: min(f => f.origin),
      max: max(f => f.date),
      minBy: minBy(f => f.delay),
      maxBy: maxBy(f => f.seats),
      mean: mean(f => f.delay),
      variance: variance(f => f.delay),
      varianceSample: varianceSample(f => f.delay),
      stddev: stddev(f => f.delay),
      stddevSample: stddevSample(f => f.delay),
      first: first(),
      firstOf: first(f => f.origin),
      last: last(),
      lastOf: last(f => f.delay),
      collect: collect(),
      collectOf: collect(f => f.origin),
      countDistinct: countDistinct(f => f.origin),
      approxCountDistinct: approxCountDistinct(f => [f.origin, f.delay], { precision: 10 }),
      quantile: quantile(f => f.delay, 0.5),
      quantiles: quantiles(f => f.delay, [0.5, 0.99], { error: 0.02 }),
      topK: topK(f => f.origin, 3),
      topN: topN(f => f.delay, 3),
      own: aggregator({ input: f => f.delay, create: () => 0, add: (a, d) => a + d, merge: (a, b) => a + b, result: a => String(a) }),
      ownRecords: aggregator({ create: () => 0, add: (a, f) => a + f.delay, merge: (a, b) => a + b, result: a => a > 0 }),
    });
    expectTypeOf(r).toEqualTypeOf<{
      count: number;
      sum: number;
      sumOfBigints: bigint;
      sumOfOnes: number;
      min: string;
      max: Date;
      minBy: Flight;
      maxBy: Flight;
      mean: number;
      variance: number;
      varianceSample: number | null;
      stddev: number;
      stddevSample: number | null;
      first: Flight;
      firstOf: string;
      last: Flight;
      lastOf: number;
      collect: Flight[];
      collectOf: string[];
      countDistinct: number;
      approxCountDistinct: number;
      quantile: number;
      quantiles: [number, number];
      topK: { value: string; count: number }[];
      topN: Flight[];
      own: string;
      ownRecords: boolean;
    }>();
    expect(r).toMatchObject({ sumOfBigints: 180n, minBy: flight, own: '12', ownRecords: true, topK: [{ value: 'JFK', count: 1 }] });
  });

  test('of functions that can return null or undefined', () => {
    const r = flights.aggregate({
      sum: sum(f => f.taxi),
      sumOfBigints: sum(f => (f.diverted ? f.seats : undefined)),
      min: min(f => f.gate),
      max: max(f => f.taxi),
      minBy: minBy(f => f.gate),
      maxBy: maxBy(f => f.taxi),
      mean: mean(f => f.taxi),
      variance: variance(f => f.taxi),
      varianceSample: varianceSample(f => f.taxi),
      stddev: stddev(f => f.taxi),
      first: first(f => f.gate),
      last: last(f => f.taxi),
      collect: collect(f => f.gate),
      quantile: quantile(f => f.taxi, 0.5),
      quantiles: quantiles(f => f.taxi, [0.5, 0.99, 1]),
      topK: topK(f => f.gate, 1),
      own: aggregator({
        input: f => f.taxi,
        create: () => 0,
        add(a, taxi) {
          expectTypeOf(taxi).toEqualTypeOf<number>();
          return a + taxi;
        },
        merge: (a, b) => a + b,
        result: a => a,
      }),
    });
    expectTypeOf(r).toEqualTypeOf<{
      sum: number | null;
      sumOfBigints: bigint | null;
      min: string | null;
      max: number | null;
      minBy: Flight | null;
      maxBy: Flight | null;
      mean: number | null;
      variance: number | null;
      varianceSample: number | null;
      stddev: number | null;
      first: string | null;
      last: number | null;
      collect: string[];
      quantile: number | null;
      quantiles: [number, number, number] | null;
      topK: { value: string; count: number }[];
      own: number;
    }>();
    expect(r).toEqual({
      sum: null,
      sumOfBigints: null,
      min: null,
      max: null,
      minBy: null,
      maxBy: null,
      mean: null,
      variance: null,
      varianceSample: null,
      stddev: null,
      first: null,
      last: null,
      collect: [],
      quantile: null,
      quantiles: null,
      topK: [],
      own: 0,
    });
  });

  test('of a single aggregate, and of ones made apart from the stream', () => {
    expectTypeOf(flights.one(mean(f => f.delay))).toEqualTypeOf<number>();
    expectTypeOf(flights.one(maxBy(f => f.delay))).toEqualTypeOf<Flight>();
    const worst = max((f: Flight) => f.delay);
    expectTypeOf(worst).toEqualTypeOf<Aggregate<Flight, number>>();
    const late = aggregator({
      create: () => 0,
      add: (n, f: Flight) => (f.delay > 0 ? n + 1 : n),
      merge: (a, b) => a + b,
      result: n => n,
    });
    expectTypeOf(late).toEqualTypeOf<Aggregate<Flight, number>>();
    const composed = composeAggregates({ flights: count(), worst, late });
    expectTypeOf(composed.windowedResult<string>).returns.toEqualTypeOf<
      { key: string; window: { readonly start: number; readonly end: number } } & { flights: number; worst: number; late: number }
    >();
    expect(flights.aggregate({ worst, late })).toEqual({ worst: 12, late: 1 });
  });

  test('of untyped and unknown values', () => {
    const untyped = new Keyed<{ any: ReturnType<typeof JSON.parse>; unknown: unknown }>([{ any: null, unknown: undefined }]);
    const r = untyped.aggregate({
      mean: mean(f => f.any),
      max: max(f => f.any),
      first: first(f => f.unknown),
      collect: collect(f => f.unknown),
    });
    expectTypeOf(r.mean).toEqualTypeOf<number | null>();
    expectTypeOf(r.max).toBeAny();
    expectTypeOf(r.first).toEqualTypeOf<{} | null>();
    expectTypeOf(r.collect).toEqualTypeOf<{}[]>();
    expect(r).toEqual({ mean: null, max: null, first: null, collect: [] });
  });
});

test('a wrong field or a wrong type does not compile', () => {
  const wrong = () => {
    // @ts-expect-error no such field
    flights.aggregate({ mean: mean(f => f.dely) });
    // @ts-expect-error a string has no mean
    flights.aggregate({ mean: mean(f => f.origin) });
    // @ts-expect-error booleans have no order
    flights.aggregate({ max: max(f => f.diverted) });
    // @ts-expect-error a bigint has no mean: it would not be exact
    flights.aggregate({ mean: mean(f => f.seats) });
    // @ts-expect-error Dates have no sum
    flights.aggregate({ sum: sum(f => f.date) });
    // @ts-expect-error made for other records
    flights.aggregate({ max: max((order: { price: number }) => order.price) });
    // @ts-expect-error not called
    flights.aggregate({ count });
  };
  expect(wrong).toBeTypeOf('function');
});
