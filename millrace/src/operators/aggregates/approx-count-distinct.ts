import { MillraceError } from '../../base/errors.ts';
import type { Aggregate } from '../../spi/aggregate.ts';
import { aggregator } from './aggregator.ts';
import { hash50 } from './hash.ts';
import { distinctInput } from './input.ts';

export interface ApproxCountDistinctOptions {
  /** Registers are 2^precision bytes; from 4 to 18, default 14: 16 KiB and a standard error of 0.8 %. */
  precision?: number;
}

/**
 * About how many different values there are; `null` and `undefined` do not count. Values are told apart as keys are.
 *
 * HyperLogLog (Flajolet et al., AofA 2007) with the estimator of Ertl ("New cardinality estimation algorithms for HyperLogLog sketches",
 * 2017), which needs no correction tables. The standard error is 1.04 / √(2^precision). Up to 2^precision / 64 different values their
 * hashes of 50 bits are kept instead, which is exact but for collisions and small for a key that sees few (the sparse form of Heule et al.,
 * EDBT 2013).
 *
 * @throws MillraceError `AGGREGATE_INVALID` for a precision that is not an integer from 4 to 18
 * @example
 * stream.aggregate({ visitors: approxCountDistinct(view => view.userId) })
 */
export function approxCountDistinct<T>(of: (record: T) => unknown, options: ApproxCountDistinctOptions = {}): Aggregate<T, number> {
  const { precision = 14 } = options;
  if (!Number.isInteger(precision) || precision < 4 || precision > 18) {
    throw new MillraceError('AGGREGATE_INVALID', {
      where: 'approxCountDistinct',
      expected: 'a precision that is an integer from 4 to 18',
      got: String(precision),
    });
  }
  const registers = 2 ** precision;
  const sparseLimit = registers >>> 6;

  const fold = (sketch: Sketch, hash: number): Sketch => {
    if (sketch instanceof Uint8Array) {
      raise(sketch, precision, hash);
      return sketch;
    }
    sketch.add(hash);
    return sketch.size > sparseLimit ? dense(sketch, precision) : sketch;
  };

  return aggregator({
    name: 'approxCountDistinct',
    input(record: T): number | null {
      const key = distinctInput('approxCountDistinct', of(record));
      return key === undefined || key === null ? null : hash50(key);
    },
    create: (): Sketch => new Set(),
    add: fold,
    merge(sketch, other) {
      if (!(other instanceof Uint8Array)) {
        let merged = sketch;
        for (const hash of other) merged = fold(merged, hash);
        return merged;
      }
      const merged = sketch instanceof Uint8Array ? sketch : dense(sketch, precision);
      for (let i = 0; i < registers; i++) if (other[i]! > merged[i]!) merged[i] = other[i]!;
      return merged;
    },
    result: sketch => (sketch instanceof Uint8Array ? Math.round(estimate(sketch)) : sketch.size),
  });
}

/** Hashes while there are few, then one register for each group of hashes. */
type Sketch = Set<number> | Uint8Array<ArrayBuffer>;

/** A register holds at most the rank of 32 zero bits. */
const RANK_MAX = 33;

/** The upper bits of a hash choose a register; it keeps the greatest rank, 1 + the leading zeros of the lower 32 bits. */
function raise(registers: Uint8Array, precision: number, hash: number): void {
  const i = Math.floor(hash / 2 ** 32) >>> (18 - precision);
  const rank = Math.clz32(hash >>> 0) + 1;
  if (rank > registers[i]!) registers[i] = rank;
}

function dense(hashes: Set<number>, precision: number): Uint8Array<ArrayBuffer> {
  const registers = new Uint8Array(2 ** precision);
  for (const hash of hashes) raise(registers, precision, hash);
  return registers;
}

/** Algorithm 6 of Ertl 2017. */
function estimate(registers: Uint8Array): number {
  const m = registers.length;
  const having = new Float64Array(RANK_MAX + 1);
  for (const rank of registers) having[rank]!++;
  let z = m * tau(1 - having[RANK_MAX]! / m);
  for (let rank = RANK_MAX - 1; rank >= 1; rank--) z = 0.5 * (z + having[rank]!);
  z += m * sigma(having[0]! / m);
  return (m * m) / (2 * Math.LN2 * z);
}

/** x + Σ x^(2^k) · 2^(k−1) over k ≥ 1. */
function sigma(share: number): number {
  if (share === 1) return Infinity;
  let power = share;
  let weight = 1;
  let sum = share;
  let before: number;
  do {
    power *= power;
    before = sum;
    sum += power * weight;
    weight += weight;
  } while (sum !== before);
  return sum;
}

/** (1 − x − Σ (1 − x^(2^−k))² · 2^−k over k ≥ 1) / 3. */
function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let root = share;
  let weight = 1;
  let sum = 1 - share;
  let before: number;
  do {
    root = Math.sqrt(root);
    before = sum;
    weight *= 0.5;
    sum -= (1 - root) ** 2 * weight;
  } while (sum !== before);
  return sum / 3;
}
