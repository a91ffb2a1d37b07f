import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { collect, composeAggregates, count, sum } from '../../../src/operators/aggregates/index.ts';
import { aggregating, processing } from '../../../src/operators/windows/window-function.ts';
import { windowOperator } from '../../../src/operators/windows/window-operator.ts';
import type { TimeWindow, Trigger, WindowAssigner } from '../../../src/spi/window.ts';
import { HeapStateBackend } from '../../../src/state/heap.ts';
import {
  countEvictor,
  countTrigger,
  deltaEvictor,
  earlyFiring,
  eventTimeTrigger,
  globalWindow,
  never,
  processingTimeTrigger,
  purging,
  session,
  sliding,
  timeEvictor,
  tumbling,
} from '../../../src/windows/index.ts';
import { OperatorHarness } from '../../support/operator-harness.ts';
import { leftIn, modelFixed, run, scripts, slidingWindows } from './window-script.ts';

const aggregates = aggregating(composeAggregates<number, Record<string, never>>({ all: collect((v: number) => v) } as never));

interface Result {
  window: TimeWindow;
  all: number[];
}

function harnessOf(assigner: WindowAssigner<number>, trigger: Trigger<number>, allowedLatenessMs = 0, backend = new HeapStateBackend()) {
  return new OperatorHarness(windowOperator({ assigner, function: aggregates, description: '', trigger, allowedLatenessMs }), backend);
}

const all = (harness: OperatorHarness<unknown>) => harness.values.map(value => (value as Result).all.join(' '));

describe('countTrigger', () => {
  test('fires at each n records with all that the window holds, and not at its end', () => {
    const harness = harnessOf(tumbling(10), countTrigger(2));
    harness.feed(1, 0).feed(2, 1).feed(3, 2).feed(4, 3).feed(5, 4).advance(Infinity);
    expect(all(harness)).toEqual(['1 2', '1 2 3 4']);
  });

  test('counts each key and window for itself', () => {
    const harness = harnessOf(sliding(20, 10), countTrigger(2));
    harness.feed(1, 5, 'a').feed(2, 15, 'a').feed(3, 5, 'b');
    // Only the window from 0 to 20 has two records of one key.
    expect(harness.values).toMatchObject([{ key: 'a', window: { start: 0, end: 20 }, all: [1, 2] }]);
  });

  test('purging begins anew each time', () => {
    const harness = harnessOf(globalWindow(), purging(countTrigger(2)));
    for (let i = 1; i <= 5; i++) harness.feed(i, i);
    expect(all(harness)).toEqual(['1 2', '3 4']);
  });

  test('a global window that was purged leaves nothing behind', () => {
    const backend = new HeapStateBackend();
    const harness = harnessOf(globalWindow(), purging(countTrigger(2)), 0, backend);
    harness.feed(1).feed(2).feed(3, NaN, 'other');
    expect([...backend.operator('test').table('windows').space(0).cells()].map(cell => cell.key)).toEqual(['other']);
  });
});

describe('never and the end of the input', () => {
  test('a global window emits nothing by itself', () => {
    const harness = harnessOf(globalWindow(), never());
    harness.feed(1, 0).advance(Infinity);
    expect(harness.out).toEqual([]);
    const standard = new OperatorHarness(windowOperator({ assigner: globalWindow(), function: aggregates, description: '' }));
    standard.feed(1, 0).advance(Infinity);
    expect(standard.out).toEqual([]);
  });

  test('by event time a global window ends with the input, at the time of its newest record', () => {
    const harness = harnessOf(globalWindow(), eventTimeTrigger());
    harness.feed(1, 7).feed(2, 5).advance(1e15);
    expect(harness.out).toEqual([]);
    harness.advance(Infinity);
    expect(harness.out).toMatchObject([{ time: 7, value: { all: [1, 2] } }]);
  });
});

describe('processingTimeTrigger', () => {
  test('fires windows of event time by the clock', () => {
    const harness = harnessOf(tumbling(10), processingTimeTrigger());
    harness.feed(1, 3).tick(9);
    expect(harness.out).toEqual([]);
    harness.tick(10);
    expect(all(harness)).toEqual(['1']);
    expect(harness.out[0]!.time).toBe(9);
    harness.feed(2, 4).advance(100);
    expect(all(harness)).toEqual(['1']);
  });
});

