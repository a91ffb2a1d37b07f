import { describe, expect, test } from 'vitest';
import { composeAggregates, count, sum } from '../../../src/operators/aggregates/index.ts';
import { aggregating, processing, reducing, type WindowFunction } from '../../../src/operators/windows/window-function.ts';
import { windowOperator } from '../../../src/operators/windows/window-operator.ts';
import type { TimeWindow } from '../../../src/spi/window.ts';
import { HeapStateBackend } from '../../../src/state/heap.ts';
import {
  countEvictor,
  countWindow,
  cumulative,
  earlyFiring,
  eventTimeTrigger,
  globalWindow,
  session,
  sliding,
  tumbling,
} from '../../../src/windows/index.ts';
import { OperatorHarness } from '../../support/operator-harness.ts';

const HOUR = 3_600_000;
const counting = aggregating(composeAggregates<number, Record<string, never>>({ n: count(), total: sum((v: number) => v) } as never));

interface Counted {
  key: unknown;
  window: TimeWindow;
  n: number;
  total: number;
}

const open = (
  assigner: Parameters<typeof windowOperator<number, unknown, Counted>>[0]['assigner'],
  more: object = {},
  backend?: HeapStateBackend,
) =>
  new OperatorHarness<Counted>(
    windowOperator<number, unknown, Counted>({
      assigner,
      function: counting as unknown as WindowFunction<unknown, Counted>,
      description: 'count',
      ...more,
    }),
    backend,
  );

// The two operators that may stand behind the same windows.
const paths = [
  ['cut from panes', {}],
  ['kept one by one', { trigger: { ...eventTimeTrigger() } }],
] as const;

