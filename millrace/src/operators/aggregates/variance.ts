import type { Aggregate } from '../../spi/aggregate.ts';
import { aggregator } from './aggregator.ts';
import { numberInput } from './input.ts';
import type { NullFrom, Nullish } from './null.ts';

/**
 * The population variance of numbers: the mean of the squared distances from their mean. Null over nothing.
 *
 * It is found in one pass by Welford's method ("Note on a method for calculating corrected sums of squares and products", Technometrics
 * 1962), and parts are merged as Chan, Golub and LeVeque do ("Updating formulae and a pairwise algorithm for computing sample variances",
 * 1979), so that values far from zero cost no precision.
 *
 * @example
 * stream.aggregate({ spread: variance(reading => reading.celsius) })
 */
export function variance<T, V extends number | Nullish>(of: (record: T) => V): Aggregate<T, number | NullFrom<V>>;
export function variance<T>(of: (record: T) => unknown): Aggregate<T, number | null> {
  return ofMoments('variance', of, population);
}

/**
 * The sample variance of numbers, with n − 1 in the denominator (Bessel's correction), found as `variance` is. Null over fewer than two
 * values.
 *
 * @example
 * stream.aggregate({ spread: varianceSample(reading => reading.celsius) })
 */
export function varianceSample<T>(of: (record: T) => number | Nullish): Aggregate<T, number | null> {
  return ofMoments('varianceSample', of, sample);
}

/**
 * The population standard deviation of numbers: the square root of `variance`. Null over nothing.
 *
 * @example
 * stream.aggregate({ spread: stddev(reading => reading.celsius) })
 */
export function stddev<T, V extends number | Nullish>(of: (record: T) => V): Aggregate<T, number | NullFrom<V>>;
export function stddev<T>(of: (record: T) => unknown): Aggregate<T, number | null> {
  return ofMoments('stddev', of, m => root(population(m)));
}

/**
 * The sample standard deviation of numbers: the square root of `varianceSample`. Null over fewer than two values.
 *
 * @example
 * stream.aggregate({ spread: stddevSample(reading => reading.celsius) })
 */
export function stddevSample<T>(of: (record: T) => number | Nullish): Aggregate<T, number | null> {
  return ofMoments('stddevSample', of, m => root(sample(m)));
}

interface Moments {
  count: number;
  mean: number;
  /** Sum of the squared distances from the mean. */
  squares: number;
}

function population(m: Moments): number | null {
  return m.count === 0 ? null : m.squares / m.count;
}

function sample(m: Moments): number | null {
  return m.count < 2 ? null : m.squares / (m.count - 1);
}

function root(value: number | null): number | null {
  return value === null ? null : Math.sqrt(value);
}

function ofMoments<T>(name: string, of: (record: T) => unknown, result: (m: Moments) => number | null): Aggregate<T, number | null> {
  return aggregator({
    name,
    input: (record: T) => numberInput(name, of(record)),
    // -0 and not 0: V8 then knows the fields for doubles from the first object on.
    create: (): Moments => ({ count: 0, mean: -0, squares: -0 }),
    add(m, value) {
      const distance = value - m.mean;
      m.mean += distance / ++m.count;
      m.squares += distance * (value - m.mean);
      return m;
    },
    merge(m, other) {
      if (other.count === 0) return m;
      if (m.count === 0) return Object.assign(m, other);
      const distance = other.mean - m.mean;
      const count = m.count + other.count;
      const share = other.count / count;
      m.mean += distance * share;
      m.squares += other.squares + distance * distance * m.count * share;
      m.count = count;
      return m;
    },
    result,
  });
}
