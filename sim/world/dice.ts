import { seededRandom } from '../../millrace/src/base/random.ts';
import type { Random } from '../../millrace/src/base/environment.ts';

/** Draws from one seed. Every decision of the simulator is one of its. */
export class Dice implements Random {
  private readonly random: Random;

  constructor(seed: number, purpose = '') {
    let mixed = seed | 0;
    for (let i = 0; i < purpose.length; i++) mixed = Math.imul(mixed ^ purpose.charCodeAt(i), 0x01000193);
    this.random = seededRandom(mixed);
  }

  next(): number {
    return this.random.next();
  }

  /** A whole number from `least` to `most`, both included. */
  int(least: number, most: number): number {
    return least + Math.floor(this.random.next() * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.random.next() < probability;
  }

  pick<T>(of: readonly T[]): T {
    return of[this.int(0, of.length - 1)]!;
  }

  shuffled<T>(of: readonly T[]): T[] {
    const left = [...of];
    return of.map(() => left.splice(this.int(0, left.length - 1), 1)[0]!);
  }
}