describe.each(paths)('windows %s', (_name, more) => {
  test('results have the key of the program, the window, and the time just before its end', () => {
    const harness = open(tumbling(10), more);
    harness.feed(1, 3, ['JFK', 7]).feed(2, 4, ['JFK', 7]).advance(9);
    expect(harness.out).toEqual([{ value: { key: ['JFK', 7], window: { start: 0, end: 10 }, n: 2, total: 3 }, time: 9 }]);
    expect(harness.watermarks).toEqual([9]);
  });

  test('fire when the watermark reaches their last millisecond, in the order of their ends', () => {
    const harness = open(sliding(20, 10), more);
    harness.feed(1, 5).feed(1, 35).advance(8);
    expect(harness.out).toEqual([]);
    harness.advance(9);
    expect(harness.out.map(o => o.time)).toEqual([9]);
    harness.advance(Infinity);
    expect(harness.out.map(o => o.time)).toEqual([9, 19, 39, 49]);
  });

  test('late records are rejected with their times, or sent to the side output', () => {
    const rejecting = open(tumbling(10), more);
    rejecting.advance(25).feed(1, 15);
    expect(rejecting.rejects).toEqual([
      {
        reason: 'late',
        message: 'all windows of 1970-01-01T00:00:00.015Z are closed, the watermark is 1970-01-01T00:00:00.025Z',
        value: 1,
        time: 15,
      },
    ]);
    const aside = open(tumbling(10), { ...more, lateTag: 'late' });
    aside.advance(25).feed(1, 15);
    expect(aside.rejects).toEqual([]);
    expect(aside.sides.get('late')).toEqual([{ value: 1, time: 15 }]);
  });

  test('a record that is late for some of its windows counts in the others', () => {
    const harness = open(sliding(20, 10), more);
    harness.feed(1, 12).advance(19).feed(2, 13).advance(Infinity);
    expect(harness.values.map(v => [v.window.start, v.total])).toEqual([
      [0, 1],
      [10, 3],
    ]);
    expect(harness.rejects).toEqual([]);
  });

  test('a record without a time is rejected', () => {
    const harness = open(tumbling(10), more);
    harness.feed(1, NaN).feed(1, Infinity).feed(2, 1).advance(Infinity);
    expect(harness.rejects.map(r => r.reason)).toEqual(['timestamp', 'timestamp']);
    expect(harness.values).toMatchObject([{ total: 2 }]);
  });

  test('a record that the aggregate refuses leaves nothing behind', () => {
    const fn = aggregating(
      composeAggregates<number, Record<string, never>>({
        n: count(),
        total: sum((v: number) => {
          if (v < 0) throw new Error('negative');
          return v;
        }),
      } as never),
    );
    const backend = new HeapStateBackend();
    const harness = new OperatorHarness(windowOperator({ assigner: sliding(20, 10), function: fn, description: '', ...more }), backend);
    harness.feed(-1, 1).feed(-1, 2).advance(5).feed(3, 7).feed(-1, 8).advance(Infinity);
    expect(harness.values).toMatchObject([
      { n: 1, total: 3 },
      { n: 1, total: 3 },
    ]);
    expect(harness.rejects.map(r => r.message)).toEqual(['negative', 'negative', 'negative']);
  });

  test('a result that cannot be made is rejected with its key and window, and the others are made', () => {
    const fn = processing<number, number>((key, _window, records) => {
      if (key === 'bad') throw new Error('cannot');
      return [...records];
    });
    const harness = new OperatorHarness(windowOperator({ assigner: tumbling(10), function: fn, description: '', ...more }));
    harness.feed(1, 1, 'a').feed(2, 2, 'bad').feed(3, 3, 'c').advance(Infinity);
    expect(harness.values).toEqual([1, 3]);
    expect(harness.rejects).toEqual([
      { reason: 'failed', message: 'cannot', value: { key: 'bad', window: { start: 0, end: 10 } }, time: 9 },
    ]);
  });

  test('results of a function that fails half way are sent up to there', () => {
    const fn = processing<number, number>(function* (_key, _window, records) {
      for (const record of records) {
        if (record === 3) throw new Error('three');
        yield record;
      }
    });
    const harness = new OperatorHarness(windowOperator({ assigner: tumbling(10), function: fn, description: '', ...more }));
    harness.feed(1, 1).feed(2, 2).feed(3, 3).feed(4, 4).feed(5, 11).advance(Infinity);
    expect(harness.values).toEqual([1, 2, 5]);
    expect(harness.rejects).toMatchObject([{ message: 'three', value: { key: 'k', window: { start: 0, end: 10 } } }]);
  });

  test('a firing stops at a blocked output and goes on where it stopped', () => {
    const harness = open(sliding(20, 10), more);
    for (let i = 0; i < 300; i++) harness.feed(i, 5, i);
    let open_ = 1;
    Object.defineProperty(harness, 'blocked', { get: () => open_-- <= 0 });
    harness.advance(15);
    expect(harness.watermarks).toEqual([]);
    expect(harness.out.length).toBeGreaterThan(0);
    expect(harness.out.length).toBeLessThanOrEqual(64);
    while (harness.watermarks.length === 0) {
      open_ = 1;
      harness.goOn();
    }
    expect(harness.values.map(v => v.key)).toEqual(Array.from({ length: 300 }, (_, i) => i));
    open_ = Infinity;
    harness.advance(Infinity);
    expect(harness.out).toHaveLength(600);
  });

  test('days in local time are counted by local time', () => {
    const harness = open(tumbling('1d', { timeZone: 'Europe/Berlin' }), more);
    // One record each hour from midnight of 30 March to midnight of 1 April 2024, local time.
    for (let at = Date.UTC(2024, 2, 29, 23); at < Date.UTC(2024, 2, 31, 22); at += HOUR) harness.feed(1, at);
    harness.advance(Infinity);
    expect(harness.values.map(v => [new Date(v.window.start).toISOString(), v.n])).toEqual([
      ['2024-03-29T23:00:00.000Z', 24],
      ['2024-03-30T23:00:00.000Z', 23],
    ]);
  });

  test('a sliding local day holds 25 hours when the clocks are set back', () => {
    const harness = open(sliding('1d', '12h', { timeZone: 'America/New_York' }), more);
    const midnight = Date.UTC(2024, 10, 3, 4);
    for (let at = midnight - 24 * HOUR; at < midnight + 49 * HOUR; at += HOUR) harness.feed(1, at);
    harness.advance(Infinity);
    expect(harness.values.map(v => [(v.window.start - midnight) / HOUR, v.n])).toEqual([
      [-36, 12],
      [-24, 24],
      [-12, 25],
      [0, 25],
      [13, 24],
      [25, 24],
      [37, 12],
    ]);
  });

  test('windows that end within a skipped hour all fire when it is skipped', () => {
    const harness = open(sliding('2h', '30m', { timeZone: 'America/New_York' }), more);
    const two = Date.UTC(2024, 2, 10, 7);
    // At 1:45 and at 0:15: what the clocks show next is three.
    harness
      .feed(1, two - HOUR / 4)
      .feed(1, two - 1.75 * HOUR)
      .advance(Infinity);
    expect(harness.values.map(v => [(v.window.start - two) / HOUR, (v.window.end - two) / HOUR, v.n])).toEqual([
      [-3.5, -1.5, 1],
      [-3, -1, 1],
      [-2.5, -0.5, 1],
      [-2, 0, 2],
      [-1.5, 0, 1],
      [-1, 0, 1],
      [-0.5, 0.5, 1],
    ]);
  });

  test('the windows of a skipped hour do not fire twice', () => {
    const harness = open(cumulative('4h', '30m', { timeZone: 'America/New_York' }), more);
    harness.feed(1, Date.UTC(2024, 2, 10, 6, 45)).advance(Infinity);
    expect(harness.values.map(v => (v.window.end - v.window.start) / HOUR)).toEqual([2, 2.5, 3]);
  });
});

