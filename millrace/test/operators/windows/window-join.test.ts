import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coGroup, windowJoin } from '../../../src/operators/windows/window-join.ts';
import { cumulative, session, sliding, tumbling } from '../../../src/windows/index.ts';
import { type Emitted, OperatorHarness } from '../../support/operator-harness.ts';
import {
  cumulativeWindows,
  type Kept,
  modelFixed,
  modelSessions,
  run,
  scripts,
  type ShowWindow,
  slidingWindows,
  type Step,
} from './window-script.ts';

const lateness = fc.constantFrom(0, 0, 5, 40);
const restores = fc.array(fc.nat(59), { maxLength: 2 });

const kinds = fc.oneof(
  fc.integer({ min: 1, max: 40 }).map(size => ({
    assigner: tumbling(size),
    model: (script: readonly Step[], latenessMs: number, show: ShowWindow) =>
      modelFixed(script, t => slidingWindows(t, size, size), latenessMs, show),
  })),
  fc.record({ slide: fc.integer({ min: 1, max: 8 }), panes: fc.integer({ min: 1, max: 6 }) }).map(({ slide, panes }) => ({
    assigner: sliding(slide * panes, slide),
    model: (script: readonly Step[], latenessMs: number, show: ShowWindow) =>
      modelFixed(script, t => slidingWindows(t, slide * panes, slide), latenessMs, show),
  })),
  fc.constant({
    assigner: cumulative(30, 10),
    model: (script: readonly Step[], latenessMs: number, show: ShowWindow) =>
      modelFixed(script, t => cumulativeWindows(t, 30, 10), latenessMs, show),
  }),
  fc.integer({ min: 1, max: 30 }).map(gap => ({
    assigner: session(gap),
    model: (script: readonly Step[], latenessMs: number, show: ShowWindow) => modelSessions(script, () => gap, latenessMs, show),
  })),
);

const side = (records: readonly Kept[], input: number) =>
  records
    .filter(record => record.input === input)
    .map(record => record.value)
    .sort((a, b) => a - b);
const show = ({ value, time }: Emitted) => `${String(value)} @${time}`;

describe('window join', () => {
  test('gives each pair of records of one key and window', () => {
    fc.assert(
      fc.property(
        kinds,
        scripts({ inputs: 2, keys: 2 }),
        lateness,
        fc.boolean(),
        restores,
        ({ assigner, model }, script, latenessMs, blocked, restoreAfter) => {
          const operator = windowJoin({ assigner, allowedLatenessMs: latenessMs }, (l: number, r: number) => `${l}-${r}`);
          const expected = model(script, latenessMs, (_key, { end }, records) =>
            side(records, 0).flatMap(l => side(records, 1).map(r => `${l}-${r} @${end - 1}`)),
          );
          expect(run(operator, script, { show, blocked, restoreAfter })).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('a large product is sent in portions to a slow output', () => {
    const harness = new OperatorHarness(windowJoin({ assigner: tumbling(10) }, (l: number, r: number) => l * 100 + r));
    for (let i = 0; i < 30; i++) harness.feed(i, 1, 'k', 0).feed(i, 1, 'k', 1);
    let looks = 0;
    let most = 0;
    let before = 0;
    Object.defineProperty(harness, 'blocked', {
      get() {
        most = Math.max(most, harness.out.length - before);
        before = harness.out.length;
        return ++looks % 3 === 0;
      },
    });
    harness.advance(100);
    expect(harness.watermarks).toEqual([]);
    expect(harness.out.length).toBeLessThan(900);
    while (harness.watermarks.length === 0) harness.goOn();
    expect(most).toBeLessThanOrEqual(64);
    expect(harness.values).toEqual(Array.from({ length: 900 }, (_, i) => Math.floor(i / 30) * 100 + (i % 30)));
  });

  test('a pair for which the function throws is rejected, the others are joined', () => {
    const join = (l: number, r: number) => {
      if (l === r) throw new Error('the same');
      return `${l}-${r}`;
    };
    const harness = new OperatorHarness(windowJoin({ assigner: tumbling(10) }, join));
    harness.feed(1, 0, 'k', 0).feed(2, 1, 'k', 0).feed(1, 2, 'k', 1).feed(2, 3, 'k', 1).advance(Infinity);
    expect(harness.values).toEqual(['1-2', '2-1']);
    expect(harness.rejects).toEqual([
      { reason: 'failed', message: 'the same', value: { left: 1, right: 1 }, time: 9 },
      { reason: 'failed', message: 'the same', value: { left: 2, right: 2 }, time: 9 },
    ]);
  });

  test('late records of both inputs go to the side output', () => {
    const harness = new OperatorHarness(windowJoin({ assigner: tumbling(10), lateTag: 'late' }, () => 0));
    harness.advance(20).feed('left', 5, 'k', 0).feed('right', 6, 'k', 1);
    expect(harness.sides.get('late')?.map(l => l.value)).toEqual(['left', 'right']);
    expect(harness.rejects).toEqual([]);
  });

  test('says in the plan what it is and holds', () => {
    expect(windowJoin({ assigner: sliding('1m', '10s') }, () => 0)).toMatchObject({
      kind: 'window join',
      description: 'sliding(1m, 10s)',
      makes: 'append',
      state: [{ name: 'panes', kind: 'window', boundedBy: 'window 1m + lateness 0ms' }],
    });
  });
});

describe('coGroup', () => {
  test('gives both sides of each key and window, also where one is empty', () => {
    fc.assert(
      fc.property(
        kinds,
        scripts({ inputs: 2, keys: 2 }),
        lateness,
        fc.boolean(),
        restores,
        ({ assigner, model }, script, latenessMs, blocked, restoreAfter) => {
          const text = (key: string, { start, end }: { start: number; end: number }, left: number[], right: number[]) =>
            `${key} ${start}..${end} [${left.sort((a, b) => a - b).join(' ')}] [${right.sort((a, b) => a - b).join(' ')}]`;
          const operator = coGroup(
            { assigner, allowedLatenessMs: latenessMs },
            (key, window, left: Iterable<number>, right: Iterable<number>) => [text(String(key), window, [...left], [...right])],
          );
          const expected = model(script, latenessMs, (key, window, records) => [
            `${text(key, window, side(records, 0), side(records, 1))} @${window.end - 1}`,
          ]);
          expect(run(operator, script, { show, blocked, restoreAfter })).toEqual(expected);
        },
      ),
      { numRuns: 200 },
    );
  });
});
