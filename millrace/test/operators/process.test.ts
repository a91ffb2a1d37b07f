import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyedCoProcess } from '../../src/operators/co-process.ts';
import { type ProcessFunction, keyedProcess } from '../../src/operators/process.ts';
import type { Results, Timer } from '../../src/operators/process-runtime.ts';
import { sideTag } from '../../src/operators/side-tag.ts';
import type { StateDescriptors } from '../../src/state/descriptor.ts';
import { HeapStateBackend } from '../../src/state/heap.ts';
import { listState } from '../../src/state/list-state.ts';
import { valueState } from '../../src/state/value-state.ts';
import { OperatorHarness } from '../support/operator-harness.ts';

function start<T, S extends StateDescriptors = {}, Out extends Results = void, TimerOut extends Results = void>(
  fn: ProcessFunction<string, T, S, Out, TimerOut>,
  backend?: HeapStateBackend,
) {
  return new OperatorHarness(keyedProcess(fn), backend);
}

interface Reading {
  n: number;
}

describe('results', () => {
  test('are what the function returns or yields, with the time of the record', () => {
    const forms: ProcessFunction<string, Reading, {}, Results, void>[] = [
      { onRecord: r => [r.n, r.n + 1] },
      { onRecord: r => new Set([r.n, r.n + 1]) },
      {
        *onRecord(r) {
          yield r.n;
          yield r.n + 1;
        },
      },
    ];
    for (const fn of forms) {
      expect(start(fn).feed({ n: 1 }, 50).out).toEqual([
        { value: 1, time: 50 },
        { value: 2, time: 50 },
      ]);
    }
    expect(start<Reading>({ onRecord: () => {} }).feed({ n: 1 }).out).toEqual([]);
  });

  test.each([
    ['a string', 'abc', 'returned string'],
    ['a number', 5, 'returned number'],
    ['null', null, 'returned object'],
    ['an object', { n: 1 }, 'returned object'],
    ['a promise', Promise.resolve([1]), 'returned a promise'],
  ])('%s is none: the record is rejected', (_, returned, message) => {
    const h = start<Reading, {}, Results>({ onRecord: () => returned as never }).feed({ n: 1 });
    expect(h.out).toEqual([]);
    expect(h.rejects).toMatchObject([{ reason: 'failed', message: expect.stringContaining(message) }]);
  });

  test('of two parts of a function keep their `this`', () => {
    class Doubling implements ProcessFunction<string, Reading, {}, number[], number[]> {
      factor = 2;
      onRecord(r: Reading, ctx: { timers: { event(timeMs: number): void } }) {
        ctx.timers.event(10);
        return [r.n * this.factor];
      }
      onTimer(timer: Timer) {
        return [timer.timeMs * this.factor];
      }
    }
    expect(start(new Doubling()).feed({ n: 4 }).advance(10).values).toEqual([8, 20]);
  });
});

describe('the context', () => {
  test('has the key as it was selected, the times and the watermark', () => {
    const seen: unknown[] = [];
    const h = start<Reading>({ onRecord: (_, ctx) => void seen.push([ctx.key, ctx.timestamp, ctx.watermark, ctx.processingTime]) });
    h.feed({ n: 1 }, 5, ['a', 1]);
    h.advance(4).tick(77);
    h.feed({ n: 1 }, Number.NaN, 'b');
    expect(seen).toEqual([
      [['a', 1], 5, -Infinity, 0],
      ['b', Number.NaN, 4, 77],
    ]);
  });

  test('sends to side outputs', () => {
    const odd = sideTag<number>('odd');
    const h = start<Reading, {}, number[] | undefined>({
      onRecord(r, ctx) {
        if (r.n % 2 === 0) return [r.n];
        ctx.output(odd, r.n);
        return undefined;
      },
    });
    for (const n of [1, 2, 3]) h.feed({ n }, n * 10);
    expect(h.values).toEqual([2]);
    expect(h.sides.get('odd')).toEqual([
      { value: 1, time: 10 },
      { value: 3, time: 30 },
    ]);
  });
});

