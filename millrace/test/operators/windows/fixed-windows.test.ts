import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { collect, composeAggregates, count, first, last, max, sum } from '../../../src/operators/aggregates/index.ts';
import { aggregating, processing, reducing } from '../../../src/operators/windows/window-function.ts';
import { windowOperator } from '../../../src/operators/windows/window-operator.ts';
import type { PaneAssigner, TimeWindow } from '../../../src/spi/window.ts';
import { cumulative, eventTimeTrigger, sliding, tumbling } from '../../../src/windows/index.ts';
import type { Emitted } from '../../support/operator-harness.ts';
import {
  clockScripts,
  cumulativeWindows,
  type Kept,
  modelFixed,
  run,
  scripts,
  type ShowWindow,
  slidingWindows,
  type Step,
} from './window-script.ts';

/** A pane assigner beside a naive account of its windows. */
interface Case {
  assigner: PaneAssigner;
  windowsOf: (time: number) => TimeWindow[];
  paneMs: number;
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));

const cases = (time: 'event' | 'processing' = 'event'): fc.Arbitrary<Case> =>
  fc.oneof(
    fc.record({ size: fc.integer({ min: 1, max: 50 }), offset: fc.integer({ min: -30, max: 30 }) }).map(({ size, offset }) => ({
      assigner: tumbling(size, { offset, time }),
      windowsOf: (t: number) => slidingWindows(t, size, size, offset),
      paneMs: size,
    })),
    fc
      .record({ a: fc.integer({ min: 1, max: 40 }), b: fc.integer({ min: 1, max: 40 }), offset: fc.integer({ min: -30, max: 30 }) })
      .map(({ a, b, offset }) => ({
        assigner: sliding(Math.max(a, b), Math.min(a, b), { offset, time }),
        windowsOf: (t: number) => slidingWindows(t, Math.max(a, b), Math.min(a, b), offset),
        paneMs: greatestCommonDivisor(a, b),
      })),
    fc.record({ slide: fc.integer({ min: 1, max: 6 }), panes: fc.integer({ min: 2, max: 12 }) }).map(({ slide, panes }) => ({
      assigner: sliding(slide * panes, slide, { time }),
      windowsOf: (t: number) => slidingWindows(t, slide * panes, slide),
      paneMs: slide,
    })),
    // Enough panes for blocks of blocks.
    fc.integer({ min: 17, max: 90 }).map(size => ({
      assigner: sliding(size, 1, { time }),
      windowsOf: (t: number) => slidingWindows(t, size, 1),
      paneMs: 1,
    })),
    fc.record({ step: fc.integer({ min: 1, max: 10 }), steps: fc.integer({ min: 1, max: 8 }) }).map(({ step, steps }) => ({
      assigner: cumulative(step * steps, step, { time }),
      windowsOf: (t: number) => cumulativeWindows(t, step * steps, step),
      paneMs: step,
    })),
  );

const lateness = fc.constantFrom(0, 0, 3, 20, 1000);
const restores = fc.array(fc.nat(59), { maxLength: 3 });

interface Result {
  key: string;
  window: TimeWindow;
  n: number;
  total: number;
  highest: number;
  opening: number;
  closing: number;
  all: number[];
}

const aggregates = aggregating(
  composeAggregates<number, Record<string, never>>({
    n: count(),
    total: sum((v: number) => v),
    highest: max((v: number) => v),
    opening: first((v: number) => v),
    closing: last((v: number) => v),
    all: collect((v: number) => v),
  } as never),
);

const showResult = ({ value, time }: Emitted) => {
  const { key, window, n, total, highest, opening, closing, all } = value as Result;
  return `${key} ${window.start}..${window.end} @${time}: ${[n, total, highest, opening, closing].join(' ')} [${all.join(' ')}]`;
};

/** Records of a window, pane after pane; within one as they arrived. */
const byPane = (records: readonly Kept[], start: number, paneMs: number) =>
  records.toSorted((a, b) => Math.floor((a.time - start) / paneMs) - Math.floor((b.time - start) / paneMs));