describe('windows cut from panes', () => {
  const panes = (backend: HeapStateBackend) => [...backend.operator('test').table('panes').namespaces()].toSorted((a, b) => a - b);

  test('keep a record once, however many windows hold it, and drop its pane after the last of them', () => {
    const backend = new HeapStateBackend();
    const harness = open(sliding(100, 10), {}, backend);
    harness.feed(1, 5).feed(2, 47);
    expect(panes(backend)).toEqual([0, 40]);
    harness.advance(98);
    expect(panes(backend)).toEqual([0, 40]);
    harness.advance(99);
    expect(panes(backend)).toEqual([40]);
    harness.advance(200);
    expect(panes(backend)).toEqual([]);
    expect(harness.out).toHaveLength(14);
  });

  test('are kept for the allowed lateness', () => {
    const backend = new HeapStateBackend();
    const harness = open(tumbling(10), { allowedLatenessMs: 15 }, backend);
    harness.feed(1, 5).advance(9).feed(2, 6);
    expect(harness.values.map(v => v.total)).toEqual([1, 3]);
    harness.advance(23).feed(3, 7);
    expect(harness.values.map(v => v.total)).toEqual([1, 3, 6]);
    harness.advance(24);
    expect(panes(backend)).toEqual([]);
    harness.feed(4, 8);
    expect(harness.rejects.map(r => r.reason)).toEqual(['late']);
  });

  test('a merge that throws costs the results of its key, and is tried again with the next window', () => {
    let broken = true;
    const fn = reducing<number>((a, b) => {
      if (broken && b >= 100) throw new Error('too large');
      return a + b;
    });
    const harness = new OperatorHarness<number>(windowOperator({ assigner: sliding(30, 10), function: fn, description: '' }));
    harness.feed(1, 5, 'a').feed(100, 15, 'a').feed(1, 5, 'b').feed(2, 15, 'b').feed(4, 25, 'a').advance(29);
    // The first window has one pane, which needs no merging.
    expect(harness.values).toEqual([1, 1, 3, 3]);
    expect(harness.rejects.map(r => (r.value as Counted).window.end)).toEqual([20, 30]);
    broken = false;
    harness.advance(Infinity);
    expect(harness.values.slice(4)).toEqual([104, 2, 4]);
  });

  test('a merge that throws does so for its own key in blocks of panes too', () => {
    const fn = reducing<number>((a, b) => {
      if (b >= 100) throw new Error('too large');
      return a + b;
    });
    const harness = new OperatorHarness<number>(windowOperator({ assigner: sliding(40, 1), function: fn, description: '' }));
    for (let t = 0; t < 100; t++) harness.feed(t === 37 ? 100 : 1, t, 'a').feed(1, t, 'b');
    harness.advance(Infinity);
    const failed = harness.rejects.map(r => (r.value as Counted).window);
    // All windows that hold the time 37, but for the one that begins with it: no merge adds the large value to another.
    expect(failed.map(w => w.start)).toEqual(Array.from({ length: 39 }, (_, i) => i - 2));
    expect(new Set(harness.rejects.map(r => (r.value as Counted).key))).toEqual(new Set(['a']));
    expect(harness.out).toHaveLength(2 * 139 - 39);
  });

  test('no time passes between a window and its clock', () => {
    const harness = open(tumbling(10, { time: 'processing' }));
    harness.feed(1).tick(9).feed(2);
    expect(harness.out).toEqual([]);
    harness.tick(10);
    expect(harness.out).toMatchObject([{ time: 9, value: { window: { start: 0, end: 10 }, n: 2 } }]);
    // The clock is set back: the window that has fired does not open again.
    harness.now = 4;
    harness.feed(3).tick(20);
    expect(harness.values[1]).toMatchObject({ window: { start: 10, end: 20 }, total: 3 });
    expect(harness.rejects).toEqual([]);
  });

  test('processing time goes on where it stopped after a restart', () => {
    const backend = new HeapStateBackend();
    const assigner = sliding(20, 10, { time: 'processing' });
    const before = open(assigner, {}, backend);
    before.feed(1).tick(10);
    expect(before.values.map(v => v.window)).toEqual([{ start: -10, end: 10 }]);
    const operator = windowOperator({ assigner, function: counting, description: '' });
    const after = new OperatorHarness<Counted>(operator as never, backend, { now: 17 });
    after.feed(2).tick(40);
    expect(after.values.map(v => [v.window.start, v.total])).toEqual([
      [0, 3],
      [10, 2],
    ]);
  });
});

