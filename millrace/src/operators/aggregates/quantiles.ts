import { MillraceError } from '../../base/errors.ts';
import type { Aggregate } from '../../spi/aggregate.ts';
import { aggregator } from './aggregator.ts';
import { finiteInput } from './input.ts';
import type { NullFrom, Nullish } from './null.ts';

export interface QuantileOptions {
  /** Greatest relative error of a result; from 0.0001 to 0.5, default 0.01. */
  error?: number;
}

/**
 * The value below which a share `q` of all values lies, with a relative error of at most `error`; null over nothing. 0.5 is the median,
 * 0.99 the 99th percentile. Of `n` values in order it is the one at position ⌊q · (n − 1)⌋, counted from 0.
 *
 * @throws MillraceError `AGGREGATE_INVALID` for a share outside 0 to 1 or an error outside 0.0001 to 0.5
 * @see quantiles
 * @example
 * stream.aggregate({ p99: quantile(request => request.ms, 0.99) })
 */
export function quantile<T, V extends number | Nullish>(
  of: (record: T) => V,
  q: number,
  options?: QuantileOptions,
): Aggregate<T, number | NullFrom<V>>;
export function quantile<T>(of: (record: T) => unknown, q: number, options: QuantileOptions = {}): Aggregate<T, number | null> {
  return ofSketch('quantile', of, [q], options, values => (values === null ? null : values[0]!));
}

/**
 * Several quantiles from one sketch, in the order in which they are asked for; null over nothing.
 *
 * DDSketch (Masson, Rim and Lee, VLDB 2019): values of either sign are counted in bins whose bounds grow by a constant factor, so that
 * whatever stands for a bin is within `error` of all in it. At most 2048 bins are kept, and in proportion more for an error below 0.01:
 * enough for magnitudes that span a factor of 6e17. When there are more, those nearest to zero are joined: quantiles that fall among them
 * lose the bound, all others keep it.
 *
 * @throws MillraceError `AGGREGATE_INVALID` for a share outside 0 to 1 or an error outside 0.0001 to 0.5
 * @example
 * stream.aggregate({ latency: quantiles(request => request.ms, [0.5, 0.99]) }) // latency: [number, number]
 */
export function quantiles<T, V extends number | Nullish, const Q extends readonly number[]>(
  of: (record: T) => V,
  qs: Q,
  options?: QuantileOptions,
): Aggregate<T, { -readonly [i in keyof Q]: number } | NullFrom<V>>;
export function quantiles<T>(
  of: (record: T) => unknown,
  qs: readonly number[],
  options: QuantileOptions = {},
): Aggregate<T, number[] | null> {
  return ofSketch('quantiles', of, qs, options, values => values);
}

function ofSketch<T, R>(
  name: string,
  of: (record: T) => unknown,
  qs: readonly number[],
  options: QuantileOptions,
  result: (values: number[] | null) => R,
): Aggregate<T, R> {
  const { error = 0.01 } = options;
  if (!(error >= 0.0001 && error <= 0.5)) {
    throw new MillraceError('AGGREGATE_INVALID', { where: name, expected: 'an error from 0.0001 to 0.5', got: String(error) });
  }
  for (const q of qs) {
    if (!(q >= 0 && q <= 1)) throw new MillraceError('AGGREGATE_INVALID', { where: name, expected: 'shares from 0 to 1', got: String(q) });
  }
  const scale = new Scale(error);
  return aggregator({
    name: `${name}(${qs.join(', ')})`,
    input: (record: T) => finiteInput(name, of(record)),
    create: (): Bins => new Map(),
    add(bins, value) {
      const bin = scale.binOf(value);
      const before = bins.get(bin);
      bins.set(bin, before === undefined ? 1 : before + 1);
      if (bins.size > scale.binsMax) joinNearestToZero(bins, scale.binsMax);
      return bins;
    },
    merge(bins, other) {
      for (const [bin, count] of other) bins.set(bin, (bins.get(bin) ?? 0) + count);
      if (bins.size > scale.binsMax) joinNearestToZero(bins, scale.binsMax);
      return bins;
    },
    result: bins => result(bins.size === 0 ? null : quantilesOf(bins, qs, scale)),
  });
}

/** How many values fell into each bin. Bins are numbered in the order of their values, negative ones below 0, and 0 is the value 0. */
type Bins = Map<number, number>;

/** The bins of one relative error: bin i of the positive values holds those in (γ^(i − 1 − shift), γ^(i − shift)]. */
class Scale {
  readonly binsMax: number;
  private readonly error: number;
  private readonly logGamma: number;
  /** Makes the number of every positive value positive, that of 5e-324 too. */
  private readonly shift: number;

  constructor(error: number) {
    this.error = error;
    this.logGamma = Math.log1p(error) - Math.log1p(-error);
    this.shift = Math.ceil(745 / this.logGamma) + 1;
    // 2048 bins, as the paper takes for 0.01; a smaller error needs more for the same span.
    this.binsMax = Math.max(2048, Math.ceil(40.96 / this.logGamma));
  }

  binOf(value: number): number {
    if (value === 0) return 0;
    const i = Math.ceil(Math.log(Math.abs(value)) / this.logGamma) + this.shift;
    return value > 0 ? i : -i;
  }

  /** 2γ^i / (γ + 1), which is (1 − error) · γ^i: as far from the lower bound of the bin as from the upper, relative to each. */
  valueOf(bin: number): number {
    if (bin === 0) return 0;
    const magnitude = Math.exp((Math.abs(bin) - this.shift) * this.logGamma + Math.log1p(-this.error));
    return Math.sign(bin) * Math.min(magnitude, Number.MAX_VALUE);
  }
}

function quantilesOf(bins: Bins, qs: readonly number[], scale: Scale): number[] {
  const inOrder = Float64Array.from(bins.keys()).sort();
  let total = 0;
  for (const count of bins.values()) total += count;
  return qs.map(q => {
    const rank = Math.floor(q * (total - 1));
    let below = 0;
    for (const bin of inOrder) {
      below += bins.get(bin)!;
      if (below > rank) return scale.valueOf(bin);
    }
    return scale.valueOf(inOrder.at(-1)!);
  });
}

/** Joins an eighth of the bins at once, so that the sorting is shared by many values. */
function joinNearestToZero(bins: Bins, binsMax: number): void {
  const farthestFirst = Float64Array.from(bins.keys()).sort((a, b) => Math.abs(b) - Math.abs(a));
  const kept = binsMax - (binsMax >>> 3);
  let positive = 0;
  let negative = 0;
  farthestFirst.forEach((bin, i) => {
    if (bin === 0) return;
    const into = bin > 0 ? positive : negative;
    if (i < kept || into === 0) {
      if (bin > 0) positive = bin;
      else negative = bin;
    } else {
      bins.set(into, bins.get(into)! + bins.get(bin)!);
      bins.delete(bin);
    }
  });
}
