import type { Random } from '../../base/environment.ts';

/** Rounds after which the state has forgotten what it was seeded with, as PractRand does for sfc32. */
const WARM_UP_ROUNDS = 12;

/**
 * Random numbers that depend on a seed and an index alone: the generator sfc32 (Chris Doty-Humphrey, PractRand), whose state is set from
 * both at each record, so that any record can be made without those before it.
 */
export class IndexedRandom implements Random {
  private readonly seed: number;
  private a = 0;
  private b = 0;
  private c = 0;
  private counter = 0;

  constructor(seed: number) {
    this.seed = seed | 0;
  }

  /** Goes to the first number of an index. */
  seek(index: number): void {
    this.a = this.seed;
    this.b = index | 0;
    this.c = (index / 2 ** 32) | 0;
    this.counter = 1;
    for (let round = 0; round < WARM_UP_ROUNDS; round++) this.round();
  }

  next(): number {
    return (this.round() >>> 0) / 2 ** 32;
  }

  private round(): number {
    const { a, b, c } = this;
    const sum = (((a + b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = b ^ (b >>> 9);
    this.b = (c + (c << 3)) | 0;
    this.c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum;
  }
}
