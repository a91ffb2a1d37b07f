import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HeapStateBackend } from '../../src/state/heap.ts';
import { TimerQueue } from '../../src/time/timer-queue.ts';
import { CheckedStateBackend } from '../support/checked-state.ts';

type Fired = [timeMs: number, key: unknown, tag: number];

function open(backend = new HeapStateBackend()): TimerQueue {
  return new TimerQueue(backend.operator('op'), 'timers');
}

function fire(queue: TimerQueue, untilMs: number): Fired[] {
  const fired: Fired[] = [];
  expect(
    queue.advance(
      untilMs,
      (...timer) => void fired.push(timer),
      () => false,
    ),
  ).toBe(true);
  return fired;
}

describe('a timer queue', () => {
  test('fires in the order of the times, each timer once', () => {
    const queue = open();
    queue.register(30, 'a');
    queue.register(10, 'b');
    queue.register(10, 'b');
    queue.register(10, 'b', 7);
    queue.register(20, 'a');
    expect(queue.next).toBe(10);
    expect(fire(queue, 20)).toEqual([
      [10, 'b', 0],
      [10, 'b', 7],
      [20, 'a', 0],
    ]);
    expect(queue.next).toBe(30);
    expect(fire(queue, 29)).toEqual([]);
  });

  test('does not fire what was deleted', () => {
    const queue = open();
    queue.register(10, 'a');
    queue.register(20, 'a');
    queue.delete(10, 'a');
    queue.delete(99, 'a');
    expect(queue.next).toBe(20);
    expect(fire(queue, Infinity)).toEqual([[20, 'a', 0]]);
    expect(queue.next).toBe(Infinity);
  });

  test('fires what is registered while it fires', () => {
    const queue = open();
    queue.register(10, 'a');
    const fired: number[] = [];
    queue.advance(
      40,
      (timeMs, key) => {
        fired.push(timeMs);
        if (timeMs < 60) queue.register(timeMs + 10, key);
      },
      () => false,
    );
    expect(fired).toEqual([10, 20, 30, 40]);
    expect(queue.next).toBe(50);
  });

  test('stops where the output is blocked and goes on there', () => {
    const queue = open();
    for (const key of ['a', 'b', 'c']) queue.register(10, key);
    const fired: unknown[] = [];
    const advance = (room: number) =>
      queue.advance(
        10,
        (_, key) => void fired.push(key),
        () => fired.length >= room,
      );
    expect(advance(2)).toBe(false);
    expect(fired).toEqual(['a', 'b']);
    expect(advance(9)).toBe(true);
    expect(fired).toEqual(['a', 'b', 'c']);
  });

  test('holds what was registered before a restart', () => {
    const backend = new HeapStateBackend();
    open(backend).register(10, 'a');
    expect(fire(open(backend), 10)).toEqual([[10, 'a', 0]]);
  });

  test('announces what it changes', () => {
    const backend = new CheckedStateBackend();
    const queue = new TimerQueue(backend.operator('op'), 'timers');
    for (const tag of [1, 2, 3]) {
      queue.register(10, 'a', tag);
      backend.verify();
    }
    queue.delete(10, 'a', 2);
    backend.verify();
    const fired: number[] = [];
    queue.advance(
      10,
      (_, __, tag) => void fired.push(tag),
      () => fired.length > 0,
    );
    backend.verify();
    expect(fired).toEqual([1]);
  });

  test('does not grow by timers that are deleted again', () => {
    const backend = new HeapStateBackend();
    const queue = open(backend);
    queue.register(1e9, 'last');
    for (let i = 0; i < 10_000; i++) {
      queue.register(i, 'a');
      queue.delete(i, 'a');
    }
    const { times } = queue as unknown as { times: { size: number } };
    expect(times.size).toBeLessThan(100);
    expect(fire(queue, Infinity)).toEqual([[1e9, 'last', 0]]);
  });

  test('agrees with a set of timers, also over restarts', () => {
    const timer = { time: fc.nat(20), key: fc.constantFrom('a', 'b'), tag: fc.nat(1) };
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('register' as const), ...timer }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), ...timer }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('advance' as const), until: fc.nat(20) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const backend = new HeapStateBackend();
        let queue = open(backend);
        const model = new Set<string>();
        for (const s of steps) {
          if (s.do === 'register') {
            queue.register(s.time, s.key, s.tag);
            model.add(`${s.time},${s.key},${s.tag}`);
          } else if (s.do === 'delete') {
            queue.delete(s.time, s.key, s.tag);
            model.delete(`${s.time},${s.key},${s.tag}`);
          } else if (s.do === 'restart') queue = open(backend);
          else {
            const fired = fire(queue, s.until);
            expect(fired.map(f => f[0])).toEqual(fired.map(f => f[0]).toSorted((a, b) => a - b));
            const due = [...model].filter(t => Number(t.split(',')[0]) <= s.until);
            expect(fired.map(String).toSorted()).toEqual(due.toSorted());
            for (const t of due) model.delete(t);
          }
          expect(queue.next).toBe(Math.min(Infinity, ...[...model].map(t => Number(t.split(',')[0]))));
        }
      }),
      { numRuns: 300 },
    );
  });
});
