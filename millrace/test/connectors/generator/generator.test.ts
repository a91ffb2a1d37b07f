import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generator } from '../../../src/connectors/generator/index.ts';
import { IndexedRandom } from '../../../src/connectors/generator/indexed-random.ts';
import { ManualEnvironment } from '../../support/manual-environment.ts';
import { readAll, SourceHarness } from '../../support/source-harness.ts';

describe('records', () => {
  test('are the same for the same seed, whatever the batches, the splits and where reading starts', async () => {
    const make = (index: number, random: { next(): number }) => [index, random.next(), random.next()];
    const whole = (await readAll(generator({ seed: 7, count: 200, make }))).values;
    expect(whole.map(([index]) => index)).toEqual(Array.from({ length: 200 }, (_, i) => i));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat({ max: 250 }),
        async (capacity, splits, from) => {
          // The first index of each split that is at or behind `from`.
          const positions = new Map(
            Array.from({ length: splits }, (_, k) => [String(k), k + splits * Math.max(0, Math.ceil((from - k) / splits))] as const),
          );
          const run = await readAll(generator({ seed: 7, count: 200, splits, make }), { capacity, positions });
          expect(run.values.toSorted((a, b) => a[0]! - b[0]!)).toEqual(whole.slice(from));
          for (const { value, position } of run.records) expect(position).toBe(value[0]);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('differ with the seed and the index', async () => {
    const first = async (seed: number) => (await readAll(generator({ seed, count: 1_000, make: (_, random) => random.next() }))).values;
    expect(new Set([...(await first(1)), ...(await first(2))]).size).toBe(2_000);
  });

  test('a make that throws rejects its index and nothing else', async () => {
    const make = (index: number) => {
      if (index % 2 === 1) throw new Error(`odd ${index}`);
      return index;
    };
    const run = await readAll(generator({ seed: 1, count: 5, make }));
    expect(run.values).toEqual([0, 2, 4]);
    expect(run.rejects.map(r => [r.reason, r.message, r.position])).toEqual([
      ['failed', 'odd 1', 1],
      ['failed', 'odd 3', 3],
    ]);
  });

  test('a make that always throws does not keep a poll from returning', async () => {
    const run = new SourceHarness(
      generator({
        seed: 1,
        make: () => {
          throw new Error('always');
        },
      }),
      { capacity: 10 },
    );
    await run.until(() => run.rejects.length >= 25);
    await run.stop();
    expect(run.rejects.length).toBeLessThan(100);
  });
});

test('random numbers are uniform, at the first draw of an index as over many draws', () => {
  const random = new IndexedRandom(42);
  const draws = 100_000;
  const inBucket = (draw: (i: number) => number) => {
    const buckets = new Float64Array(100);
    for (let i = 0; i < draws; i++) buckets[Math.floor(draw(i) * 100)]! += 1;
    return buckets.reduce((sum, n) => sum + (n - draws / 100) ** 2 / (draws / 100), 0);
  };
  const firstDraw = inBucket(i => {
    random.seek(i);
    return random.next();
  });
  random.seek(2 ** 40);
  // Chi-squared with 99 degrees of freedom exceeds 149 once in a thousand; the seed is fixed.
  expect(firstDraw).toBeLessThan(149);
  expect(inBucket(() => random.next())).toBeLessThan(149);
});

describe('rate', () => {
  /** How many records there are after each step of the clock. */
  async function paced(run: SourceHarness<number>, environment: ManualEnvironment, steps: number[]): Promise<number[]> {
    const counts: number[] = [];
    for (const step of steps) {
      environment.advance(step);
      await run.settle(10);
      counts.push(run.values.length);
    }
    return counts;
  }

  test('is kept to the record, without drift', async () => {
    const environment = new ManualEnvironment(1_700_000_000_000);
    const run = new SourceHarness(generator({ seed: 1, rate: 3, make: index => index }), { environment });
    await run.settle();
    expect(run.values).toEqual([0]);
    expect(await paced(run, environment, [300, 33, 1, 333, 333])).toEqual([1, 1, 2, 3, 4]);
    // In an hour of uneven steps, exactly one record more than 3 times 3600.
    let left = 3_600_000 - 1_000;
    for (let i = 0; left > 0; i++) {
      const step = Math.min(left, [7, 650, 311, 999][i % 4]!);
      environment.advance(step);
      run.pollOnce();
      left -= step;
    }
    await run.settle();
    expect(run.values.length).toBe(3 * 3_600 + 1);
    await run.stop();
    expect(environment.pending).toBe(0);
  });

  test('sleeps between records: no poll finds more than is due', async () => {
    const environment = new ManualEnvironment();
    const run = new SourceHarness(generator({ seed: 1, rate: 10_000, make: index => index }), { environment });
    await run.settle();
    expect(await paced(run, environment, [1, 1, 10])).toEqual([11, 21, 121]);
    await run.stop();
  });

  test('after a hold-up, one second is made up for and no more', async () => {
    const environment = new ManualEnvironment();
    const run = new SourceHarness(generator({ seed: 1, rate: 100, make: index => index }), { environment });
    await run.settle();
    run.paused = true;
    environment.advance(60_000);
    await run.settle();
    expect(run.values.length).toBe(1);
    run.paused = false;
    await run.settle();
    expect(run.values.length).toBeGreaterThanOrEqual(101);
    expect(run.values.length).toBeLessThanOrEqual(102);
    const [before, after] = await paced(run, environment, [0, 1_000]);
    expect(after! - before!).toBe(100);
    await run.stop();
  });

  test('is shared by the splits, which take turns', async () => {
    const environment = new ManualEnvironment();
    const run = new SourceHarness(generator({ seed: 1, rate: 10, splits: 4, make: index => index }), { environment });
    await run.settle();
    expect(await paced(run, environment, [0, 100, 100, 100, 100, 600])).toEqual([1, 2, 3, 4, 5, 11]);
    expect(run.values.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    await run.stop();
    expect(environment.pending).toBe(0);
  });

  test('goes on at once from a position, and ends at the count', async () => {
    const environment = new ManualEnvironment();
    const run = new SourceHarness(generator({ seed: 1, rate: 1, count: 52, make: index => index }), {
      environment,
      positions: new Map([['0', 50]]),
    });
    await run.settle();
    expect(run.values).toEqual([50]);
    environment.advance(1_000);
    await run.finish();
    expect(run.values).toEqual([50, 51]);
  });
});

test.each([[{ seed: 0.5 }], [{ rate: 0 }], [{ rate: Infinity }], [{ count: -1 }], [{ count: 1.5 }], [{ splits: 0 }]])(
  '%j is refused',
  options => {
    expect(() => generator({ seed: 1, make: index => index, ...options })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
  },
);
