import { describe, expect, test } from 'vitest';
import { callback, fromArray } from '../../src/connectors/memory/index.ts';
import { count, pipeline, sum, tumbling } from '../../src/index.ts';
import { testPipeline } from '../../src/testing/index.ts';

interface Order {
  shop: string;
  at: number;
  total: number;
}

function orders() {
  const p = pipeline('orders');
  p.from(fromArray<Order>([]))
    .name('orders')
    .eventTime(o => o.at, { outOfOrderness: '1s', idleAfter: '10s' })
    .keyBy('shop')
    .window(tumbling('10s'))
    .aggregate({ n: count(), total: sum(o => o.total) })
    .to(
      callback(() => {}),
      { name: 'totals' },
    );
  return p;
}

describe('testPipeline', () => {
  test('feeds sources, reads sinks, sees what is late', async () => {
    const t = await testPipeline(orders());
    const source = t.source<Order>('orders');
    const sink = t.sink('totals');
    await source.feed({ shop: 'a', at: 1000, total: 5 }, { shop: 'a', at: 2000, total: 6 });
    expect(sink.records).toEqual([]);
    await source.feed({ shop: 'b', at: 11_001, total: 1 });
    expect(sink.take()).toEqual([{ key: 'a', window: { start: 0, end: 10_000 }, n: 2, total: 11 }]);
    await source.feed({ shop: 'a', at: 3000, total: 7 });
    expect(t.late).toMatchObject([{ value: { at: 3000 }, eventTimeMs: 3000, origin: { source: 'orders', split: '0', position: 3 } }]);
    await t.finish();
    expect(sink.received).toEqual([{ value: { key: 'b', window: { start: 10_000, end: 20_000 }, n: 1, total: 1 }, timeMs: 19_999 }]);
  });

  test('the slowest split holds the watermark, until it falls idle or ends', async () => {
    const t = await testPipeline(orders(), { splits: { orders: ['0', '1', '2'] } });
    const source = t.source<Order>('orders');
    await source.split('0').feed({ shop: 'a', at: 50_000, total: 1 });
    await source.split('1').feed({ shop: 'a', at: 60_000, total: 1 });
    expect(t.metrics.watermarkMs).toBe(-Infinity);
    await t.advanceTime('9s');
    await source.split('0').feed({ shop: 'a', at: 50_000, total: 1 });
    await source.split('1').feed({ shop: 'a', at: 60_000, total: 1 });
    await t.advanceTime('1s');
    expect(t.metrics.watermarkMs).toBe(48_999);
    await source.split('0').finish();
    expect(t.metrics.watermarkMs).toBe(58_999);
    // One that comes back counts again, but the watermark does not go back.
    await source.split('2').feed({ shop: 'c', at: 58_000, total: 1 });
    expect(t.late).toHaveLength(0);
    await source.split('1').feed({ shop: 'a', at: 90_000, total: 1 });
    expect(t.metrics.watermarkMs).toBe(58_999);
    await t.abort();
  });

  test('time is not counted as idle while the sink holds the source back', async () => {
    const t = await testPipeline(orders(), { splits: { orders: ['0', '1'] } });
    const source = t.source<Order>('orders');
    await t.advanceWatermark(20_000);
    t.sink('totals').hold();
    await source.split('0').feed({ shop: 'a', at: 25_000, total: 1 });
    await source.split('1').feed({ shop: 'a', at: 31_001, total: 1 }, { shop: 'a', at: 32_000, total: 1 });
    await source.split('0').feed({ shop: 'a', at: 40_000, total: 1 });
    // The sink is busy now. What comes for split 1 meanwhile waits in the source.
    await source.split('1').feed({ shop: 'a', at: 33_000, total: 1 });
    await source.split('0').feed({ shop: 'a', at: 90_000, total: 1 });
    await t.advanceTime('1h');
    expect(t.metrics.watermarkMs).toBeLessThan(33_000);
    await t.sink('totals').release();
    expect(t.late).toEqual([]);
    await t.finish();
    expect(t.sink<{ n: number }>('totals').records.reduce((n, r) => n + r.n, 0)).toBe(6);
  });

  test('watermarks can be raised by hand', async () => {
    const t = await testPipeline(orders());
    await t.source<Order>('orders').feed({ shop: 'a', at: 1000, total: 5 });
    await t.advanceWatermark(9_998);
    expect(t.sink('totals').records).toHaveLength(0);
    await t.advanceWatermark(9_999);
    expect(t.sink('totals').records).toHaveLength(1);
    await t.finish();
  });

  test('processing time moves only when it is told to', async () => {
    const p = pipeline('ticks');
    p.from(fromArray(['x']))
      .keyBy(v => v)
      .window(tumbling('10s', { time: 'processing' }))
      .aggregate({ n: count() })
      .to(
        callback(() => {}),
        { name: 'out' },
      );
    const t = await testPipeline(p, { startTimeMs: 5000 });
    await t.source<string>('array').feed('x', 'x');
    await t.advanceTime('4s');
    expect(t.nowMs).toBe(9000);
    expect(t.sink('out').records).toEqual([]);
    await t.advanceTime('1s');
    expect(t.sink('out').records).toEqual([{ key: 'x', window: { start: 0, end: 10_000 }, n: 2 }]);
    await t.finish();
  });

  test('asynchronous calls, retries and timers run on virtual time', async () => {
    const calls: number[] = [];
    const p = pipeline('calls');
    p.from(fromArray<number>([]))
      .mapAsync(
        async (n, { attempt }) => {
          calls.push(n);
          if (attempt < 3) throw new Error('busy');
          return n * 2;
        },
        { retry: { attempts: 3, backoff: '1s' } },
      )
      .to(
        callback(() => {}),
        { name: 'out' },
      );
    const t = await testPipeline(p, { seed: 7 });
    await t.source<number>('array').feed(21);
    expect(calls).toEqual([21]);
    await t.advanceTime('1m');
    expect(calls).toEqual([21, 21, 21]);
    expect(t.sink('out').records).toEqual([42]);
    await t.finish();
  });

  test('errors of the system come out of whatever moved the test', async () => {
    const p = pipeline('broken');
    p.from(fromArray<number>([])).to({
      connector: 'x',
      description: '',
      accepts: ['append'],
      open: async () => ({ write() {}, flush() {}, close: async () => {} }),
    });
    const t = await testPipeline(p);
    expect(() => t.source('nothing')).toThrow(/TEST_UNKNOWN_NODE[\s\S]*'array'/);
    expect(() => t.sink('nothing')).toThrow(/TEST_UNKNOWN_NODE/);
    await t.finish();
  });
});
