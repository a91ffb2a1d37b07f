import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Pane } from '../../../src/operators/windows/live-panes.ts';
import { OpenPanes } from '../../../src/operators/windows/open-panes.ts';
import { HeapStateBackend } from '../../../src/state/heap.ts';

const table = new HeapStateBackend().operator('test').table<number>('panes');

/** The pane that holds a time, where panes are 10 ms long and those from `shiftedFrom` on lie 3 ms earlier, as days do when clocks change. */
function paneOf(timeMs: number, shiftedFrom: number): Pane<number> {
  const shift = timeMs >= shiftedFrom ? -3 : 0;
  const start = Math.floor((timeMs - shift) / 10) * 10 + shift;
  const end = Math.min(start + 10, timeMs < shiftedFrom ? shiftedFrom : Infinity);
  return { start, end, firstEnd: end + 5, last: { start, end: end + 5 }, space: table.space(start) };
}

describe('open panes', () => {
  const times = fc.oneof(fc.integer({ min: -300, max: 300 }), fc.integer({ min: -30_000, max: 30_000 }));

  test('what is found holds the time, and was remembered and not dropped', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(times, fc.boolean())), fc.integer({ min: -20, max: 20 }), (steps, tens) => {
        const open = new OpenPanes<number>();
        const remembered = new Map<number, Pane<number>>();
        for (const [timeMs, drop] of steps) {
          if (drop) {
            open.dropUpTo(timeMs);
            for (const [start, pane] of remembered) if (pane.firstEnd - 1 <= timeMs) remembered.delete(start);
            continue;
          }
          const pane = paneOf(timeMs, tens * 10);
          const found = open.spaceAt(timeMs);
          if (found !== undefined) expect(found).toBe(remembered.get(pane.start)?.space);
          open.remember(pane, timeMs);
          remembered.set(pane.start, pane);
          expect(open.spaceAt(timeMs)).toBe(pane.space);
        }
      }),
    );
  });

  test('panes of one length that follow one another are all found', () => {
    const open = new OpenPanes<number>();
    const starts = Array.from({ length: 10_000 }, (_, i) => i * 10);
    for (const start of starts) open.remember(paneOf(start, Infinity), start);
    for (const start of starts) expect(open.spaceAt(start + 9)).toBe(table.space(start));
    open.dropUpTo(50_000);
    expect(open.spaceAt(49_985)).toBeUndefined();
    expect(open.spaceAt(50_000)).toBe(table.space(50_000));
  });

  test('what is no time is in no pane', () => {
    const open = new OpenPanes<number>();
    open.remember(paneOf(0, Infinity), 0);
    for (const timeMs of [NaN, Infinity, -Infinity]) expect(open.spaceAt(timeMs)).toBeUndefined();
  });
});
