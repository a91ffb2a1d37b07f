import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sum } from '../../src/operators/aggregates/index.ts';
import { aggregatingState } from '../../src/state/aggregating-state.ts';
import { listState } from '../../src/state/list-state.ts';
import { mapState } from '../../src/state/map-state.ts';
import { reducingState } from '../../src/state/reducing-state.ts';
import type { StateTtl } from '../../src/state/ttl.ts';
import { valueState } from '../../src/state/value-state.ts';
import { StateHarness } from '../support/state-harness.ts';

const TTL_MS = 100;
/** By then what has expired is gone. */
const GONE_MS = TTL_MS + Math.ceil(TTL_MS / 16);

function stateWith(ttl: StateTtl) {
  return {
    value: valueState<number>('value', { ttl }),
    list: listState<number>('list', { ttl }),
    map: mapState<string, number>('map', { ttl }),
    sum: reducingState<number>('sum', (a, b) => a + b, { ttl }),
    total: aggregatingState(
      'total',
      sum((n: number) => n),
      { ttl },
    ),
  };
}

describe('by the clock', () => {
  test('an expired value is not returned, and then is gone', () => {
    const h = new StateHarness(stateWith({ after: TTL_MS }));
    const read = () =>
      h.run(({ state }) => [state.value.get(), state.list.get(), [...state.map], state.map.get('x'), state.sum.get(), state.total.get()]);
    h.run(({ state }) => {
      state.value.set(1);
      state.list.add(1);
      state.map.set('x', 1);
      state.sum.add(1);
      state.total.add(1);
    });
    h.clock(TTL_MS - 1);
    expect(read()).toEqual([1, [1], [['x', 1]], 1, 1, 1]);
    h.clock(TTL_MS);
    expect(read()).toEqual([undefined, [], [], undefined, undefined, undefined]);
    h.clock(GONE_MS);
    for (const name of ['value', 'list', 'map', 'sum', 'total']) expect(h.held(name)).toBe(0);
  });

  test('elements and entries expire for themselves', () => {
    const h = new StateHarness(stateWith({ after: TTL_MS }));
    h.run(({ state }) => {
      state.list.add(1);
      state.map.set('x', 1);
    });
    h.clock(60);
    h.run(({ state }) => {
      state.list.add(2);
      state.map.set('y', 2);
    });
    h.clock(130);
    expect(h.run(({ state }) => [state.list.get(), [...state.map.keys()], state.map.size])).toEqual([[2], ['y'], 1]);
  });

  test('a read refreshes only where it is asked to', () => {
    for (const refreshOn of ['write', 'read-and-write'] as const) {
      const h = new StateHarness(stateWith({ after: TTL_MS, refreshOn }));
      h.run(({ state }) => {
        state.value.set(1);
        state.list.add(1);
        state.map.set('x', 1);
      });
      h.clock(60).run(({ state }) => [state.value.get(), state.list.get(), state.map.get('x')]);
      h.clock(130);
      const seen = h.run(({ state }) => [state.value.get(), state.list.get(), state.map.get('x')]);
      expect(seen).toEqual(refreshOn === 'write' ? [undefined, [], undefined] : [1, [1], 1]);
    }
  });

  test('a restart takes over when what was kept before it expires', () => {
    const h = new StateHarness(stateWith({ after: TTL_MS }));
    h.run(({ state }) => {
      state.value.set(1);
      state.map.set('x', 1);
    });
    h.clock(50).restart();
    expect(h.run(ctx => ctx.state.value.get())).toBe(1);
    h.clock(GONE_MS);
    expect([h.held('value'), h.held('map')]).toEqual([0, 0]);
  });

  test('keys that expire together are removed over several turns', () => {
    const h = new StateHarness({ value: valueState<number>('value', { ttl: TTL_MS }) });
    for (let i = 0; i < 10_000; i++) h.run(ctx => ctx.state.value.set(i), `key ${i}`);
    expect(h.held('value')).toBe(10_000);
    h.clock(GONE_MS);
    expect(h.held('value')).toBe(0);
  });

  test('keys that come and go do not pile up', () => {
    const h = new StateHarness({ value: valueState<number>('value', { ttl: TTL_MS }), list: listState<number>('list', { ttl: TTL_MS }) });
    let most = 0;
    for (let i = 0; i < 20_000; i++) {
      h.clock(i);
      h.run(ctx => (ctx.state.value.set(i), ctx.state.list.add(i)), `key ${i}`);
      h.run(ctx => (ctx.state.value.clear(), ctx.state.list.add(i)), 'always');
      most = Math.max(most, h.held('value'), h.held('list'), h.run(ctx => ctx.state.list.get().length, 'always')!);
    }
    expect(most).toBeLessThanOrEqual(GONE_MS + 2);
  });
});