describe('earlyFiring', () => {
  test('fires at intervals of the clock when records have come, then at the end', () => {
    const harness = harnessOf(tumbling(1000), earlyFiring(10));
    harness.tick(3).feed(1, 0).tick(9);
    expect(all(harness)).toEqual([]);
    harness.tick(10);
    expect(all(harness)).toEqual(['1']);
    harness.tick(50);
    expect(all(harness)).toEqual(['1']);
    harness.feed(2, 1).feed(3, 2).tick(60).feed(4, 3).advance(999);
    expect(all(harness)).toEqual(['1', '1 2 3', '1 2 3 4']);
    harness.tick(1000);
    expect(all(harness)).toHaveLength(3);
  });

  test('fires at intervals of event time', () => {
    const harness = harnessOf(tumbling(100), earlyFiring(10, { of: 'event' }));
    harness.feed(1, 3).advance(9);
    expect(all(harness)).toEqual([]);
    harness.advance(10).feed(2, 12).feed(3, 31).advance(35);
    expect(all(harness)).toEqual(['1', '1 2 3']);
    harness.advance(45);
    expect(all(harness)).toEqual(['1', '1 2 3', '1 2 3']);
    harness.advance(200);
    expect(all(harness)).toEqual(['1', '1 2 3', '1 2 3', '1 2 3']);
  });

  test('a jump of the watermark over the end gives the last result only', () => {
    const harness = harnessOf(tumbling(100), earlyFiring(10, { of: 'event' }));
    harness.feed(1, 3).feed(2, 55).advance(Infinity);
    expect(all(harness)).toEqual(['1 2']);
  });

  test('fires again for late records', () => {
    const harness = harnessOf(tumbling(100), earlyFiring(10), 50);
    harness.feed(1, 3).advance(99).feed(2, 4).feed(3, 5).tick(1000);
    expect(all(harness)).toEqual(['1', '1 2', '1 2 3']);
  });

  test('windows of processing time end by the clock', () => {
    const harness = harnessOf(tumbling(100, { time: 'processing' }), earlyFiring(30));
    harness.feed(1).tick(30).feed(2).tick(100);
    expect(all(harness)).toEqual(['1', '1 2', '1 2']);
    harness.feed(3).advance(Infinity);
    expect(all(harness)).toEqual(['1', '1 2', '1 2', '3']);
  });

  test('a global window is told of at intervals and at the end of the input', () => {
    const harness = harnessOf(globalWindow(), earlyFiring(10));
    harness.feed(1).tick(10).feed(2).advance(Infinity);
    expect(all(harness)).toEqual(['1', '1 2']);
  });

  test.each(['event', 'processing'] as const)('sessions grow without losing the early result that was due (%s)', of => {
    const harness = harnessOf(session(100), earlyFiring(10, { of }));
    harness.feed(1, 8);
    harness.feed(2, 14);
    if (of === 'event') harness.advance(10);
    else harness.tick(10);
    expect(harness.values).toMatchObject([{ window: { start: 8, end: 114 }, all: [1, 2] }]);
  });

  test('the last result of each window is that of all its records', () => {
    const of = fc.constantFrom('event' as const, 'processing' as const);
    fc.assert(
      fc.property(scripts(), of, fc.integer({ min: 1, max: 40 }), fc.constantFrom(0, 30), (script, of, interval, allowedLatenessMs) => {
        const fn = aggregating(composeAggregates<number, Record<string, never>>({ n: count(), total: sum((v: number) => v) } as never));
        const trigger = earlyFiring(interval, { of });
        const withClock = script.flatMap((step, i) => [step, { kind: 'clock' as const, to: i * 3 }]);
        const operator = windowOperator({ assigner: sliding(30, 10), function: fn, description: '', trigger, allowedLatenessMs });
        const show = ({ value }: { value: unknown }) => {
          const { key, window, n, total } = value as { key: string; window: TimeWindow; n: number; total: number };
          return `${key} ${window.start}:${n} ${total}`;
        };
        const outcomes = run(operator, withClock.slice(0, -1), { show, restoreAfter: [10, 33] });
        const expected = modelFixed(
          script,
          t => slidingWindows(t, 30, 10),
          allowedLatenessMs,
          (key, window, records) => [`${key} ${window.start}:${records.length} ${records.reduce((a, r) => a + r.value, 0)}`],
        );
        const lastOf = (fired: string[]) => Object.fromEntries(fired.map(text => text.split(':')));
        expect(lastOf(outcomes.flatMap(o => o.fired))).toEqual(lastOf(expected.flatMap(o => o.fired)));
        expect(outcomes.flatMap(o => o.late)).toEqual(expected.flatMap(o => o.late));
      }),
      { numRuns: 200 },
    );
  });
});

