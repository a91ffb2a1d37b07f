import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { collect, composeAggregates, count } from '../../../src/operators/aggregates/index.ts';
import { aggregating, processing } from '../../../src/operators/windows/window-function.ts';
import { windowOperator } from '../../../src/operators/windows/window-operator.ts';
import { countEvictor, countTrigger, countWindow, globalWindow, purging } from '../../../src/windows/index.ts';
import { type Emitted, OperatorHarness } from '../../support/operator-harness.ts';
import { type Kept, type Outcome, run, scripts, type Step } from './window-script.ts';

const aggregates = aggregating(composeAggregates<number, Record<string, never>>({ n: count(), all: collect((v: number) => v) } as never));
const showResult = ({ value, time }: Emitted) => {
  const { key, all } = value as { key: string; all: number[] };
  return `${key} @${time}: ${all.join(' ')}`;
};

/** Each `slide` records of a key, the newest `size` of them. */
function model(script: readonly Step[], size: number, slide: number): Outcome[] {
  const byKey = new Map<string, Kept[]>();
  return script.map(step => {
    const outcome: Outcome = { fired: [], late: [] };
    if (step.kind !== 'record') return outcome;
    const records = byKey.get(step.key) ?? [];
    byKey.set(step.key, records);
    records.push(step);
    if (records.length % slide > 0) return outcome;
    const window = records.slice(-size);
    outcome.fired.push(`${step.key} @${Math.max(...window.map(r => r.time))}: ${window.map(r => r.value).join(' ')}`);
    return outcome;
  });
}

const sizes = fc.record({ a: fc.integer({ min: 1, max: 12 }), b: fc.integer({ min: 1, max: 12 }) }).map(({ a, b }) => ({
  size: Math.max(a, b),
  slide: Math.min(a, b),
}));
const restores = fc.array(fc.nat(59), { maxLength: 3 });
/** Partly filled windows stay, so that the script does not end. */
const openScripts = scripts().map(script => script.slice(0, -1));

describe('count windows', () => {
  test('of sliding counts give the newest records each time', () => {
    fc.assert(
      fc.property(sizes, openScripts, restores, ({ size, slide }, script, restoreAfter) => {
        const operator = windowOperator({ assigner: countWindow(size, slide), function: aggregates, description: '' });
        expect(run(operator, script, { show: showResult, restoreAfter })).toEqual(model(script, size, slide));
      }),
      { numRuns: 200 },
    );
  });

  test('hand all their records to a function, and are the same as a global window that counts and evicts', () => {
    fc.assert(
      fc.property(sizes, openScripts, ({ size, slide }, script) => {
        const fn = processing<number, string>((key, _window, records) => [`${String(key)} ${[...records].join(' ')}`]);
        const show = ({ value }: Emitted) => String(value);
        const counted = run(windowOperator({ assigner: countWindow(size, slide), function: fn, description: '' }), script, { show });
        const evicted = run(
          windowOperator({
            assigner: globalWindow(),
            function: fn,
            description: '',
            trigger: size === slide ? purging(countTrigger(slide)) : countTrigger(slide),
            evictor: countEvictor(size),
          }),
          script,
          { show, restoreAfter: [9] },
        );
        expect(counted).toEqual(evicted);
      }),
    );
  });

  test('a result has the newest time of its records and no bounds in time', () => {
    const harness = new OperatorHarness(windowOperator({ assigner: countWindow(3), function: aggregates, description: '' }));
    harness.feed(1, 50).feed(2, 70).feed(3, 60);
    expect(harness.out).toEqual([{ value: { key: 'k', window: { start: -Infinity, end: Infinity }, n: 3, all: [1, 2, 3] }, time: 70 }]);
  });

  test('count without event time', () => {
    const harness = new OperatorHarness(windowOperator({ assigner: countWindow(2), function: aggregates, description: '' }));
    harness.feed(1).feed(2);
    expect(harness.out).toMatchObject([{ time: NaN, value: { n: 2 } }]);
  });

  test('that are not full do not fire at the end of the input', () => {
    const harness = new OperatorHarness(windowOperator({ assigner: countWindow(3), function: aggregates, description: '' }));
    harness.feed(1, 0).feed(2, 1).advance(Infinity);
    expect(harness.out).toEqual([]);
    expect(harness.watermarks).toEqual([Infinity]);
  });

  test('take no trigger and no evictor', () => {
    const spec = { assigner: countWindow(3), function: aggregates, description: '' };
    expect(() => windowOperator({ ...spec, trigger: countTrigger(1) })).toThrow(/WINDOW_INVALID[\s\S]*globalWindow/);
    expect(() => windowOperator({ ...spec, evictor: countEvictor(1) })).toThrow(/WINDOW_INVALID/);
  });
});
