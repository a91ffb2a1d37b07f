import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DedupeOptions, dedupe } from '../../src/operators/dedupe.ts';
import { HeapStateBackend } from '../../src/state/heap.ts';
import { OperatorHarness } from '../support/operator-harness.ts';

const WITHIN_MS = 100;

function start(options: DedupeOptions, backend = new HeapStateBackend()) {
  const h = new OperatorHarness(dedupe<number>(options), backend);
  return { h, held: () => backend.operator('test').table('firsts').space(0).size };
}

describe('dedupe', () => {
  test('keeps the first of each key for ever', () => {
    const { h } = start({});
    h.feed(1, 10, 'a').feed(2, 11, 'b').feed(3, 12, 'a').advance(1e9).feed(4, 1e9, 'a');
    expect(h.out).toEqual([
      { value: 1, time: 10 },
      { value: 2, time: 11 },
    ]);
    expect(dedupe({}).state[0]?.boundedBy).toBeUndefined();
  });

  test('lets the key through again after the time, whatever came between', () => {
    const { h, held } = start({ within: WITHIN_MS });
    for (const time of [1000, 1050, 1099, 1100, 1150]) h.feed(time, time);
    expect(h.values).toEqual([1000, 1100]);
    h.advance(1100 + WITHIN_MS + Math.ceil(WITHIN_MS / 16));
    expect(held()).toBe(0);
    expect(dedupe({ within: '1h' }).state[0]?.boundedBy).toBe('1h of event time');
  });

  test('goes by the clock where it is told to', () => {
    const { h, held } = start({ within: WITHIN_MS, time: 'processing' });
    h.feed(1).tick(99).feed(2).tick(100).feed(3).tick(150).feed(4);
    expect(h.values).toEqual([1, 3]);
    h.tick(300);
    expect(held()).toBe(0);
  });

  test('rejects a record without event time', () => {
    const { h } = start({ within: WITHIN_MS });
    expect(h.feed(1).rejects).toHaveLength(1);
    expect(h.values).toEqual([]);
  });

  test.each([{ within: 0 }, { within: '0s' as const }])('%o is no time', options => {
    expect(() => dedupe(options)).toThrow(expect.objectContaining({ code: 'DURATION_INVALID' }));
  });

  test('agrees with a naive search, out of order and over restarts', () => {
    const arrival = fc.record({
      key: fc.constantFrom('a', 'b'),
      waitMs: fc.nat(60),
      behindMs: fc.nat(80),
      then: fc.constantFrom('nothing', 'watermark', 'restart'),
    });
    fc.assert(
      fc.property(fc.array(arrival, { maxLength: 50 }), arrivals => {
        const backend = new HeapStateBackend();
        let { h } = start({ within: WITHIN_MS }, backend);
        const passed: { key: string; atMs: number }[] = [];
        let newest = 1000;
        let watermark = -Infinity;
        arrivals.forEach(({ key, waitMs, behindMs, then }, i) => {
          newest += waitMs;
          const time = newest - behindMs;
          const atMs = Math.max(time, watermark);
          h.out.length = 0;
          h.feed(i, time, key);
          const duplicate = passed.some(p => p.key === key && atMs < p.atMs + WITHIN_MS);
          expect(h.values).toEqual(duplicate ? [] : [i]);
          if (!duplicate) passed.push({ key, atMs });
          if (then === 'watermark') {
            watermark = Math.max(watermark, time);
            h.advance(watermark);
          }
          if (then === 'restart') {
            ({ h } = start({ within: WITHIN_MS }, backend));
            h.watermark = watermark;
          }
        });
      }),
      { numRuns: 200 },
    );
  });
});