describe('a call that throws', () => {
  test('leaves no state, timers, results or side outputs, and the next record goes on', () => {
    const tag = sideTag<number>('side');
    const fn = {
      state: { sum: valueState('sum', { default: 0 }) },
      *onRecord(r: Reading, ctx: Parameters<ProcessFunction<string, Reading, { sum: ReturnType<typeof sum> }, void, void>['onRecord']>[1]) {
        ctx.state.sum.set(ctx.state.sum.get() + r.n);
        ctx.output(tag, r.n);
        ctx.timers.event(r.n);
        ctx.timers.processing(r.n);
        yield ctx.state.sum.get();
        if (r.n === 13) throw new Error('unlucky');
      },
      onTimer: (timer: Timer) => [timer],
    };
    const h = start<Reading, { sum: ReturnType<typeof sum> }, Generator<number>, Timer[]>(fn);
    for (const n of [1, 13, 2]) h.feed({ n }, n);
    expect(h.values).toEqual([1, 3]);
    expect(h.sides.get('side')?.map(s => s.value)).toEqual([1, 2]);
    expect(h.rejects).toMatchObject([{ reason: 'failed', message: 'unlucky', value: { n: 13 } }]);
    h.advance(100).tick(100);
    expect(h.values.slice(2)).toEqual([
      { timeMs: 1, domain: 'event' },
      { timeMs: 2, domain: 'event' },
      { timeMs: 1, domain: 'processing' },
      { timeMs: 2, domain: 'processing' },
    ]);
  });

  test('does not delete timers', () => {
    const h = start<Reading, {}, void, number[]>({
      onRecord(r, ctx) {
        if (r.n === 1) ctx.timers.event(10);
        else {
          ctx.timers.deleteEvent(10);
          throw new Error('no');
        }
      },
      onTimer: timer => [timer.timeMs],
    });
    expect(h.feed({ n: 1 }).feed({ n: 2 }).advance(10).values).toEqual([10]);
  });

  test('in onTimer is a reject of the timer', () => {
    const h = start<Reading, { n: ReturnType<typeof sum> }, void, void>({
      state: { n: sum() },
      onRecord: (r, ctx) => ctx.timers.event(r.n),
      onTimer(_, ctx) {
        ctx.state.n.set(1);
        throw new Error('no');
      },
    });
    h.feed({ n: 10 }, 1, 'a').advance(20);
    expect(h.rejects).toEqual([
      { reason: 'failed', message: 'onTimer: no', value: { key: 'a', timer: { timeMs: 10, domain: 'event' } }, time: 10 },
    ]);
    expect(h.watermarks).toEqual([20]);
  });

  test.each([Number.NaN, Infinity])('a timer at %s', timeMs => {
    const h = start<Reading, {}, void, void>({ onRecord: (_, ctx) => ctx.timers.event(timeMs), onTimer: () => {} });
    expect(h.feed({ n: 1 }).rejects[0]?.message).toBe(`the time of a timer is ${timeMs}`);
  });

  test('a timer without onTimer', () => {
    const h = start<Reading>({ onRecord: (_, ctx) => ctx.timers.event(1) });
    expect(h.feed({ n: 1 }).rejects[0]?.message).toContain('no onTimer');
  });
});

const sum = () => valueState('sum', { default: 0 });