describe('by event time', () => {
  const ttl: StateTtl = { after: TTL_MS, time: 'event' };

  test('the record at hand says what time it is, but not before the watermark', () => {
    const h = new StateHarness(stateWith(ttl));
    h.run(({ state }) => state.value.set(1), 'k', 1000);
    expect(h.run(({ state }) => state.value.get(), 'k', 1099)).toBe(1);
    expect(h.run(({ state }) => state.value.get(), 'k', 1100)).toBeUndefined();
    expect(h.run(({ state }) => state.value.get(), 'k', 1050)).toBe(1);
    h.watermark(1100);
    expect(h.run(({ state }) => state.value.get(), 'k', 1050)).toBeUndefined();
  });

  test('a record from before the last touch does not shorten the time', () => {
    const h = new StateHarness(stateWith(ttl));
    h.run(({ state }) => state.value.set(1), 'k', 1050);
    h.run(({ state }) => state.value.set(2), 'k', 1000);
    expect(h.run(({ state }) => state.value.get(), 'k', 1149)).toBe(2);
    expect(h.run(({ state }) => state.value.get(), 'k', 1150)).toBeUndefined();
  });

  test('the watermark removes', () => {
    const h = new StateHarness(stateWith(ttl));
    for (const [key, timeMs] of [
      ['a', 1000],
      ['b', 1050],
    ] as const) {
      h.run(({ state }) => (state.value.set(1), state.map.set('x', 1)), key, timeMs);
    }
    h.watermark(1000 + GONE_MS);
    expect([h.held('value'), h.held('map')]).toEqual([1, 1]);
    h.watermark(1050 + GONE_MS);
    expect([h.held('value'), h.held('map')]).toEqual([0, 0]);
  });

  test('a record without event time is rejected', () => {
    const h = new StateHarness(stateWith(ttl));
    h.run(({ state }) => state.value.set(1));
    expect(h.rejects).toEqual(['state with an event-time ttl was used by a record that has no event time']);
  });
});

/** One value as the documentation describes it. */
class Model {
  private value: number | undefined;
  private touchedMs = -Infinity;

  get(nowMs: number, refresh: boolean): number | undefined {
    if (this.value === undefined || this.touchedMs + TTL_MS <= nowMs) return undefined;
    if (refresh) this.touchedMs = Math.max(this.touchedMs, nowMs);
    return this.value;
  }

  set(value: number | undefined, nowMs: number): void {
    this.touchedMs = this.value !== undefined && value !== undefined ? Math.max(this.touchedMs, nowMs) : nowMs;
    this.value = value;
  }
}

const step = fc.record({
  do: fc.constantFrom('get', 'get', 'get', 'set', 'set', 'clear', 'refused', 'restart', 'watermark'),
  key: fc.constantFrom('a', 'b'),
  waitMs: fc.integer({ min: 0, max: 60 }),
  /** How far behind the newest time a record comes. */
  behindMs: fc.integer({ min: 0, max: 90 }),
});

describe.each(['write', 'read-and-write'] as const)('refreshed on %s', refreshOn => {
  const refresh = refreshOn === 'read-and-write';

  test.each(['processing', 'event'] as const)('agrees with a model in %s time', time => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), steps => {
        const h = new StateHarness({
          value: valueState<number>('value', { ttl: { after: TTL_MS, refreshOn, time } }),
          map: mapState<string, number>('map', { ttl: { after: TTL_MS, refreshOn, time } }),
        });
        const values = { a: new Model(), b: new Model() };
        const entries = { a: new Model(), b: new Model() };
        let newest = 1000;
        let watermark = -Infinity;
        h.clock(newest);
        steps.forEach((s, i) => {
          newest += s.waitMs;
          if (time === 'processing') h.clock(newest);
          const timeMs = newest - s.behindMs;
          const nowMs = time === 'processing' ? newest : Math.max(timeMs, watermark);
          const { [s.key as 'a']: value } = values;
          const { [s.key as 'a']: entry } = entries;
          switch (s.do) {
            case 'get':
              expect(h.run(({ state }) => state.value.get(), s.key, timeMs)).toBe(value.get(nowMs, refresh));
              // The entries of one map expire apart from each other.
              expect(h.run(({ state }) => state.map.get(s.key), 'shared', timeMs)).toBe(entry.get(nowMs, refresh));
              break;
            case 'set':
              // A write to a piece of state reads it first.
              value.get(nowMs, refresh);
              value.set(i, nowMs);
              entry.set(i, nowMs);
              h.run(({ state }) => state.value.set(i), s.key, timeMs);
              h.run(({ state }) => state.map.delete(s.key), 'shared', timeMs);
              h.run(({ state }) => state.map.set(s.key, i), 'shared', timeMs);
              entry.set(undefined, nowMs);
              entry.set(i, nowMs);
              break;
            case 'clear':
              value.set(undefined, nowMs);
              h.run(({ state }) => state.value.clear(), s.key, timeMs);
              break;
            case 'refused':
              h.run(
                ({ state }) => {
                  state.map.set(s.key, -1);
                  throw new Error('refused');
                },
                'shared',
                timeMs,
              );
              break;
            case 'restart':
              h.restart();
              break;
            case 'watermark':
              watermark = Math.max(watermark, timeMs);
              h.watermark(watermark);
              break;
          }
        });
        h.clock(newest + GONE_MS).watermark(newest + GONE_MS);
        expect([h.held('value'), h.held('map')]).toEqual([0, 0]);
      }),
      { numRuns: 300 },
    );
  });
});
