import type { Random } from '../../base/environment.ts';
import { MillraceError, messageOf } from '../../base/errors.ts';
import type { Polled, ReaderContext, Source, SplitReader } from '../../spi/source.ts';
import { type Batch, NO_TIME } from '../../types/batch.ts';
import { IndexedRandom } from './indexed-random.ts';
import { Pacer } from './pacer.ts';

export interface GeneratorOptions<T> {
  /** Whole number that all random numbers depend on. */
  seed: number;
  /**
   * Makes the record of an index, from 0. `random` starts anew for each index, so that a record depends on seed and index alone; it is
   * only to be used during the call. A throw rejects the index.
   */
  make: (index: number, random: Random) => T;
  /**
   * Records per second over all splits, on the clock of the environment; after a hold-up, what was missed is made up for, up to one
   * second's worth. Default: as fast as the pipeline takes them.
   */
  rate?: number;
  /** How many records are made. Default: without end. */
  count?: number;
  /** Splits to make them in; split k of n makes the indexes k, k + n, k + 2n, … Default 1. */
  splits?: number;
}

/**
 * Makes records, the same ones for the same seed. The position of a split is the next index.
 *
 * @throws MillraceError `OPTION_INVALID`
 * @example
 * p.from(generator({ seed: 1, rate: 1000, make: (index, random) => ({ sensor: index % 10, celsius: 20 + random.next() }) }))
 */
export function generator<T>(options: GeneratorOptions<T>): Source<T> {
  const { seed, rate, count = Infinity, splits = 1 } = options;
  check('seed', Number.isSafeInteger(seed), 'a whole number', seed);
  check('rate', rate === undefined || (rate > 0 && rate < Infinity), 'records per second, more than 0', rate);
  check('count', count === Infinity || (Number.isSafeInteger(count) && count >= 0), 'a whole number from 0', count);
  check('splits', Number.isSafeInteger(splits) && splits >= 1, 'a whole number from 1', splits);
  return {
    connector: 'generator',
    description: `seed ${seed}${count === Infinity ? '' : `, ${count} records`}${rate === undefined ? '' : `, ${rate}/s`}`,
    bounded: count < Infinity,
    async enumerate({ found }) {
      found(Array.from({ length: splits }, (_, k) => ({ id: String(k) })));
    },
    async open(context, position) {
      return new GeneratorReader(options, context, typeof position === 'number' ? position : Number(context.split.id));
    },
  };
}

class GeneratorReader<T> implements SplitReader<T> {
  private readonly make: (index: number, random: Random) => T;
  private readonly count: number;
  private readonly step: number;
  private readonly random: IndexedRandom;
  private readonly context: ReaderContext;
  private readonly pacer: Pacer | undefined;
  private next: number;
  private cancelTimer: (() => void) | undefined;

  constructor({ seed, make, rate, count = Infinity, splits = 1 }: GeneratorOptions<T>, context: ReaderContext, next: number) {
    this.make = make;
    this.count = count;
    this.step = splits;
    this.random = new IndexedRandom(seed);
    this.context = context;
    this.next = next;
    // Splits take turns: index 0 of the round that `next` belongs to is due now.
    if (rate !== undefined) this.pacer = new Pacer(context.environment, rate, next - (next % splits));
  }

  poll(batch: Batch<T>): Polled {
    const due = Math.min(this.count, this.pacer?.dueBefore(this.next) ?? Infinity);
    for (let left = batch.capacity; left > 0 && this.next < due; left--) {
      const index = this.next;
      this.next += this.step;
      this.random.seek(index);
      try {
        batch.push(this.make(index, this.random), NO_TIME, index);
      } catch (error) {
        this.context.reject('failed', messageOf(error), undefined, index);
      }
    }
    if (this.next >= this.count) return 'end';
    if (this.next < due || this.pacer === undefined) return 'more';
    this.cancelTimer?.();
    this.cancelTimer = this.pacer.at(this.next, () => this.context.wake());
    return 'wait';
  }

  position(): number {
    return this.next;
  }

  async close(): Promise<void> {
    this.cancelTimer?.();
  }
}

function check(option: string, holds: boolean, expected: string, got: number | undefined): void {
  if (!holds) throw new MillraceError('OPTION_INVALID', { where: `generator, ${option}`, expected, got: String(got) });
}
