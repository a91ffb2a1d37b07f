import { describe, expect, test } from 'vitest';
import { FigureReader, heldBackBy } from '../../src/cli/figures.ts';
import { coarseDuration, grouped, isoTime, progressParts, rate } from '../../src/cli/format-figures.ts';
import type { JobMetrics, NodeMetrics } from '../../src/runtime/metrics.ts';
import { delaysPlan, fraudPlan } from '../plan/render-plans.ts';
import { ManualEnvironment } from '../support/manual-environment.ts';

const metrics = (values: Partial<JobMetrics>): JobMetrics => ({
  pipeline: 'p',
  elapsedMs: 0,
  recordsIn: 0,
  recordsOut: 0,
  watermarkMs: -Infinity,
  rejected: {},
  restarts: 0,
  nodes: [],
  ...values,
});

const node = (id: string, blocked: boolean): NodeMetrics => ({
  id,
  recordsIn: 0,
  recordsOut: 0,
  rejected: 0,
  watermarkMs: -Infinity,
  blocked,
});

describe('figures', () => {
  /** Reads the figures of each of the metrics in turn. */
  function read(plan: ReturnType<typeof delaysPlan>, ...all: JobMetrics[]) {
    const environment = new ManualEnvironment();
    const next = all[Symbol.iterator]();
    const reader = new FigureReader(plan, { metrics: () => next.next().value! }, environment);
    return { figures: all.map(() => reader.read()), nowMs: environment.clock.now() };
  }

  test('have a rate of the last seconds and a mean of all', () => {
    const samples = Array.from({ length: 21 }, (_, i) => metrics({ elapsedMs: i * 500, recordsIn: i <= 10 ? i * 1_000 : 10_000 }));
    const { figures } = read(delaysPlan(), ...samples);
    expect(figures[0]).toMatchObject({ recordsPerSecond: 0, meanRecordsPerSecond: 0 });
    expect(figures[1]).toMatchObject({ recordsPerSecond: 2_000, meanRecordsPerSecond: 2_000 });
    expect(figures[10]).toMatchObject({ recordsPerSecond: 2_000, meanRecordsPerSecond: 2_000 });
    expect(figures[13]).toMatchObject({ recordsPerSecond: 1_000, meanRecordsPerSecond: 10_000 / 6.5 });
    expect(figures[20]).toMatchObject({ recordsPerSecond: 0, meanRecordsPerSecond: 1_000 });
  });

  test('have a lag only where event time is now', () => {
    const sample = metrics({ watermarkMs: 1_000 });
    const live = read(fraudPlan(), sample);
    expect(live.figures[0]!.lagMs).toBe(live.nowMs - 1_000);
    expect(read(delaysPlan(), sample).figures[0]!.lagMs).toBeUndefined();
    expect(read(fraudPlan(), metrics({ watermarkMs: -Infinity })).figures[0]!.lagMs).toBeUndefined();
    expect(read(fraudPlan(), metrics({ watermarkMs: Infinity })).figures[0]!.lagMs).toBeUndefined();
  });

  test('count late records among the rejected ones', () => {
    expect(read(delaysPlan(), metrics({ rejected: { late: 2, failed: 3 } })).figures[0]).toMatchObject({ late: 2, rejected: 5 });
    expect(read(delaysPlan(), metrics({ rejected: { failed: 3 } })).figures[0]).toMatchObject({ late: 0, rejected: 3 });
  });

  test('name a sink as holding back when it is busy twice in a row', () => {
    const busy = metrics({ nodes: [node('file/window/to-file', true)] });
    const { figures } = read(delaysPlan(), busy, busy, metrics({}), busy);
    expect(figures.map(f => f.heldBackBy)).toEqual([[], ['file/window/to-file'], [], []]);
  });
});

describe('who holds back', () => {
  const blocked = (...ids: string[]) => metrics({ nodes: ids.map(id => node(id, true)) });

  test('is the last of a line of blocked nodes', () => {
    expect(heldBackBy(delaysPlan(), blocked('file', 'file/window', 'file/window/to-file'))).toEqual(['file/window/to-file']);
    expect(heldBackBy(delaysPlan(), blocked('file', 'file/window'))).toEqual(['file/window']);
  });

  test('is looked for behind unions and stages, which have no figures', () => {
    expect(heldBackBy(fraudPlan(), blocked('match', 'match/union/to-http'))).toEqual(['match/union/to-http']);
  });

  test('can be several', () => {
    expect(heldBackBy(fraudPlan(), blocked('payments', 'match', 'payments/to-console'))).toEqual(['match', 'payments/to-console']);
  });

  test('is nobody', () => {
    expect(heldBackBy(fraudPlan(), blocked())).toEqual([]);
  });
});

describe('the text of figures', () => {
  test.each([
    [0, '0'],
    [999, '999'],
    [1_000, '1,000'],
    [1_234_567.8, '1,234,568'],
  ])('%d is grouped', (n, text) => expect(grouped(n)).toBe(text));

  test.each([
    [0, '0/s'],
    [0.25, '0.3/s'],
    [9.94, '9.9/s'],
    [12_345.6, '12,346/s'],
  ])('%d is a rate', (n, text) => expect(rate(n)).toBe(text));

  test.each([
    [40, '0.0s'],
    [1_250, '1.3s'],
    [59_999, '1m'],
    [83_000, '1m 23s'],
    [86_400_000 + 3_600_000, '1d 1h'],
  ])('%d ms is a duration', (ms, text) => expect(coarseDuration(ms)).toBe(text));

  test('times beyond the years have none', () => {
    expect(isoTime(0)).toBe('1970-01-01T00:00:00.000Z');
    for (const time of [Infinity, -Infinity, Number.NaN, 8.64e15 + 1]) expect(isoTime(time)).toBeUndefined();
  });

  test('says what is known', () => {
    const figures = {
      metrics: metrics({ recordsIn: 1_234_567, recordsOut: 89, watermarkMs: 0, elapsedMs: 1_000 }),
      recordsPerSecond: 100_000,
      meanRecordsPerSecond: 90_000,
      lagMs: 83_000,
      late: 2,
      rejected: 5,
      heldBackBy: ['to-file', 'to-http'],
    };
    expect(progressParts(figures)).toEqual({
      counts: 'in 1,234,567  out 89  100,000/s (mean 90,000/s)  rejected 5 (2 late)',
      state: 'watermark 1970-01-01T00:00:00.000Z  lag 1m 23s  backpressure by to-file, to-http',
    });
    const bare = { ...figures, metrics: metrics({}), lagMs: undefined, late: 0, rejected: 0, heldBackBy: [] };
    expect(progressParts(bare)).toEqual({ counts: 'in 0  out 0  100,000/s (mean 90,000/s)  rejected 0', state: '' });
  });
});
