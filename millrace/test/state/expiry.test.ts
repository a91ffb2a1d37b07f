import { describe, expect, test } from 'vitest';
import { Expiry } from '../../src/state/expiry.ts';
import { HeapStateBackend } from '../../src/state/heap.ts';

const TTL_MS = 1000;

/** A space of times at which the values expire. */
function open() {
  const space = new HeapStateBackend().operator('op').table<number>('expiries').space(0);
  let looks = 0;
  const expiry = new Expiry(space, TTL_MS, (cell, nowMs) => {
    looks++;
    return cell.value <= nowMs ? Infinity : cell.value;
  });
  const add = (key: string, expiresMs: number) => {
    space.add(key, expiresMs);
    expiry.added(key, expiresMs);
  };
  const keys = () => [...space.cells()].map(cell => cell.key);
  return { space, expiry, add, keys, looks: () => looks };
}

describe('an expiry queue', () => {
  test('removes what has expired a little later, and only that', () => {
    const { expiry, add, keys } = open();
    add('a', 1000);
    add('b', 2000);
    expect(expiry.nextMs).toBeGreaterThan(1000);
    expect(expiry.nextMs).toBeLessThanOrEqual(1000 + TTL_MS / 16 + 1);
    expect(expiry.expire(expiry.nextMs, 10)).toBe(true);
    expect(keys()).toEqual(['b']);
  });

  test('looks at no more cells than it may', () => {
    const { space, expiry, add } = open();
    for (let i = 0; i < 10; i++) add(`key ${i}`, 1000);
    expect(expiry.expire(5000, 4)).toBe(false);
    expect(space.size).toBe(6);
    expect(expiry.expire(5000, 4)).toBe(false);
    expect(expiry.expire(5000, 4)).toBe(true);
    expect(space.size).toBe(0);
    expect(expiry.nextMs).toBe(Infinity);
  });

  test('looks at a cell that is touched all the time once per time to live', () => {
    const { space, expiry, add, looks } = open();
    add('busy', TTL_MS);
    for (let now = 0; now < 100 * TTL_MS; now += 10) {
      space.get('busy')!.value = now + TTL_MS;
      expiry.expire(now, 10);
    }
    expect(space.size).toBe(1);
    expect(looks()).toBeLessThanOrEqual(101);
  });

  test('does not grow by cells that are added and removed again', () => {
    const { space, expiry, add, keys } = open();
    add('stays', 5000);
    for (let i = 0; i < 20_000; i++) {
      add('a', 4000);
      space.remove('a');
    }
    expect((expiry as unknown as { queued: number }).queued).toBeLessThan(2000);
    expiry.expire(4500, 100_000);
    expect(keys()).toEqual(['stays']);
    expiry.expire(5100, 100_000);
    expect(keys()).toEqual([]);
  });
});
