import { describe, expect, test } from 'vitest';
import { asyncIteratorSink, blackhole, callback, toArray } from '../../../src/connectors/memory/index.ts';
import { SinkHarness, writeAll } from '../../support/sink-harness.ts';

const turn = () => new Promise(resolve => setImmediate(resolve));
const numbers = (n: number) => Array.from({ length: n }, (_, i) => i);

describe('callback', () => {
  test('is called with every record, without holding back', async () => {
    const seen: number[] = [];
    const run = await writeAll(
      callback<number>(n => seen.push(n)),
      numbers(10),
      { capacity: 3 },
    );
    expect(seen).toEqual(numbers(10));
    expect(run.heldBack).toBe(0);
  });

  test('that returns promises is called one at a time and holds the pipeline back', async () => {
    const seen: number[] = [];
    let running = 0;
    const slow = async (n: number) => {
      expect(++running).toBe(1);
      await turn();
      running--;
      seen.push(n);
    };
    // A promise for some records only.
    const run = await writeAll(
      callback<number>(n => (n % 3 === 1 ? slow(n) : seen.push(n))),
      numbers(20),
      { capacity: 6 },
    );
    expect(seen).toEqual(numbers(20));
    expect(run.heldBack).toBe(4);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('disk full');
      },
    ],
    ['rejects', () => Promise.reject(new Error('disk full'))],
  ])('that %s stops the pipeline', async (_, fail) => {
    const seen: number[] = [];
    const sink = callback<number>(n => (n === 2 ? fail() : seen.push(n)));
    await expect(writeAll(sink, numbers(5))).rejects.toThrow('disk full');
    expect(seen).toEqual([0, 1]);
  });
});

test('toArray collects, blackhole counts', async () => {
  const array: number[] = [-1];
  await writeAll(toArray(array), numbers(5), { capacity: 2 });
  expect(array).toEqual([-1, 0, 1, 2, 3, 4]);
  const hole = blackhole();
  await writeAll(hole, numbers(5), { capacity: 2 });
  await writeAll(hole, numbers(3));
  expect(hole.count).toBe(8);
});

describe('asyncIteratorSink', () => {
  test('a loop reads every record and ends with the pipeline', async () => {
    const { sink, iterator } = asyncIteratorSink<number>();
    const writing = writeAll(sink, numbers(10_000), { capacity: 100 });
    const read: number[] = [];
    for await (const n of iterator) read.push(n);
    expect(read).toEqual(numbers(10_000));
    await writing;
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  test('a reader that waits gets the record at once', async () => {
    const { sink, iterator } = asyncIteratorSink<string>();
    const run = await SinkHarness.open(sink);
    const [first, second] = [iterator.next(), iterator.next()];
    await run.write(['a', 'b', 'c']);
    expect([await first, await second, await iterator.next()].map(r => r.value)).toEqual(['a', 'b', 'c']);
  });

  test('a slow reader holds the pipeline back', async () => {
    const { sink, iterator } = asyncIteratorSink<number>();
    const run = await SinkHarness.open(sink, { capacity: 100 });
    let done = false;
    const writing = run.write(numbers(100_000)).then(() => (done = true));
    await turn();
    expect(run.heldBack).toBe(1);
    let read = 0;
    for (; read < 600; read++) expect(await iterator.next()).toEqual({ done: false, value: read });
    await turn();
    expect(done).toBe(false);
    // Never more than the bound and a batch are between the two.
    expect(run.heldBack).toBe(2);
    for (; read < 100_000; read++) await iterator.next();
    await writing;
  });

  test('leaving the loop stops the pipeline, once, and waits for that', async () => {
    let stopped = 0;
    const { sink, iterator } = asyncIteratorSink<number>({
      onReturn: async () => {
        await turn();
        stopped++;
      },
    });
    const run = await SinkHarness.open(sink, { capacity: 100 });
    const writing = run.write(numbers(5_000));
    for await (const n of iterator) if (n === 10) break;
    expect(stopped).toBe(1);
    // What still comes is not kept for anyone, and nothing is held back.
    await writing;
    await run.close();
    await iterator.return!();
    expect(stopped).toBe(1);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  test('an error in the loop stops the pipeline as well', async () => {
    let stopped = 0;
    const { sink, iterator } = asyncIteratorSink<number>({ onReturn: () => void stopped++ });
    const run = await SinkHarness.open(sink);
    await run.write([1]);
    const loop = async () => {
      for await (const n of iterator) throw new Error(`did not expect ${n}`);
    };
    await expect(loop()).rejects.toThrow('did not expect 1');
    expect(stopped).toBe(1);
  });

  test('a failure of the pipeline is thrown in the loop, after the records before it', async () => {
    const { sink, iterator, fail } = asyncIteratorSink<number>({ onReturn: () => expect.unreachable() });
    const run = await SinkHarness.open(sink);
    await run.write([1, 2]);
    await run.close('failed');
    fail(new Error('broker gone'));
    const read: number[] = [];
    const loop = async () => {
      for await (const n of iterator) read.push(n);
    };
    await expect(loop()).rejects.toThrow('broker gone');
    expect(read).toEqual([1, 2]);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  test('a failure reaches a reader that waits, and only the first of several', async () => {
    const { iterator, fail } = asyncIteratorSink<number>();
    const waiting = [iterator.next(), iterator.next()];
    fail(new Error('broker gone'));
    await expect(waiting[0]).rejects.toThrow('broker gone');
    expect(await waiting[1]).toEqual({ done: true, value: undefined });
  });

  test('a pipeline that is stopped at once is not held back by a reader that does not read', async () => {
    const { sink } = asyncIteratorSink<number>();
    const run = await SinkHarness.open(sink, { capacity: 1_000 });
    const writing = run.write(numbers(20_000));
    await turn();
    run.stop();
    await writing;
    await run.close('failed');
  });

  test('cannot be opened twice', async () => {
    const { sink } = asyncIteratorSink<number>();
    await SinkHarness.open(sink);
    await expect(SinkHarness.open(sink)).rejects.toMatchObject({ code: 'SINK_IN_USE' });
  });
});