describe('a trigger of one’s own', () => {
  test('sees records, timers of both times, its numbers, and the end of its window', () => {
    const seen: string[] = [];
    const trigger: Trigger<number> = {
      description: 'mine',
      onElement(record, timeMs, window, context) {
        seen.push(`record ${record} @${timeMs} in ${window.start}..${window.end}, number ${context.get('n')}`);
        context.set('n', (context.get('n') ?? 0) + record);
        context.registerEventTimeTimer(5);
        context.registerEventTimeTimer(7);
        context.deleteEventTimeTimer(7);
        context.registerProcessingTimeTimer(20);
        context.registerProcessingTimeTimer(30);
        context.deleteProcessingTimeTimer(30);
        return 'continue';
      },
      onEventTime(timeMs, _window, context) {
        seen.push(`event time ${timeMs}, watermark ${context.watermark}`);
        return 'fire';
      },
      onProcessingTime(timeMs, _window, context) {
        seen.push(`processing time ${timeMs}, clock ${context.processingTime}`);
        return 'purge';
      },
      clear: (window, context) => void seen.push(`clear ${window.start}..${window.end}, number ${context.get('n')}`),
    };
    const harness = harnessOf(tumbling(10), trigger);
    harness.feed(1, 1).feed(2, 2).advance(6).tick(40).advance(50);
    expect(seen).toEqual([
      'record 1 @1 in 0..10, number undefined',
      'record 2 @2 in 0..10, number 1',
      'event time 5, watermark 6',
      'processing time 20, clock 20',
      'clear 0..10, number 3',
    ]);
    expect(all(harness)).toEqual(['1 2']);
  });

  test('learns of merged sessions, with its numbers added up', () => {
    const merges: string[] = [];
    const trigger: Trigger<number> = {
      ...eventTimeTrigger(),
      onElement(record, timeMs, window, context) {
        context.set('n', (context.get('n') ?? 0) + 1);
        return eventTimeTrigger().onElement(record, timeMs, window, context);
      },
      onMerge: (window, context) => void merges.push(`${window.start}..${window.end}: ${context.get('n')}`),
    };
    const harness = harnessOf(session(10), trigger);
    harness.feed(1, 0).feed(2, 1).feed(3, 30).feed(4, 15).feed(5, 22).feed(6, 8).advance(Infinity);
    // 22 joins 15 and 30, 8 joins that with 0 and 1.
    expect(merges).toEqual(['15..40: 2', '0..40: 5']);
    expect(harness.values).toMatchObject([{ window: { start: 0, end: 40 } }]);
  });

  test('has no timer left at the old end of a session that has grown', () => {
    const fired: number[] = [];
    const trigger: Trigger<number> = {
      ...eventTimeTrigger(),
      onEventTime(timeMs) {
        fired.push(timeMs);
        return 'fire';
      },
    };
    const harness = harnessOf(session(10), trigger);
    harness.feed(1, 0).feed(2, 5).feed(3, 20).feed(4, 12).advance(100);
    expect(fired).toEqual([29]);
    expect(all(harness)).toEqual(['1 2 4 3']);
  });

  test('finds the clock past everything at the end of the input', () => {
    const clocks: number[] = [];
    const trigger: Trigger<number> = {
      ...processingTimeTrigger(),
      onProcessingTime(timeMs, window, context) {
        clocks.push(context.processingTime);
        // There is nothing after the end of the input, so that this does not go on for ever.
        context.registerProcessingTimeTimer(timeMs + 1);
        return processingTimeTrigger().onProcessingTime(timeMs, window, context);
      },
    };
    const harness = harnessOf(tumbling(10, { time: 'processing' }), trigger);
    harness.feed(1).advance(Infinity);
    expect(clocks).toEqual([Infinity]);
    expect(all(harness)).toEqual(['1']);
  });

  test('that throws at a record rejects the record; at a timer, the key and window', () => {
    const trigger: Trigger<number> = {
      ...eventTimeTrigger(),
      onElement(record, timeMs, window, context) {
        if (record < 0) throw new Error('no');
        return eventTimeTrigger().onElement(record, timeMs, window, context);
      },
      onEventTime(timeMs, window) {
        if (window.start === 10) throw new Error('not this one');
        return eventTimeTrigger().onEventTime(timeMs, window, undefined as never);
      },
    };
    const backend = new HeapStateBackend();
    const harness = harnessOf(tumbling(10), trigger, 0, backend);
    harness.feed(-1, 25).feed(1, 1).feed(2, 11).advance(Infinity);
    expect(all(harness)).toEqual(['1']);
    expect(harness.rejects).toMatchObject([
      { reason: 'failed', message: 'no', value: -1 },
      { reason: 'failed', message: 'not this one', value: { key: 'k', window: { start: 10, end: 20 } }, time: 19 },
    ]);
    expect(leftIn(backend)).toEqual([]);
  });

  test('of processing-time timers goes on after a restart', () => {
    const backend = new HeapStateBackend();
    harnessOf(tumbling(1000), earlyFiring(10), 0, backend).feed(1, 5);
    const operator = windowOperator({ assigner: tumbling(1000), function: aggregates, description: '', trigger: earlyFiring(10) });
    const restored = new OperatorHarness(operator, backend, { now: 3 });
    restored.tick(10);
    expect(all(restored)).toEqual(['1']);
  });
});

