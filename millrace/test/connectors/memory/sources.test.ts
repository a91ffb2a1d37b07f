import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromArray, fromIterable } from '../../../src/connectors/memory/index.ts';
import { readAll, SourceHarness } from '../../support/source-harness.ts';

const turn = () => new Promise(resolve => setImmediate(resolve));

describe('fromArray', () => {
  test('reads every record once, whatever the size of batches and wherever it goes on', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer()), fc.integer({ min: 1, max: 7 }), fc.nat({ max: 50 }), async (records, capacity, position) => {
        const run = await readAll(fromArray(records), { capacity, positions: new Map([['0', position]]) });
        expect(run.values).toEqual(records.slice(position));
        expect(run.records.map(r => r.position)).toEqual(records.map((_, i) => i).slice(position));
        expect(run.positions().get('0')).toBe(Math.max(records.length, position));
      }),
      { numRuns: 50 },
    );
  });

  test('can be read again, and is timestamped when asked', async () => {
    const source = fromArray(['a', 'b'], { timestamps: (_, index) => index * 1_000 });
    expect(source.timestamped).toBe(true);
    expect(fromArray([]).timestamped).toBe(false);
    for (let i = 0; i < 2; i++) expect((await readAll(source)).records.map(r => r.time)).toEqual([0, 1_000]);
  });

  test('a timestamp that cannot be told rejects its record alone', async () => {
    const timestamps = (n: number) => {
      if (n === 2) throw new Error('no time');
      return n;
    };
    const run = await readAll(fromArray([1, 2, 3], { timestamps }));
    expect(run.values).toEqual([1, 3]);
    expect(run.rejects).toMatchObject([{ reason: 'failed', message: 'no time', position: 1, value: 2 }]);
  });
});

function* countTo(n: number, onReturn = () => {}, at3 = () => {}): Generator<number> {
  try {
    for (let i = 0; i < n; i++) {
      if (i === 3) at3();
      yield i;
    }
  } finally {
    onReturn();
  }
}

async function* countSlowlyTo(n: number, onReturn = () => {}, at3 = () => {}): AsyncGenerator<number> {
  try {
    for (let i = 0; i < n; i++) {
      await turn();
      if (i === 3) at3();
      yield i;
    }
  } finally {
    onReturn();
  }
}

describe.each([
  ['synchronous', countTo],
  ['asynchronous', countSlowlyTo],
] as const)('fromIterable, %s', (_, count) => {
  test('reads to the end', async () => {
    let returned = 0;
    const run = await readAll(
      fromIterable(() => count(100, () => returned++)),
      { capacity: 7 },
    );
    expect(run.values).toEqual([...countTo(100)]);
    expect(run.records.map(r => r.position)).toEqual([...countTo(100)]);
    expect(run.positions().get('0')).toBe(100);
    expect(returned).toBe(1);
  });

  test('goes on at a position when it can be made anew', async () => {
    const source = fromIterable(() => count(10));
    expect((await readAll(source, { positions: new Map([['0', 7]]) })).records).toMatchObject([
      { value: 7, position: 7 },
      { value: 8, position: 8 },
      { value: 9, position: 9 },
    ]);
    expect((await readAll(source, { positions: new Map([['0', 11]]) })).values).toEqual([]);
  });

  test('does not pretend that a generator can be read again', async () => {
    const generator = count(3);
    const source = fromIterable<number>(generator);
    expect((await readAll(source)).values).toEqual([0, 1, 2]);
    await expect(readAll(source)).rejects.toMatchObject({ code: 'ITERABLE_CONSUMED' });
    await expect(readAll(fromIterable<number>(count(3)), { positions: new Map([['0', 1]]) })).rejects.toMatchObject({
      code: 'ITERABLE_CONSUMED',
    });
  });

  test('an endless one is returned when the pipeline stops', async () => {
    let returned = 0;
    const run = new SourceHarness(fromIterable(() => count(Infinity, () => returned++)));
    await run.until(() => run.values.length >= 10);
    await run.stop();
    // A generator that is waiting returns when it goes on.
    await turn();
    expect(returned).toBe(1);
  });

  test('one that throws fails the pipeline, after what came before', async () => {
    const closedAt3 = () => {
      throw new Error('the cursor was closed');
    };
    const run = new SourceHarness(fromIterable<number>(() => count(5, undefined, closedAt3)));
    await expect(run.finish()).rejects.toThrow('the cursor was closed');
    expect(run.values).toEqual([0, 1, 2]);
  });
});

describe('fromIterable and backpressure', () => {
  test('a synchronous iterable is asked only when the pipeline polls', async () => {
    let made = 0;
    const run = new SourceHarness(
      fromIterable(function* () {
        for (;;) yield made++;
      }),
      { capacity: 10 },
    );
    run.paused = true;
    await run.settle();
    expect(made).toBe(0);
    run.pollOnce();
    expect(made).toBe(10);
    await run.settle();
    expect(made).toBe(10);
    await run.stop();
  });

  test('an asynchronous one is read a few records ahead and no further', async () => {
    let made = 0;
    const run = new SourceHarness(
      fromIterable(async function* () {
        for (;;) yield made++;
      }),
      { capacity: 10 },
    );
    await run.until(() => made > 0);
    run.paused = true;
    await run.settle();
    expect(made).toBeLessThanOrEqual(run.values.length + 33);
    run.paused = false;
    await run.until(() => run.values.length > 200);
    expect(run.values).toEqual(run.values.map((_, i) => i));
    await run.stop();
  });

  test('a next() that never settles does not keep the pipeline from stopping', async () => {
    let returned = false;
    const silent: AsyncIterableIterator<number> = {
      next: () => new Promise(() => {}),
      return: async () => {
        returned = true;
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
    const run = new SourceHarness(fromIterable(silent));
    await run.settle();
    await run.stop();
    expect(returned).toBe(true);
  });

  test('whatever is iterable: arrays again and again, sets, strings, streams', async () => {
    const array = fromIterable([1, 2]);
    for (let i = 0; i < 2; i++) expect((await readAll(array)).values).toEqual([1, 2]);
    expect((await readAll(array, { positions: new Map([['0', 1]]) })).values).toEqual([2]);
    expect((await readAll(fromIterable(new Set(['x'])))).values).toEqual(['x']);
    expect((await readAll(fromIterable('ab'))).values).toEqual(['a', 'b']);
    expect((await readAll(fromIterable(ReadableStream.from([1, 2, 3])))).values).toEqual([1, 2, 3]);
  });
});