describe('timers', () => {
  test('of event time fire with the watermark, of processing time with the clock', () => {
    const h = start<Reading, {}, void, unknown[]>({
      onRecord(r, ctx) {
        ctx.timers.event(r.n);
        ctx.timers.processing(r.n + 1);
      },
      onTimer: (timer, ctx) => [{ ...timer, key: ctx.key, at: ctx.timestamp, watermark: ctx.watermark }],
    });
    h.feed({ n: 10 }, 1, 'a');
    expect(h.advance(9).tick(10).out).toEqual([]);
    h.advance(15);
    expect(h.out).toEqual([{ value: { timeMs: 10, domain: 'event', key: 'a', at: 10, watermark: 15 }, time: 10 }]);
    h.tick(11);
    expect(h.out[1]).toEqual({
      value: { timeMs: 11, domain: 'processing', key: 'a', at: Number.NaN, watermark: 15 },
      time: Number.NaN,
    });
  });

  test('wait while the output is blocked, and the watermark with them', () => {
    const h = start<Reading, {}, void, number[]>({
      onRecord(r, ctx) {
        ctx.timers.event(r.n);
        ctx.timers.processing(r.n);
      },
      onTimer: timer => [timer.timeMs],
    });
    for (const n of [1, 2]) h.feed({ n });
    h.blocked = true;
    h.advance(5);
    expect([h.values, h.watermarks]).toEqual([[], []]);
    h.resume();
    expect([h.values, h.watermarks]).toEqual([[1, 2], [5]]);
    h.blocked = true;
    h.tick(5);
    expect(h.values).toEqual([1, 2]);
    h.resume();
    expect(h.values).toEqual([1, 2, 1, 2]);
  });

  test('read state as it was at their time, not at the watermark that fires them', () => {
    const h = start<Reading, { n: ReturnType<typeof ttl> }, void, unknown[]>({
      state: { n: ttl() },
      onRecord(r, ctx) {
        ctx.state.n.set(r.n);
        ctx.timers.event(ctx.timestamp + 99);
        ctx.timers.event(ctx.timestamp + 100);
      },
      onTimer: (timer, ctx) => [[timer.timeMs, ctx.state.n.get()]],
    });
    h.feed({ n: 1 }, 1000).advance(Infinity);
    expect(h.values).toEqual([
      [1099, 1],
      [1100, undefined],
    ]);
  });

  const ttl = () => valueState<number>('n', { ttl: { after: 100, time: 'event' } });

  test('agree with a model, also over restarts', () => {
    const step = fc.record({
      do: fc.constantFrom('event' as const, 'processing' as const, 'deleteEvent' as const, 'deleteProcessing' as const, 'restart' as const),
      key: fc.constantFrom('a', 'b'),
      atMs: fc.nat(40),
      waitMs: fc.nat(4),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const fn: ProcessFunction<string, (typeof steps)[number], {}, void, unknown[]> = {
          onRecord(s, ctx) {
            if (s.do !== 'restart') ctx.timers[s.do](s.atMs);
          },
          onTimer: (timer, ctx) => [`${timer.domain} ${timer.timeMs} ${ctx.key}`],
        };
        const backend = new HeapStateBackend();
        let h = start(fn, backend);
        const model = new Set<string>();
        let now = 0;
        for (const s of steps) {
          if (s.do === 'restart') h = start(fn, backend).tick(now);
          else h.feed(s, now, s.key);
          if (s.do === 'event' || s.do === 'processing') model.add(`${s.do} ${s.atMs} ${s.key}`);
          if (s.do === 'deleteEvent') model.delete(`event ${s.atMs} ${s.key}`);
          if (s.do === 'deleteProcessing') model.delete(`processing ${s.atMs} ${s.key}`);
          now += s.waitMs;
          h.out.length = 0;
          h.tick(now).advance(now);
          const due = [...model].filter(t => Number(t.split(' ')[1]) <= now);
          expect(h.values.map(String).toSorted()).toEqual(due.toSorted());
          for (const t of due) model.delete(t);
        }
      }),
      { numRuns: 200 },
    );
  });
});

test('a new instance goes on with the state of the one before', () => {
  const fn: ProcessFunction<string, Reading, { all: ReturnType<typeof all> }, number[][], void> = {
    state: { all: all() },
    onRecord(r, ctx) {
      ctx.state.all.add(r.n);
      return [ctx.state.all.get()];
    },
  };
  const backend = new HeapStateBackend();
  start(fn, backend).feed({ n: 1 }).feed({ n: 2 });
  expect(start(fn, backend).feed({ n: 3 }).values).toEqual([[1, 2, 3]]);
});

const all = () => listState<number>('all');

test('two inputs share state and timers', () => {
  const h = new OperatorHarness(
    keyedCoProcess<string, Reading, string, { open: ReturnType<typeof open> }, void, unknown[], unknown[]>({
      state: { open: open() },
      onLeft(order, ctx) {
        ctx.state.open.set(order.n);
        ctx.timers.event(ctx.timestamp + 10);
      },
      onRight(payment, ctx) {
        const n = ctx.state.open.get();
        ctx.state.open.clear();
        return [{ payment, n }];
      },
      onTimer: (_, ctx) => (ctx.state.open.get() === undefined ? [] : [{ unpaid: ctx.key }]),
    }),
  );
  h.feed({ n: 5 }, 100, 'a', 0).feed({ n: 6 }, 101, 'b', 0).feed('by card', 105, 'a', 1).advance(200);
  expect(h.out).toEqual([
    { value: { payment: 'by card', n: 5 }, time: 105 },
    { value: { unpaid: 'b' }, time: 111 },
  ]);
});

const open = () => valueState<number>('open');

test('says what it keeps', () => {
  const described = keyedProcess({
    state: { a: valueState('a', { default: 0, ttl: '1h' }), b: listState('b') },
    onRecord: () => {},
    onTimer: () => {},
  });
  expect(described).toMatchObject({
    kind: 'process',
    description: 'state a, b; timers',
    makes: 'append',
    state: [
      { name: 'a', kind: 'value', boundedBy: 'ttl 1h' },
      { name: 'b', kind: 'list' },
    ],
  });
});
