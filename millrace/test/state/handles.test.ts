import { describe, expect, test } from 'vitest';
import { collect, mean } from '../../src/operators/aggregates/index.ts';
import { aggregatingState } from '../../src/state/aggregating-state.ts';
import { listState } from '../../src/state/list-state.ts';
import { mapState } from '../../src/state/map-state.ts';
import { reducingState } from '../../src/state/reducing-state.ts';
import { valueState } from '../../src/state/value-state.ts';
import { StateHarness } from '../support/state-harness.ts';

class Refused extends Error {}

function refuse(): never {
  throw new Refused('refused');
}

describe('value state', () => {
  test('keeps a value for each key, over restarts', () => {
    const h = new StateHarness({ last: valueState<number>('last'), count: valueState('count', { default: 0 }) });
    expect(h.run(ctx => ctx.state.last.get(), 'a')).toBeUndefined();
    expect(h.run(ctx => ctx.state.count.get(), 'a')).toBe(0);
    h.run(ctx => ctx.state.last.set(1), 'a');
    h.run(ctx => ctx.state.last.set(2), 'b');
    h.restart();
    expect(h.run(ctx => ctx.state.last.get(), 'a')).toBe(1);
    expect(h.run(ctx => ctx.state.last.get(), 'b')).toBe(2);
    h.run(ctx => ctx.state.last.clear(), 'a');
    expect(h.run(ctx => ctx.state.last.get(), 'a')).toBeUndefined();
    expect(h.held('last')).toBe(1);
  });

  test('gives back what was set in the same call', () => {
    const h = new StateHarness({ n: valueState<number>('n') });
    const seen = h.run(({ state: { n } }) => {
      n.set(1);
      const first = n.get();
      n.set(2);
      const second = n.get();
      n.clear();
      const third = n.get();
      n.set(3);
      return [first, second, third];
    });
    expect(seen).toEqual([1, 2, undefined]);
    expect(h.run(ctx => ctx.state.n.get())).toBe(3);
  });

  test('has a default of its own for each key', () => {
    const h = new StateHarness({ seen: valueState<string[]>('seen', { default: [] }) });
    h.run(ctx => void ctx.state.seen.get().push('not set'), 'a');
    expect(h.run(ctx => ctx.state.seen.get(), 'a')).toEqual([]);
    h.run(ctx => ctx.state.seen.set([...ctx.state.seen.get(), 'x']), 'a');
    expect(h.run(ctx => ctx.state.seen.get(), 'a')).toEqual(['x']);
    expect(h.run(ctx => ctx.state.seen.get(), 'b')).toEqual([]);
  });

  test('keeps null, false, 0 and the empty string', () => {
    const h = new StateHarness({ v: valueState<unknown>('v', { default: 'default' }) });
    for (const value of [null, false, 0, '']) {
      h.run(ctx => ctx.state.v.set(value));
      expect(h.run(ctx => ctx.state.v.get())).toBe(value);
    }
    h.run(ctx => ctx.state.v.set(undefined));
    expect(h.run(ctx => ctx.state.v.get())).toBe('default');
    expect(h.held('v')).toBe(0);
  });
});

test('list state adds, replaces and clears', () => {
  const h = new StateHarness({ list: listState<number>('list') });
  expect(h.run(ctx => ctx.state.list.get())).toEqual([]);
  h.run(ctx => ctx.state.list.add(1, 2));
  const inCall = h.run(({ state: { list } }) => {
    list.add(3);
    const added = list.get();
    list.set([9]);
    list.add(8);
    return [added, list.get()];
  });
  expect(inCall).toEqual([
    [1, 2, 3],
    [9, 8],
  ]);
  expect(h.restart().run(ctx => ctx.state.list.get())).toEqual([9, 8]);
  h.run(ctx => ctx.state.list.get().push(7));
  expect(h.run(ctx => ctx.state.list.get())).toEqual([9, 8]);
  h.run(ctx => ctx.state.list.clear());
  expect(h.run(ctx => ctx.state.list.get())).toEqual([]);
  expect(h.held('list')).toBe(0);
});

test('map state is a map for each key', () => {
  const h = new StateHarness({ map: mapState<string, number>('map') });
  h.run(({ state: { map } }) => {
    map.set('x', 1);
    map.set('y', 2);
    map.set('x', 3);
  });
  expect(h.run(ctx => [...ctx.state.map])).toEqual([
    ['x', 3],
    ['y', 2],
  ]);
  expect(h.run(({ state: { map } }) => [map.size, map.has('x'), map.get('z'), [...map.keys()], [...map.values()]])).toEqual([
    2,
    true,
    undefined,
    ['x', 'y'],
    [3, 2],
  ]);
  expect(h.run(ctx => ctx.state.map.size, 'other')).toBe(0);
  expect(h.run(({ state: { map } }) => [map.delete('x'), map.delete('x'), map.size])).toEqual([true, false, 1]);
  expect(h.restart().run(ctx => [...ctx.state.map.entries()])).toEqual([['y', 2]]);
  h.run(({ state: { map } }) => {
    map.clear();
    map.set('z', 0);
  });
  expect(h.run(ctx => [...ctx.state.map])).toEqual([['z', 0]]);
  h.run(ctx => ctx.state.map.set('z', undefined as never));
  expect(h.held('map')).toBe(0);
});