const showAggregates =
  (paneMs = Infinity): ShowWindow =>
  (key, window, records) => {
    const values = byPane(records, window.start, paneMs).map(record => record.value);
    const total = values.reduce((a, b) => a + b, 0);
    const summary = [values.length, total, Math.max(...values), values[0], values.at(-1)].join(' ');
    return [`${key} ${window.start}..${window.end} @${window.end - 1}: ${summary} [${values.join(' ')}]`];
  };

// Another object, so that the operator does not take the path of the standard trigger.
const sameTrigger = () => ({ ...eventTimeTrigger() });

describe('windows cut from panes', () => {
  test('give what putting each record into each of its windows gives, with late records firing again', () => {
    fc.assert(
      fc.property(cases(), scripts(), lateness, ({ assigner, windowsOf, paneMs }, script, allowedLatenessMs) => {
        const operator = windowOperator({ assigner, function: aggregates, description: '', allowedLatenessMs });
        expect(run(operator, script, { show: showResult })).toEqual(
          modelFixed(script, windowsOf, allowedLatenessMs, showAggregates(paneMs)),
        );
      }),
      { numRuns: 400 },
    );
  });

  test('also when the output is blocked again and again, and when the operator is restored from its state', () => {
    fc.assert(
      fc.property(
        cases(),
        scripts({ maxSteps: 40 }),
        lateness,
        restores,
        ({ assigner, windowsOf, paneMs }, script, allowedLatenessMs, restoreAfter) => {
          const operator = windowOperator({ assigner, function: aggregates, description: '', allowedLatenessMs });
          const outcomes = run(operator, script, { show: showResult, blocked: true, restoreAfter });
          expect(outcomes).toEqual(modelFixed(script, windowsOf, allowedLatenessMs, showAggregates(paneMs)));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('hand all records of a window to a function, in order', () => {
    fc.assert(
      fc.property(cases(), scripts(), lateness, fc.boolean(), ({ assigner, windowsOf, paneMs }, script, allowedLatenessMs, blocked) => {
        const fn = processing<number, string>(function* (key, window, records) {
          for (const value of records) yield `${String(key)} ${window.start}..${window.end} ${value}`;
        });
        const operator = windowOperator({ assigner, function: fn, description: '', allowedLatenessMs });
        const expected = modelFixed(script, windowsOf, allowedLatenessMs, (key, window, records) =>
          byPane(records, window.start, paneMs).map(({ value }) => `${key} ${window.start}..${window.end} ${value} @${window.end - 1}`),
        );
        expect(run(operator, script, { show: ({ value, time }) => `${String(value)} @${time}`, blocked, restoreAfter: [7] })).toEqual(
          expected,
        );
      }),
    );
  });

  test('reduce records without an accumulator of another kind', () => {
    fc.assert(
      fc.property(cases(), scripts(), lateness, ({ assigner, windowsOf }, script, allowedLatenessMs) => {
        const operator = windowOperator({ assigner, function: reducing<number>((a, b) => a + b), description: '', allowedLatenessMs });
        const expected = modelFixed(script, windowsOf, allowedLatenessMs, (_key, window, records) => [
          `${records.reduce((total, { value }) => total + value, 0)} @${window.end - 1}`,
        ]);
        expect(run(operator, script, { show: ({ value, time }) => `${String(value)} @${time}`, restoreAfter: [11] })).toEqual(expected);
      }),
    );
  });

  test.each([
    ['America/New_York', Date.UTC(2024, 2, 8)],
    ['America/New_York', Date.UTC(2024, 10, 1)],
    ['Australia/Lord_Howe', Date.UTC(2024, 3, 4)],
  ])('in %s, from %d, follow the days of the clocks', (timeZone, from) => {
    const clocks = clocksOf(timeZone, from);
    const kinds = fc.constantFrom(
      { assigner: tumbling('1d', { timeZone }), sizeHours: 24, slideHours: 24 },
      { assigner: sliding('1d', '6h', { timeZone }), sizeHours: 24, slideHours: 6 },
      { assigner: sliding('3h', '1h', { timeZone }), sizeHours: 3, slideHours: 1 },
    );
    // The script counts half hours.
    const inTime = scripts({ maxSteps: 40 }).map(script =>
      script.map(
        (step): Step =>
          step.kind === 'record' ? { ...step, time: from + (step.time + 40) * HALF_HOUR } : { ...step, to: from + step.to * HALF_HOUR },
      ),
    );
    fc.assert(
      fc.property(kinds, inTime, fc.constantFrom(0, 5 * HALF_HOUR), ({ assigner, sizeHours, slideHours }, script, allowedLatenessMs) => {
        const windows = clocks.windows(sizeHours, slideHours);
        const fn = reducing<number>((a, b) => a + b);
        const operator = windowOperator({ assigner, function: fn, description: '', allowedLatenessMs });
        const expected = modelFixed(
          script,
          t => windows.filter(({ start, end }) => start <= t && t < end),
          allowedLatenessMs,
          (_key, { end }, records) => [`${records.reduce((total, { value }) => total + value, 0)} @${end - 1}`],
        );
        expect(run(operator, script, { show: ({ value, time }) => `${String(value)} @${time}` })).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  test('of processing time fire by the clock, and all of them at the end of the input', () => {
    fc.assert(
      fc.property(cases('processing'), clockScripts(), fc.boolean(), restores, ({ assigner, windowsOf }, script, blocked, restoreAfter) => {
        const fn = aggregating(composeAggregates<number, Record<string, never>>({ n: count(), total: sum((v: number) => v) } as never));
        const operator = windowOperator({ assigner, function: fn, description: '' });
        const show = ({ value, time }: Emitted) => {
          const { key, window, n, total } = value as Result;
          return `${key} ${window.start}..${window.end} @${time}: ${n} ${total}`;
        };
        const expected = modelFixed(byClock(script), windowsOf, 0, (key, window, records) => [
          `${key} ${window.start}..${window.end} @${window.end - 1}: ${records.length} ${records.reduce((a, r) => a + r.value, 0)}`,
        ]);
        expect(run(operator, script, { show, blocked, restoreAfter })).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});

describe('windows kept one by one', () => {
  test('give the same, with records in the order of arrival', () => {
    fc.assert(
      fc.property(
        cases(),
        scripts(),
        lateness,
        fc.boolean(),
        restores,
        ({ assigner, windowsOf }, script, allowedLatenessMs, blocked, restoreAfter) => {
          const operator = windowOperator({ assigner, function: aggregates, description: '', allowedLatenessMs, trigger: sameTrigger() });
          const outcomes = run(operator, script, { show: showResult, blocked, restoreAfter });
          expect(outcomes).toEqual(modelFixed(script, windowsOf, allowedLatenessMs, showAggregates()));
        },
      ),
      { numRuns: 300 },
    );
  });
});

const HALF_HOUR = 1_800_000;

/** Windows cut by what the clocks of a zone show, found by looking at them every half hour. */
function clocksOf(timeZone: string, from: number) {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  const instants = Array.from({ length: 600 }, (_, i) => from + (i - 200) * HALF_HOUR);
  const shown = instants.map(instant => Date.parse(`${format.format(instant).replace(' ', 'T')}Z`));
  const reached = (local: number) => instants[shown.findIndex(time => time >= local)]!;
  return {
    windows(sizeHours: number, slideHours: number): TimeWindow[] {
      const windows: TimeWindow[] = [];
      const first = Math.ceil(shown[0]! / (24 * 2 * HALF_HOUR)) * 24 * 2 * HALF_HOUR;
      for (let local = first; local < shown[500]!; local += slideHours * 2 * HALF_HOUR) {
        windows.push({ start: reached(local), end: reached(local + sizeHours * 2 * HALF_HOUR) });
      }
      return windows;
    },
  };
}

/** The script as windows of event time would see it: the time of a record is the clock's, and a millisecond is over when the clock shows the next. */
function byClock(script: readonly Step[]): Step[] {
  let now = 0;
  return script.map(step => {
    if (step.kind === 'clock') {
      now = step.to;
      return { kind: 'watermark', to: now - 1 };
    }
    return step.kind === 'record' ? { ...step, time: now } : step;
  });
}