describe('the plan', () => {
  const spec = { function: counting, description: 'count, sum' };

  test('names windows, what is made of them, and what differs from the standard', () => {
    expect(windowOperator({ ...spec, assigner: tumbling('1d') })).toMatchObject({
      kind: 'window',
      description: 'tumbling(1d) count, sum',
      makes: 'append',
      state: [{ name: 'panes', kind: 'window', boundedBy: 'window 1d + lateness 0ms' }],
    });
    const rich = windowOperator({
      ...spec,
      assigner: tumbling('1h', { timeZone: 'Europe/Berlin', offset: '15m' }),
      trigger: earlyFiring('1m'),
      evictor: countEvictor(5),
      allowedLatenessMs: 60_000,
    });
    expect(rich.description).toBe('tumbling(1h) offset 15m Europe/Berlin count, sum, earlyFiring(1m), countEvictor(5), lateness 1m');
    expect(rich.state).toEqual([{ name: 'windows', kind: 'window', boundedBy: 'window 1h + lateness 1m' }]);
  });

  test('says what bounds the state, and where nothing does', () => {
    const stateOf = (assigner: Parameters<typeof windowOperator<number, never, unknown>>[0]['assigner']) =>
      windowOperator({ ...spec, assigner }).state.map(s => s.boundedBy);
    expect(stateOf(session('30s'))).toEqual(['session(30s) + lateness 0ms']);
    expect(stateOf(sliding('1m', '10s', { time: 'processing' }))).toEqual(['window 1m']);
    expect(stateOf(globalWindow())).toEqual([undefined]);
    expect(stateOf(countWindow(5))).toEqual([undefined]);
  });
});
