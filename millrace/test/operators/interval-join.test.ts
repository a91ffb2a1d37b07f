import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { intervalJoin, type JoinInterval } from '../../src/operators/interval-join.ts';
import { HeapStateBackend } from '../../src/state/heap.ts';
import { OperatorHarness } from '../support/operator-harness.ts';

const LEFT = 0;
const RIGHT = 1;

function start(interval: JoinInterval, backend = new HeapStateBackend()) {
  const join = (left: string, right: string) => {
    if (right === 'bad') throw new Error('no match');
    return `${left}-${right}`;
  };
  return new OperatorHarness(intervalJoin(interval, join), backend);
}

/** Records kept on both sides. */
function held(backend: HeapStateBackend): number {
  let records = 0;
  for (const side of ['left', 'right']) {
    const table = backend.operator('test').table<{ records: unknown[] }>(side);
    for (const namespace of table.namespaces()) for (const { value } of table.space(namespace).cells()) records += value.records.length;
  }
  return records;
}

describe('an interval join', () => {
  test('joins what lies within the interval, with the later time', () => {
    const h = start({ lowerMs: -5, upperMs: 10 });
    h.feed('l', 100, 'k', LEFT);
    for (const time of [94, 95, 110, 111]) h.feed(`r${time}`, time, 'k', RIGHT);
    h.feed('l2', 99, 'k', LEFT).feed('other key', 100, 'other', LEFT);
    expect(h.out).toEqual([
      { value: 'l-r95', time: 100 },
      { value: 'l-r110', time: 110 },
      { value: 'l2-r94', time: 99 },
      { value: 'l2-r95', time: 99 },
    ]);
  });

  test('leaves out the bounds it is told to', () => {
    const differences = (interval: Partial<JoinInterval>) => {
      const h = start({ lowerMs: 1, upperMs: 3, ...interval }).feed('l', 100, 'k', LEFT);
      for (const time of [100, 101, 102, 103, 104]) h.feed(`${time - 100}`, time, 'k', RIGHT);
      return h.values;
    };
    expect(differences({})).toEqual(['l-1', 'l-2', 'l-3']);
    expect(differences({ lowerExclusive: true })).toEqual(['l-2', 'l-3']);
    expect(differences({ upperExclusive: true })).toEqual(['l-1', 'l-2']);
    expect(differences({ lowerExclusive: true, upperExclusive: true })).toEqual(['l-2']);
  });

  test('rejects late records and those without event time', () => {
    const h = start({ lowerMs: -5, upperMs: 5 }).advance(100);
    h.feed('on time', 101, 'k', LEFT).feed('late', 100, 'k', RIGHT).feed('timeless', Number.NaN, 'k', LEFT);
    expect(h.rejects.map(r => [r.reason, r.value])).toEqual([
      ['late', 'late'],
      ['timestamp', 'timeless'],
    ]);
    expect(h.out).toEqual([]);
  });

  test.each([
    { side: 'left', interval: { lowerMs: -20, upperMs: -10 }, ahead: LEFT },
    { side: 'right', interval: { lowerMs: 10, upperMs: 20 }, ahead: RIGHT },
  ])('keeps a $side record that lies ahead of all it can match until the watermark has passed that', ({ interval, ahead }) => {
    const backend = new HeapStateBackend();
    const h = start(interval, backend).advance(100);
    h.feed('no more', 110, 'k', ahead);
    expect(held(backend)).toBe(0);
    h.feed('a', 111, 'k', ahead).feed('b', 101, 'k', 1 - ahead);
    expect(h.values).toEqual([ahead === LEFT ? 'a-b' : 'b-a']);
  });

  test('emits and keeps nothing of a record whose join throws', () => {
    const h = start({ lowerMs: -5, upperMs: 5 });
    h.feed('l1', 100, 'k', LEFT).feed('bad', 102, 'k', RIGHT).feed('l2', 103, 'k', LEFT).feed('r', 104, 'k', RIGHT);
    expect(h.rejects).toMatchObject([{ message: 'no match', value: 'bad' }]);
    expect(h.values).toEqual(['l1-r', 'l2-r']);
  });

  test.each<JoinInterval>([
    { lowerMs: 5, upperMs: 4 },
    { lowerMs: 5, upperMs: 5, upperExclusive: true },
    { lowerMs: Number.NaN, upperMs: 5 },
  ])('%o holds nothing', interval => {
    expect(() => intervalJoin(interval, () => 0)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
  });

  test('says what it keeps', () => {
    expect(intervalJoin({ lowerMs: -5000, upperMs: 60_000, upperExclusive: true }, () => 0)).toMatchObject({
      description: 'right - left in [-5s, 1m)',
      state: [
        { name: 'left', kind: 'buffer', boundedBy: 'watermark - 1m' },
        { name: 'right', kind: 'buffer', boundedBy: 'watermark - 5s' },
      ],
    });
  });

  test('goes on after a restart with a wider interval', () => {
    const backend = new HeapStateBackend();
    const first = start({ lowerMs: 0, upperMs: 4000 }, backend);
    for (const time of [1000, 2500, 9000]) first.feed(`l${time}`, time, 'k', LEFT);
    const second = start({ lowerMs: -40_000, upperMs: 40_000 }, backend);
    expect(second.feed('r', 5000, 'k', RIGHT).values).toEqual(['l1000-r', 'l2500-r', 'l9000-r']);
    const third = start({ lowerMs: 0, upperMs: 4000 }, backend);
    expect(third.feed('r2', 5000, 'k', RIGHT).values).toEqual(['l1000-r2', 'l2500-r2']);
    third.advance(Infinity);
    expect(held(backend)).toBe(0);
  });
});

test('gives what nested loops over all records that were not late give, and keeps no more than can still match', () => {
  // A coarse grid and its neighbours, so that records often lie at a bound of the interval, of a bucket or of the watermark.
  const bound = fc.integer({ min: -12, max: 12 }).map(quarters => quarters * 250);
  const interval = fc
    .record({ a: bound, b: bound, lowerExclusive: fc.boolean(), upperExclusive: fc.boolean() })
    .map(({ a, b, ...exclusive }) => ({ lowerMs: Math.min(a, b), upperMs: Math.max(a, b) + 1, ...exclusive }));
  const arrival = fc.record({
    side: fc.constantFrom(LEFT, RIGHT),
    key: fc.constantFrom('a', 'b'),
    waitMs: fc.constantFrom(0, 0, 250, 250, 500, 1000),
    behindMs: fc.constantFrom(0, 249, 250, 500, 750, 999, 1000, 1250),
    then: fc.constantFrom('nothing', 'nothing', 'watermark', 'restart'),
  });
  fc.assert(
    fc.property(interval, fc.array(arrival, { maxLength: 60 }), (between, arrivals) => {
      const backend = new HeapStateBackend();
      let h = start(between, backend);
      const lefts: { id: string; key: string; time: number }[] = [];
      const rights: typeof lefts = [];
      const seen: { value: string; time: number }[] = [];
      let rejected = 0;
      let late = 0;
      let newest = 10_000;
      let watermark = -Infinity;
      arrivals.forEach(({ side, key, waitMs, behindMs, then }, i) => {
        newest += waitMs;
        const time = newest - behindMs;
        h.out.length = 0;
        h.feed(`${i}`, time, key, side);
        seen.push(...h.out);
        if (time <= watermark) late++;
        else (side === LEFT ? lefts : rights).push({ id: `${i}`, key, time });
        if (then === 'watermark') {
          watermark = Math.max(watermark, newest - 1000);
          h.advance(watermark);
        } else if (then === 'restart') {
          rejected += h.rejects.length;
          h = start(between, backend);
          h.watermark = watermark;
        }
      });
      const expected = lefts.flatMap(l =>
        rights
          .filter(r => {
            const d = r.time - l.time;
            if (r.key !== l.key || d < between.lowerMs || d > between.upperMs) return false;
            return !(between.lowerExclusive && d === between.lowerMs) && !(between.upperExclusive && d === between.upperMs);
          })
          .map(r => ({ value: `${l.id}-${r.id}`, time: Math.max(l.time, r.time) })),
      );
      const sorted = (results: typeof expected) => results.map(r => `${r.value} ${r.time}`).toSorted();
      expect(sorted(seen)).toEqual(sorted(expected));
      expect(rejected + h.rejects.length).toBe(late);

      h.advance(newest);
      const bucketMs = Math.max(1000, Math.ceil((between.upperMs - between.lowerMs) / 4));
      const needed = [
        ...lefts.filter(l => l.time + between.upperMs + bucketMs > newest),
        ...rights.filter(r => r.time - between.lowerMs + bucketMs > newest),
      ];
      expect(held(backend)).toBeLessThanOrEqual(needed.length);
    }),
    { numRuns: 300 },
  );
});
