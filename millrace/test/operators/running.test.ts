import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runningAggregate } from '../../src/operators/aggregate.ts';
import { composeAggregates, count, max, sum } from '../../src/operators/aggregates/index.ts';
import { reduce } from '../../src/operators/reduce.ts';
import type { RunningOptions } from '../../src/operators/running.ts';
import { HeapStateBackend } from '../../src/state/heap.ts';
import { OperatorHarness } from '../support/operator-harness.ts';

interface Sale {
  shop: string;
  n: number;
}

const TTL_MS = 100;

const add = (a: Sale, b: Sale): Sale => ({ shop: a.shop, n: a.n + b.n });

function reducing(options: RunningOptions = {}, backend?: HeapStateBackend) {
  return new OperatorHarness(reduce(add, options), backend);
}

const totals = () =>
  composeAggregates({
    sales: count((s: Sale) => s),
    total: sum((s: Sale) => {
      if (s.n < 0) throw new Error('a sale below zero');
      return s.n;
    }),
    best: max((s: Sale) => s.n),
  });

function aggregating(options: RunningOptions = {}, backend?: HeapStateBackend) {
  return new OperatorHarness(runningAggregate(totals(), 'count, sum, max', options), backend);
}

const sales = fc.array(fc.record({ shop: fc.constantFrom('a', 'b', 'c'), n: fc.nat(100), time: fc.nat(1000) }), { maxLength: 50 });

describe('reduce', () => {
  test('emits every new value, beginning with the first record as it is', () => {
    const h = reducing();
    for (const [n, time] of [
      [1, 10],
      [2, 20],
      [3, 15],
    ] as const)
      h.feed({ shop: 'a', n }, time, 'a');
    expect(h.out).toEqual([
      { value: { shop: 'a', n: 1 }, time: 10 },
      { value: { shop: 'a', n: 3 }, time: 20 },
      { value: { shop: 'a', n: 6 }, time: 15 },
    ]);
  });

  test('gives the prefix folds of each key, also over a restart', () => {
    fc.assert(
      fc.property(sales, fc.nat(50), (records, restartAt) => {
        const backend = new HeapStateBackend();
        let h = reducing({}, backend);
        const seen: unknown[] = [];
        records.forEach(({ shop, n, time }, i) => {
          if (i === restartAt) h = reducing({}, backend);
          h.feed({ shop, n }, time, shop);
          seen.push(h.out.at(-1));
        });
        const expected = records.map(({ shop, time }, i) => ({
          value: { shop, n: records.slice(0, i + 1).reduce((total, r) => total + (r.shop === shop ? r.n : 0), 0) },
          time,
        }));
        expect(seen).toEqual(expected);
      }),
    );
  });

  test('keeps the value before a record that it throws for', () => {
    const h = new OperatorHarness(
      reduce<number>((a, b) => {
        if (b < 0) throw new Error('below zero');
        return a + b;
      }),
    );
    for (const n of [1, -1, 2]) h.feed(n);
    expect(h.values).toEqual([1, 3]);
    expect(h.rejects).toMatchObject([{ message: 'below zero', value: -1 }]);
  });
});

