import { FIRST_TIME_MS } from './events.ts';

/** Adds up what a case makes; the order of the results does not count. All terms are whole numbers, so the sum is exact below 2^53. */
export class Checksum {
  value = 0;

  add(term: number): void {
    this.value += term;
  }

  /** The result of a window. */
  addWindow(windowEndMs: number, count: number, total: number): void {
    this.value += ((windowEndMs - FIRST_TIME_MS) / 1000) * count + total;
  }
}