test('reducing state folds', () => {
  const h = new StateHarness({ max: reducingState<number>('max', Math.max) });
  expect(h.run(ctx => ctx.state.max.get())).toBeUndefined();
  for (const n of [3, 9, 4]) h.run(ctx => ctx.state.max.add(n));
  expect(h.restart().run(ctx => ctx.state.max.get())).toBe(9);
  h.run(ctx => ctx.state.max.clear());
  expect(h.held('max')).toBe(0);
});

describe('aggregating state', () => {
  test('is the result of an aggregate', () => {
    const h = new StateHarness({
      mean: aggregatingState(
        'mean',
        mean((n: number) => n),
      ),
    });
    expect(h.run(ctx => ctx.state.mean.get())).toBeUndefined();
    h.run(ctx => ctx.state.mean.add(1));
    h.run(ctx => ctx.state.mean.add(2));
    expect(h.run(ctx => ctx.state.mean.get())).toBe(1.5);
    const inCall = h.run(({ state }) => {
      state.mean.add(6);
      const with6 = state.mean.get();
      state.mean.add(7);
      return [with6, state.mean.get()];
    });
    expect(inCall).toEqual([3, 4]);
    expect(h.restart().run(ctx => ctx.state.mean.get())).toBe(4);
    h.run(({ state }) => {
      state.mean.clear();
      state.mean.add(8);
    });
    expect(h.run(ctx => ctx.state.mean.get())).toBe(8);
    h.run(ctx => ctx.state.mean.clear());
    expect(h.held('mean')).toBe(0);
  });

  test('takes nothing of a record whose input throws', () => {
    const h = new StateHarness({
      all: aggregatingState(
        'all',
        collect((n: number) => (n < 0 ? refuse() : n)),
      ),
    });
    h.run(ctx => ctx.state.all.add(1));
    h.run(({ state }) => {
      state.all.add(2);
      state.all.add(-1);
    });
    expect(h.rejects).toEqual(['refused']);
    expect(h.run(ctx => ctx.state.all.get())).toEqual([1]);
  });
});

describe('a call that throws', () => {
  const state = () => ({
    value: valueState('value', { default: 0 }),
    list: listState<number>('list'),
    map: mapState<string, number>('map'),
    sum: reducingState<number>('sum', (a, b) => a + b),
    all: aggregatingState(
      'all',
      collect((n: number) => n),
    ),
  });

  const read = (h: StateHarness<ReturnType<typeof state>>) =>
    h.run(ctx => ({
      value: ctx.state.value.get(),
      list: ctx.state.list.get(),
      map: [...ctx.state.map],
      sum: ctx.state.sum.get(),
      all: ctx.state.all.get(),
    }));

  const fill = (h: StateHarness<ReturnType<typeof state>>) =>
    h.run(ctx => {
      ctx.state.value.set(1);
      ctx.state.list.add(1, 2);
      ctx.state.map.set('x', 1);
      ctx.state.map.set('y', 2);
      ctx.state.sum.add(5);
      ctx.state.all.add(1);
    });

  test.each(['new', 'known'])('changes nothing of a %s key', kind => {
    const h = new StateHarness(state());
    if (kind === 'known') fill(h);
    const before = read(h);
    h.run(ctx => {
      ctx.state.value.set(9);
      ctx.state.list.add(9);
      ctx.state.list.get();
      ctx.state.map.set('x', 9);
      ctx.state.map.set('z', 9);
      ctx.state.map.delete('y');
      ctx.state.map.set('x', 10);
      ctx.state.sum.add(9);
      ctx.state.all.add(9);
      ctx.state.all.get();
      ctx.state.all.add(9);
      refuse();
    });
    expect(h.rejects).toEqual(['refused']);
    expect(read(h)).toEqual(before);
    h.run(ctx => {
      ctx.state.value.clear();
      ctx.state.list.set([7]);
      ctx.state.list.clear();
      ctx.state.map.set('x', 8);
      ctx.state.map.clear();
      ctx.state.map.set('w', 8);
      ctx.state.sum.clear();
      ctx.state.all.clear();
      ctx.state.all.add(8);
      refuse();
    });
    expect(read(h)).toEqual(before);
    fill(h);
    expect(read(h)?.sum).toBe(kind === 'known' ? 10 : 5);
    expect(read(h)?.all).toEqual(kind === 'known' ? [1, 1] : [1]);
  });
});

describe('misuse', () => {
  test('two pieces of state of one name', () => {
    expect(() => new StateHarness({ a: valueState('x'), b: listState('x') })).toThrow(
      expect.objectContaining({ code: 'STATE_NAME_TAKEN' }),
    );
  });

  test('a handle that is used after the call', () => {
    const h = new StateHarness({ n: valueState('n', { default: 0 }), list: listState<number>('list') });
    const state = h.run(ctx => ctx.state)!;
    expect(() => state.n.get()).toThrow('after the function');
    expect(() => state.n.set(1)).toThrow('after the function');
    expect(() => state.list.add(1)).toThrow('after the function');
  });

  test.each(['0s', -1, 'soon'])('a time to live of %s', ttl => {
    expect(() => valueState('x', { ttl: ttl as never })).toThrow(expect.objectContaining({ code: 'DURATION_INVALID' }));
  });
});
