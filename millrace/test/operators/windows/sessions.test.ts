import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { composeAggregates, count, max, sum } from '../../../src/operators/aggregates/index.ts';
import { aggregating, processing } from '../../../src/operators/windows/window-function.ts';
import { windowOperator } from '../../../src/operators/windows/window-operator.ts';
import type { TimeWindow } from '../../../src/spi/window.ts';
import { countTrigger, purging, session } from '../../../src/windows/index.ts';
import { type Emitted, OperatorHarness } from '../../support/operator-harness.ts';
import { batchSessions, clockScripts, modelSessions, run, scripts, type ShowWindow, type Step } from './window-script.ts';

interface Result {
  key: string;
  window: TimeWindow;
  n: number;
  total: number;
  highest: number;
}

const aggregates = aggregating(
  composeAggregates<number, Record<string, never>>({ n: count(), total: sum((v: number) => v), highest: max((v: number) => v) } as never),
);

const showResult = ({ value, time }: Emitted) => {
  const { key, window, n, total, highest } = value as Result;
  return `${key} ${window.start}..${window.end} @${time}: ${n} ${total} ${highest}`;
};

const showSession: ShowWindow = (key, window, records) => {
  const values = records.map(record => record.value);
  return [
    `${key} ${window.start}..${window.end} @${window.end - 1}: ${values.length} ${values.reduce((a, b) => a + b, 0)} ${Math.max(...values)}`,
  ];
};

const gaps = fc.oneof(
  fc.integer({ min: 1, max: 30 }).map(gap => ({ assigner: session(gap), gapOf: (_value: number) => gap })),
  fc
    .integer({ min: 1, max: 20 })
    .map(gap => ({ assigner: session((v: number) => gap + (v % 15)), gapOf: (value: number) => gap + (value % 15) })),
);
const lateness = fc.constantFrom(0, 0, 5, 40, 1000);
const restores = fc.array(fc.nat(59), { maxLength: 3 });

describe('sessions', () => {
  test('are those of all records that overlap, whatever their order, and fire again for late records', () => {
    fc.assert(
      fc.property(
        gaps,
        scripts(),
        lateness,
        fc.boolean(),
        restores,
        ({ assigner, gapOf }, script, allowedLatenessMs, blocked, restoreAfter) => {
          const operator = windowOperator({ assigner, function: aggregates, description: '', allowedLatenessMs });
          const outcomes = run(operator, script, { show: showResult, blocked, restoreAfter });
          expect(outcomes).toEqual(modelSessions(script, gapOf, allowedLatenessMs, showSession));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('without late records fire once each, as a batch computation would find them', () => {
    fc.assert(
      fc.property(gaps, scripts(), ({ assigner, gapOf }, script) => {
        const records = script.filter(step => step.kind === 'record');
        // After each record the watermark rises to just before the earliest of those to come.
        const inTime = records.flatMap((record, i): Step[] => {
          const earliest = Math.min(...records.slice(i + 1).map(later => later.time));
          return [record, { kind: 'watermark', to: earliest - 1 }];
        });
        const operator = windowOperator({ assigner, function: aggregates, description: '' });
        const fired = run(operator, inTime, { show: showResult }).flatMap(outcome => outcome.fired);
        const expected = batchSessions(records, gapOf).flatMap(({ key, window, records: all }) => showSession(key, window, all));
        expect(fired.toSorted()).toEqual(expected.toSorted());
      }),
      { numRuns: 200 },
    );
  });

  test('hand over all their records', () => {
    fc.assert(
      fc.property(gaps, scripts(), lateness, ({ assigner, gapOf }, script, allowedLatenessMs) => {
        const fn = processing<number, string>((key, window, records) => [
          `${String(key)} ${window.start}..${window.end} ${[...records].toSorted((a, b) => a - b).join(' ')}`,
        ]);
        const expected = modelSessions(script, gapOf, allowedLatenessMs, (key, window, records) => [
          `${key} ${window.start}..${window.end} ${records
            .map(r => r.value)
            .toSorted((a, b) => a - b)
            .join(' ')}`,
        ]);
        const operator = windowOperator({ assigner, function: fn, description: '', allowedLatenessMs });
        expect(run(operator, script, { show: ({ value }) => String(value), restoreAfter: [5, 20] })).toEqual(expected);
      }),
    );
  });

  test('of processing time end when the clock has come to the gap', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), clockScripts(), fc.boolean(), restores, (gap, script, blocked, restoreAfter) => {
        let now = 0;
        const byClock = script.map((step): Step => {
          if (step.kind === 'clock') {
            now = step.to;
            return { kind: 'watermark', to: now - 1 };
          }
          return step.kind === 'record' ? { ...step, time: now } : step;
        });
        const operator = windowOperator({ assigner: session(gap, { time: 'processing' }), function: aggregates, description: '' });
        const outcomes = run(operator, script, { show: showResult, blocked, restoreAfter });
        expect(outcomes).toEqual(modelSessions(byClock, () => gap, 0, showSession));
      }),
      { numRuns: 200 },
    );
  });

  test('records exactly a gap apart are in two sessions', () => {
    const harness = new OperatorHarness(windowOperator({ assigner: session(10), function: aggregates, description: '' }));
    harness.feed(1, 0).feed(2, 10).feed(3, 19).advance(Infinity);
    expect(harness.values).toMatchObject([
      { window: { start: 0, end: 10 }, n: 1 },
      { window: { start: 10, end: 29 }, n: 2 },
    ]);
  });

  test('a gap that cannot be read rejects its record and nothing else', () => {
    const assigner = session((v: number) => (v < 0 ? NaN : 10));
    const harness = new OperatorHarness(windowOperator({ assigner, function: aggregates, description: '' }));
    harness.feed(1, 0).feed(-1, 5).feed(NaN, NaN).feed(2, 8).advance(Infinity);
    expect(harness.values).toMatchObject([{ n: 2, total: 3 }]);
    expect(harness.rejects.map(r => r.reason)).toEqual(['failed', 'timestamp']);
  });

  test('a trigger counts on when sessions merge', () => {
    const operator = windowOperator({ assigner: session(10), function: aggregates, description: '', trigger: countTrigger(4) });
    const harness = new OperatorHarness(operator);
    harness.feed(1, 0).feed(2, 1).feed(3, 15);
    expect(harness.out).toEqual([]);
    // Joins the session of two with that of one: four in all.
    harness.feed(4, 8);
    expect(harness.values).toMatchObject([{ window: { start: 0, end: 25 }, n: 4 }]);
  });

  test('a purged session goes on without the records it has sent', () => {
    const operator = windowOperator({ assigner: session(10), function: aggregates, description: '', trigger: purging(countTrigger(2)) });
    const harness = new OperatorHarness(operator);
    harness.feed(1, 0).feed(2, 1).feed(3, 5).feed(4, 2);
    expect(harness.values).toMatchObject([
      { n: 2, total: 3 },
      { n: 2, total: 7 },
    ]);
  });
});