describe('evictors', () => {
  const evictedBy = (evictor: Parameters<typeof windowOperator<number, unknown, unknown>>[0]['evictor'], trigger?: Trigger<number>) =>
    new OperatorHarness<unknown>(
      windowOperator<number, unknown, unknown>({
        assigner: tumbling(100),
        function: aggregates as never,
        description: '',
        evictor: evictor!,
        ...(trigger && { trigger }),
      }),
    );

  test('keep the newest records', () => {
    const harness = evictedBy(countEvictor(2));
    harness.feed(1, 1).feed(2, 2).feed(3, 3).advance(Infinity);
    expect(all(harness)).toEqual(['2 3']);
  });

  test('keep the records of the last time', () => {
    const harness = evictedBy(timeEvictor(10));
    harness.feed(1, 9).feed(2, 30).feed(3, 20).feed(4, 21).advance(Infinity);
    expect(all(harness)).toEqual(['2 4']);
  });

  test('keep the records near the last', () => {
    const harness = evictedBy(deltaEvictor(5, (record, last) => last - record));
    harness.feed(1, 1).feed(8, 2).feed(6, 3).feed(10, 4).advance(Infinity);
    expect(all(harness)).toEqual(['8 6 10']);
  });

  test('what was taken out is gone for later results', () => {
    const harness = evictedBy({ description: 'odd', evict: records => records.filter(r => r.value % 2 === 1) }, countTrigger(2));
    harness.feed(1, 1).feed(2, 2);
    harness.feed(3, 3).feed(4, 4);
    expect(all(harness)).toEqual(['1', '1 3']);
  });

  test('a window of which nothing is left gives no result', () => {
    const harness = evictedBy({ description: 'all', evict: () => [] });
    harness.feed(1, 1).advance(Infinity);
    expect(harness.out).toEqual([]);
    expect(harness.rejects).toEqual([]);
  });

  test('a record that the aggregate refuses is rejected when it comes', () => {
    const refusing = composeAggregates<number, Record<string, never>>({
      total: sum((v: number) => {
        if (v < 0) throw new Error('negative');
        return v;
      }),
    } as never);
    const operator = windowOperator({ assigner: tumbling(10), function: aggregating(refusing), description: '', evictor: countEvictor(5) });
    const harness = new OperatorHarness(operator);
    harness.feed(1, 1).feed(-1, 2).feed(2, 3).advance(Infinity);
    expect(harness.values).toMatchObject([{ total: 3 }]);
    expect(harness.rejects).toMatchObject([{ reason: 'failed', message: 'negative', value: -1 }]);
  });

  test('a function sees the records without their times', () => {
    const fn = processing<number, number[]>((_key, _window, records) => [[...records]]);
    const harness = new OperatorHarness(
      windowOperator({ assigner: tumbling(10), function: fn, description: '', evictor: countEvictor(2) }),
    );
    harness.feed(1, 1).feed(2, 2).feed(3, 3).advance(Infinity);
    expect(harness.values).toEqual([[2, 3]]);
  });
});

test('triggers and evictors refuse what they cannot use', () => {
  expect(() => countTrigger(0)).toThrow(/WINDOW_INVALID/);
  expect(() => countEvictor(1.5)).toThrow(/WINDOW_INVALID/);
  expect(() => earlyFiring('0s')).toThrow(/WINDOW_INVALID/);
  expect(() => earlyFiring('1s', { of: 'wall' as 'event' })).toThrow(/WINDOW_INVALID/);
  expect(() => timeEvictor('x' as '1s')).toThrow(/DURATION_INVALID/);
});
