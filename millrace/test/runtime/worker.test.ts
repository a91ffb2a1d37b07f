import { describe, expect, test } from 'vitest';
import { fromArray, fromIterable, toArray } from '../../src/connectors/memory/index.ts';
import { count, pipeline, sum, tumbling } from '../../src/index.ts';
import type { Sink, Source } from '../../src/spi/index.ts';
import { testPipeline } from '../../src/testing/index.ts';
import type { Batch } from '../../src/types/batch.ts';

const numbers = (n: number) => Array.from({ length: n }, (_, i) => i);

/** A sink that takes a turn of the event loop for every batch. */
function slowSink<T>(onWrite: (batch: Batch<T>) => void): Sink<T> {
  return {
    connector: 'slow',
    description: '',
    accepts: ['append', 'upsert'],
    async open() {
      return {
        async write(batch) {
          onWrite(batch);
          await new Promise(resolve => setImmediate(resolve));
        },
        flush() {},
        async close() {},
      };
    },
  };
}

describe('worker', () => {
  test('a slow sink holds the source back', async () => {
    let pulled = 0;
    let written = 0;
    let furthest = 0;
    const p = pipeline('slow');
    p.from(
      fromIterable(
        (function* () {
          for (; pulled < 200_000; pulled++) yield pulled;
        })(),
      ),
    )
      .map(n => n + 1)
      .to(
        slowSink(batch => {
          written += batch.length;
          furthest = Math.max(furthest, pulled - written);
        }),
      );
    await p.run();
    expect(written).toBe(200_000);
    expect(furthest).toBeLessThanOrEqual(4096);
  });

  test('a firing that makes far more than a batch is sent in portions', async () => {
    let largest = 0;
    let waiting = 0;
    let total = 0;
    const p = pipeline('burst');
    p.from(fromArray(numbers(50_000)))
      .eventTime(() => 0)
      .keyBy(n => n)
      .window(tumbling('1s'))
      .aggregate({ n: count() })
      .to(
        slowSink(batch => {
          total += batch.length;
          largest = Math.max(largest, batch.length);
        }),
      );
    const job = p.start();
    const watch = setInterval(() => {
      const [window] = job.metrics().nodes.filter(n => n.id === 'array/window');
      waiting = Math.max(waiting, window!.recordsOut - total);
    }, 1);
    await job.done;
    clearInterval(watch);
    expect(total).toBe(50_000);
    expect(largest).toBeLessThanOrEqual(1024);
    expect(waiting).toBeLessThanOrEqual(8 * 1024);
  });

  test('stop lets what was read run through and fires what is open', async () => {
    const out: { n: number }[] = [];
    let fed = 0;
    const p = pipeline('stopped');
    p.from(
      fromIterable(
        (async function* () {
          for (;;) {
            yield fed++;
            if (fed % 100 === 0) await new Promise(resolve => setImmediate(resolve));
          }
        })(),
      ),
    )
      .eventTime(n => n)
      .keyBy(() => 'all')
      .window(tumbling('1h'))
      .aggregate({ n: count() })
      .to(toArray(out));
    const job = p.start();
    while (job.metrics().recordsIn < 1000) await new Promise(resolve => setImmediate(resolve));
    const result = await job.stop();
    expect(result.outcome).toBe('finished');
    expect(out.reduce((n, r) => n + r.n, 0)).toBe(result.metrics.recordsIn);
  });

  test('stop drains what was taken in and cannot be read again', async () => {
    const out: number[] = [];
    let release = () => {};
    const gate = new Promise<void>(resolve => {
      release = resolve;
    });
    const queue = [1, 2, 3, 4, 5];
    const p = pipeline('drained');
    p.from<number>({
      connector: 'inbox',
      description: '',
      bounded: false,
      enumerate: async ({ found, signal }) => {
        found([{ id: 'only' }]);
        await new Promise(resolve => signal.addEventListener('abort', resolve));
      },
      open: async ({ signal }) => ({
        drains: true,
        poll(batch) {
          const next = queue.shift();
          if (next !== undefined) batch.push(next, Number.NaN, next);
          return queue.length > 0 ? 'more' : signal.aborted ? 'end' : 'wait';
        },
        position: () => 0,
        close: async () => {},
      }),
    }).to({
      connector: 'gated',
      description: '',
      accepts: ['append'],
      open: async () => ({
        async write(batch) {
          const records = batch.values.slice(0, batch.length);
          await gate;
          out.push(...records);
        },
        flush() {},
        close: async () => {},
      }),
    });
    const job = p.start();
    while (job.metrics().recordsIn === 0) await new Promise(resolve => setImmediate(resolve));
    const stopped = job.stop();
    release();
    await stopped;
    expect(out).toEqual([1, 2, 3, 4, 5]);
  });

  test('abort ends at once and closes what was open', async () => {
    const closed: string[] = [];
    const p = pipeline('aborted');
    p.from(
      fromIterable(async function* () {
        try {
          for (;;) yield await new Promise<number>(resolve => setImmediate(() => resolve(1)));
        } finally {
          closed.push('source');
        }
      }),
    ).to({
      connector: 'x',
      description: '',
      accepts: ['append'],
      open: async () => ({
        write() {},
        flush() {},
        close: async outcome => {
          closed.push(outcome);
        },
      }),
    });
    const job = p.start();
    while (job.metrics().recordsIn < 5) await new Promise(resolve => setImmediate(resolve));
    job.abort();
    expect((await job.done).outcome).toBe('aborted');
    // The iterable is told at once, and ends when what it waits for has come.
    while (closed.length < 2) await new Promise(resolve => setImmediate(resolve));
    expect(closed).toEqual(['failed', 'source']);
  });

  test.each(['open', 'write', 'flush', 'close'] as const)('a sink that fails to %s stops the pipeline with its name', async step => {
    const fail = async () => {
      throw new Error('disk on fire');
    };
    const p = pipeline('failing');
    p.from(fromArray([1])).to({
      connector: 'x',
      description: '',
      accepts: ['append'],
      open: async () => {
        if (step === 'open') await fail();
        return {
          write: () => (step === 'write' ? fail() : undefined),
          flush: () => (step === 'flush' ? fail() : undefined),
          close: async outcome => {
            if (step === 'close' && outcome === 'finished') await fail();
          },
        };
      },
    });
    if (step === 'flush')
      p.from(
        fromIterable(async function* () {
          await new Promise(resolve => setTimeout(resolve, 20));
          yield 1;
        }),
      ).to(toArray<number>([]));
    await expect(p.run()).rejects.toThrow(/SINK_FAILED[\s\S]*array\/to-x[\s\S]*disk on fire/);
  });

  test.each(['enumerate', 'open', 'poll'] as const)('a source that fails to %s stops the pipeline with its name', async step => {
    const fail = (): never => {
      throw new Error('cable cut');
    };
    const source: Source<number> = {
      connector: 'wire',
      description: '',
      bounded: true,
      enumerate: async ({ found }) => (step === 'enumerate' ? fail() : found([{ id: 'w1' }])),
      open: async () =>
        step === 'open' ? fail() : { poll: () => (step === 'poll' ? fail() : 'end'), position: () => 0, close: async () => {} },
    };
    const p = pipeline('failing');
    p.from(source).to(toArray<number>([]));
    await expect(p.run()).rejects.toThrow(/SOURCE_FAILED[\s\S]*wire[\s\S]*cable cut/);
  });

  test('a lone record comes out although the source stays open', async () => {
    const out: number[] = [];
    let release = () => {};
    const p = pipeline('lone');
    p.from(
      fromIterable(
        (async function* () {
          yield 1;
          await new Promise<void>(resolve => {
            release = resolve;
          });
        })(),
      ),
    )
      .keyBy(() => 'k')
      .aggregate({ total: sum(n => n) })
      .map(r => r.total)
      .to(toArray(out));
    const job = p.start();
    for (let i = 0; i < 1000 && out.length === 0; i++) await new Promise(resolve => setImmediate(resolve));
    expect(out).toEqual([1]);
    release();
    await job.done;
  });

  test('an operator between a source that ended and one that goes on keeps its watermark', async () => {
    const out: unknown[] = [];
    const p = pipeline('two');
    const a = p.from(fromArray([{ at: 0 }, { at: 5000 }])).eventTime(r => r.at);
    const b = p.from(fromArray([{ at: 100 }, { at: 200 }])).eventTime(r => r.at);
    a.union(b)
      .keyBy(() => 'k')
      .window(tumbling('1s'))
      .aggregate({ n: count() })
      .map(r => r.n)
      .to(toArray(out));
    const { metrics } = await p.run();
    expect(out).toEqual([3, 1]);
    expect(metrics.rejected).toEqual({});
  });

  test('calls are made again in time although results are held back by what follows', async () => {
    const attempts: number[] = [];
    let fail = () => {};
    const p = pipeline('held');
    p.from(fromArray<number>([]))
      .name('numbers')
      .mapAsync(
        (n, { attempt }) => {
          if (n === 2) attempts.push(attempt);
          if (n === 1 || attempt > 1) return n;
          return new Promise<number>((_, reject) => {
            fail = () => reject(new Error('not yet'));
          });
        },
        { timeout: '1m', retry: { attempts: 2, backoff: '1s' } },
      )
      .to(toArray<number>([]), { name: 'out' });
    const t = await testPipeline(p);
    t.sink('out').hold();
    await t.source<number>('numbers').feed(1, 2);
    fail();
    await t.settle();
    await t.advanceTime('2m');
    expect(attempts).toEqual([1, 2]);
    await t.sink('out').release();
    await t.finish();
    expect(t.rejects).toEqual([]);
    expect(t.sink('out').records).toEqual([1, 2]);
  });
});