describe('a running aggregate', () => {
  test('emits the key and its results for every record', () => {
    const h = aggregating();
    h.feed({ shop: 'a', n: 5 }, 10, ['a', 1]).feed({ shop: 'a', n: 3 }, 20, ['a', 1]);
    expect(h.out).toEqual([
      { value: { key: ['a', 1], sales: 1, total: 5, best: 5 }, time: 10 },
      { value: { key: ['a', 1], sales: 2, total: 8, best: 5 }, time: 20 },
    ]);
  });

  test('gives the aggregates of each prefix, also over a restart', () => {
    fc.assert(
      fc.property(sales, fc.nat(50), (records, restartAt) => {
        const backend = new HeapStateBackend();
        let h = aggregating({}, backend);
        const seen: unknown[] = [];
        records.forEach(({ shop, n, time }, i) => {
          if (i === restartAt) h = aggregating({}, backend);
          h.feed({ shop, n }, time, shop);
          seen.push(h.out.at(-1));
        });
        const expected = records.map(({ shop, time }, i) => {
          const all = records.slice(0, i + 1).filter(r => r.shop === shop);
          const numbers = all.map(r => r.n);
          return { value: { key: shop, sales: all.length, total: numbers.reduce((a, b) => a + b), best: Math.max(...numbers) }, time };
        });
        expect(seen).toEqual(expected);
      }),
    );
  });

  test('adds nothing of a record whose function throws', () => {
    const h = aggregating();
    h.feed({ shop: 'a', n: -1 }).feed({ shop: 'a', n: 2 }).feed({ shop: 'a', n: -1 }).feed({ shop: 'a', n: 3 });
    expect(h.values).toEqual([
      { key: 'k', sales: 1, total: 2, best: 2 },
      { key: 'k', sales: 2, total: 5, best: 3 },
    ]);
    expect(h.rejects).toHaveLength(2);
  });
});

describe.each([
  ['reduce', reducing, 'reduced', (h: OperatorHarness) => (h.values.at(-1) as Sale).n],
  ['aggregate', aggregating, 'accumulators', (h: OperatorHarness) => (h.values.at(-1) as { total: number }).total],
] as const)('%s with a time to live', (_, start, table, total) => {
  test('begins anew after the time, and forgets the key', () => {
    const backend = new HeapStateBackend();
    const held = () => backend.operator('test').table(table).space(0).size;
    const h = start({ ttl: TTL_MS }, backend);
    h.feed({ shop: 'a', n: 1 });
    h.tick(TTL_MS - 1).feed({ shop: 'a', n: 2 });
    expect(total(h)).toBe(3);
    h.tick(2 * TTL_MS - 1).feed({ shop: 'a', n: 4 });
    expect(total(h)).toBe(4);
    expect(held()).toBe(1);
    h.tick(4 * TTL_MS);
    expect(held()).toBe(0);
  });

  test('agrees with a naive fold over event time', () => {
    const arrivals = fc.array(fc.record({ shop: fc.constantFrom('a', 'b'), n: fc.nat(9), waitMs: fc.nat(150) }), { maxLength: 30 });
    fc.assert(
      fc.property(arrivals, fc.boolean(), (records, watermarks) => {
        const backend = new HeapStateBackend();
        const h = start({ ttl: { after: TTL_MS, time: 'event' } }, backend);
        const kept = new Map<string, { n: number; touchedMs: number }>();
        let time = 0;
        for (const { shop, n, waitMs } of records) {
          time += waitMs;
          h.feed({ shop, n }, time, shop);
          const before = kept.get(shop);
          const alive = before !== undefined && before.touchedMs + TTL_MS > time;
          kept.set(shop, { n: alive ? before.n + n : n, touchedMs: time });
          expect(total(h)).toBe(kept.get(shop)!.n);
          if (watermarks) h.advance(time - 1);
        }
        h.advance(time + 2 * TTL_MS);
        expect(backend.operator('test').table(table).space(0).size).toBe(0);
      }),
    );
  });
});

test('both say that they are upserts and what bounds them', () => {
  expect(reduce(add)).toMatchObject({ makes: 'upsert', state: [{ name: 'reduced', kind: 'reducing' }] });
  expect(reduce(add).state[0]?.boundedBy).toBeUndefined();
  expect(reduce(add, { ttl: { after: '1h', time: 'event' } }).state[0]?.boundedBy).toBe('ttl 1h event time');
  expect(runningAggregate(totals(), 'count', { ttl: '2d' })).toMatchObject({
    makes: 'upsert',
    state: [{ name: 'accumulators', kind: 'aggregating', boundedBy: 'ttl 2d' }],
  });
});
