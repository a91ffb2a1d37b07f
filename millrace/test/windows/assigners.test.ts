import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PaneAssigner, TimeWindow } from '../../src/spi/window.ts';
import { countWindow, cumulative, globalWindow, session, sliding, tumbling } from '../../src/windows/index.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const windowsOf = (assigner: PaneAssigner, time: number) => assigner.windows(assigner.pane(time));
const hours = ({ start, end }: TimeWindow) => (end - start) / HOUR;

const times = fc.integer({ min: -10_000, max: 10_000 });
const offsets = fc.integer({ min: -200, max: 200 });

describe('tumbling', () => {
  test('windows begin at multiples of their size, before 1970 too', () => {
    const assigner = tumbling('10s');
    expect(windowsOf(assigner, 25_000)).toEqual([{ start: 20_000, end: 30_000 }]);
    expect(windowsOf(assigner, 20_000)).toEqual([{ start: 20_000, end: 30_000 }]);
    expect(windowsOf(assigner, -1)).toEqual([{ start: -10_000, end: 0 }]);
    expect(windowsOf(assigner, -10_000)).toEqual([{ start: -10_000, end: 0 }]);
    expect(assigner).toMatchObject({ kind: 'tumbling', time: 'event', sizeMs: 10_000, description: 'tumbling(10s)' });
  });

  test('an offset shifts them in either direction', () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 100 }), offsets, (time, size, offset) => {
        const [window] = windowsOf(tumbling(size, { offset }), time);
        expect(window!.end - window!.start).toBe(size);
        expect(window!.start <= time && time < window!.end).toBe(true);
        expect(Math.abs((window!.start - offset) % size)).toBe(0);
      }),
    );
    expect(tumbling('1d', { offset: '-8h' }).description).toBe('tumbling(1d) offset -8h');
  });

  test('a local day has 23 or 25 hours when the clocks change', () => {
    const day = (...date: [number, number, number]) =>
      windowsOf(tumbling('1d', { timeZone: 'America/New_York' }), Date.UTC(...date, 18))[0]!;
    expect(day(2024, 2, 10)).toEqual({ start: Date.UTC(2024, 2, 10, 5), end: Date.UTC(2024, 2, 11, 4) });
    expect(hours(day(2024, 2, 10))).toBe(23);
    expect(hours(day(2024, 2, 11))).toBe(24);
    expect(hours(day(2024, 10, 3))).toBe(25);
  });

  test('a day that does not begin at midnight of the clocks is 23 or 25 hours long too', () => {
    // 31 March 1996 in Lebanon: 0:00 became 1:00.
    const day = windowsOf(tumbling('1d', { timeZone: 'Asia/Beirut' }), Date.UTC(1996, 2, 31, 12))[0]!;
    expect(day).toEqual({ start: Date.UTC(1996, 2, 30, 22), end: Date.UTC(1996, 2, 31, 21) });
  });

  test('a repeated hour is one window of two hours, a skipped one is none', () => {
    const hourly = tumbling('1h', { timeZone: 'Europe/Berlin' });
    const repeated = { start: Date.UTC(2024, 9, 27, 0), end: Date.UTC(2024, 9, 27, 2) };
    expect(windowsOf(hourly, Date.UTC(2024, 9, 27, 0, 10))).toEqual([repeated]);
    expect(windowsOf(hourly, Date.UTC(2024, 9, 27, 1, 10))).toEqual([repeated]);
    expect(windowsOf(hourly, Date.UTC(2024, 9, 27, 2))).toEqual([{ start: Date.UTC(2024, 9, 27, 2), end: Date.UTC(2024, 9, 27, 3) }]);
    const one = windowsOf(hourly, Date.UTC(2024, 2, 31, 0, 59))[0]!;
    const three = windowsOf(hourly, Date.UTC(2024, 2, 31, 1))[0]!;
    expect(one).toEqual({ start: Date.UTC(2024, 2, 31, 0), end: Date.UTC(2024, 2, 31, 1) });
    expect(three).toEqual({ start: Date.UTC(2024, 2, 31, 1), end: Date.UTC(2024, 2, 31, 2) });
  });

  test('a date that a country skipped is no window', () => {
    // Samoa went from 29 to 31 December 2011.
    const daily = tumbling('1d', { timeZone: 'Pacific/Apia' });
    const before = windowsOf(daily, Date.UTC(2011, 11, 30, 9))[0]!;
    const after = windowsOf(daily, Date.UTC(2011, 11, 30, 11))[0]!;
    expect(after.start).toBe(before.end);
    expect(hours(before)).toBe(24);
    expect(hours(after)).toBe(24);
  });

  test.each(['America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe', 'Africa/Casablanca', 'America/Sao_Paulo'])(
    'in %s windows follow one another without gaps, and each time finds the window that holds it',
    timeZone => {
      fc.assert(
        fc.property(
          fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2035, 0, 1) }),
          fc.constantFrom(HOUR / 2, HOUR, 5 * HOUR, DAY, 7 * DAY),
          fc.integer({ min: -5, max: 5 }),
          (time, size, offsetHours) => {
            const assigner = tumbling(size, { timeZone, offset: offsetHours * HOUR });
            let pane = assigner.pane(time);
            expect(pane.start <= time && time < pane.end).toBe(true);
            for (let i = 0; i < 5; i++) {
              expect(assigner.pane(pane.start)).toEqual(pane);
              expect(assigner.pane(pane.end - 1)).toEqual(pane);
              const next = assigner.pane(pane.end);
              expect(next.start).toBe(pane.end);
              pane = next;
            }
          },
        ),
        { numRuns: 50 },
      );
    },
  );

  test.each([
    ['America/New_York', Date.UTC(2024, 2, 9)],
    ['America/New_York', Date.UTC(2024, 10, 2)],
    ['Australia/Lord_Howe', Date.UTC(2024, 3, 5)],
    ['Australia/Lord_Howe', Date.UTC(2024, 9, 4)],
  ])('in %s two times share an hour when the latest time that clocks had shown does', (timeZone, from) => {
    const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
    const local = (utc: number) => Date.parse(`${format.format(utc).replace(' ', 'T')}Z`);
    const latestHour = (utc: number) => {
      let latest = -Infinity;
      for (let back = 0; back < 3 * HOUR; back += HOUR / 2) latest = Math.max(latest, local(utc - back), local(utc - back - 1));
      return Math.floor(latest / HOUR);
    };
    const assigner = tumbling(HOUR, { timeZone });
    for (let utc = from; utc < from + 3 * DAY; utc += HOUR / 2) {
      const same = latestHour(utc) === latestHour(utc + HOUR / 2);
      expect(assigner.pane(utc).start === assigner.pane(utc + HOUR / 2).start).toBe(same);
    }
  });
});

describe('sliding', () => {
  test('each time is in all windows that hold it, in the order of their ends', () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 }), offsets, (time, a, b, offset) => {
        const size = Math.max(a, b);
        const slide = Math.min(a, b);
        const expected: TimeWindow[] = [];
        for (let start = time - size + 1; start <= time; start++) {
          if ((start - offset) % slide === 0) expected.push({ start, end: start + size });
        }
        expect(windowsOf(sliding(size, slide, { offset }), time)).toEqual(expected);
      }),
    );
  });

  test('panes do not overlap, and no window begins or ends within one', () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), (time, a, b) => {
        const assigner = sliding(Math.max(a, b), Math.min(a, b));
        const pane = assigner.pane(time);
        expect(pane.start <= time && time < pane.end).toBe(true);
        for (let t = pane.start; t < pane.end; t++) {
          expect(assigner.pane(t)).toEqual(pane);
          expect(windowsOf(assigner, t)).toEqual(assigner.windows(pane));
        }
        expect(assigner.pane(pane.end).start).toBe(pane.end);
      }),
    );
  });

  test('a day every hour in local time', () => {
    const windows = windowsOf(sliding('1d', '1h', { timeZone: 'America/New_York' }), Date.UTC(2024, 10, 3, 5, 30));
    // The hour from one to two is repeated, so days that hold it have 25 hours.
    expect(windows).toHaveLength(24);
    expect(new Set(windows.map(hours))).toEqual(new Set([25]));
    expect(windows.every(({ start, end }) => start <= Date.UTC(2024, 10, 3, 5, 30) && Date.UTC(2024, 10, 3, 5, 30) < end)).toBe(true);
  });

  test('records between windows would be lost, so that a slide longer than the size is refused', () => {
    expect(() => sliding('10s', '11s')).toThrow(/WINDOW_INVALID/);
  });

  test('too many windows for a record, or panes for a window, are refused', () => {
    expect(() => sliding('1d', '1ms')).toThrow(/WINDOW_INVALID/);
    expect(() => sliding(1_000_003, 1_000_002)).toThrow(/WINDOW_INVALID/);
    expect(() => sliding('100s', '1ms')).not.toThrow();
  });
});

describe('cumulative', () => {
  test('each time is in all windows of its period that have come up to it', () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 12 }), offsets, (time, step, steps, offset) => {
        const size = step * steps;
        let start = time;
        while ((start - offset) % size !== 0) start--;
        const expected: TimeWindow[] = [];
        for (let end = start + step; end <= start + size; end += step) if (time < end) expected.push({ start, end });
        expect(windowsOf(cumulative(size, step, { offset }), time)).toEqual(expected);
      }),
    );
  });

  test('steps that end within a skipped hour are one window', () => {
    const windows = windowsOf(cumulative('4h', '30m', { timeZone: 'America/New_York' }), Date.UTC(2024, 2, 10, 5, 10));
    // Local steps end at 0:30, 1:00, 1:30, then 2:00, 2:30 and 3:00 at once, then 3:30 and 4:00.
    expect(windows.map(hours)).toEqual([0.5, 1, 1.5, 2, 2.5, 3]);
  });

  test('a largest size that is no multiple of the step is refused', () => {
    expect(() => cumulative('1h', '7m')).toThrow(/WINDOW_INVALID/);
    expect(() => cumulative('1d', '0.5ms')).toThrow(/WINDOW_INVALID/);
  });
});

describe('other windows', () => {
  test('a session has a gap for all records or for each', () => {
    expect(session('30s')).toMatchObject({ kind: 'session', time: 'event', description: 'session(30s)' });
    expect(session('30s').gap({})).toBe(30_000);
    const bySpeed = session((r: { slow: boolean }) => (r.slow ? '1m' : 10), { time: 'processing' });
    expect(bySpeed.gap({ slow: true })).toBe(60_000);
    expect(bySpeed.gap({ slow: false })).toBe(10);
    expect(bySpeed.time).toBe('processing');
    expect(() => session(() => 0).gap({})).toThrow(RangeError);
    expect(() => session('0s')).toThrow(/WINDOW_INVALID/);
  });

  test('count windows are of whole records', () => {
    expect(countWindow(10)).toMatchObject({ kind: 'count', size: 10, slide: 10, description: 'countWindow(10)' });
    expect(countWindow(10, 3)).toMatchObject({ size: 10, slide: 3, description: 'countWindow(10, 3)' });
    for (const [size, slide] of [
      [0, 1],
      [1.5, 1],
      [10, 0],
      [10, 11],
      [1_000_000, 1],
    ] as const) {
      expect(() => countWindow(size, slide)).toThrow(/WINDOW_INVALID/);
    }
  });

  test('a global window has no bounds to be given', () => {
    expect(globalWindow()).toEqual({ kind: 'global', time: 'event', description: 'globalWindow()' });
  });

  test('what cannot be a window is refused with what was expected', () => {
    expect(() => tumbling(0)).toThrow(/WINDOW_INVALID[\s\S]*whole milliseconds from 1/);
    expect(() => tumbling(1.5)).toThrow(/WINDOW_INVALID/);
    expect(() => tumbling('soon' as '1s')).toThrow(/DURATION_INVALID/);
    expect(() => tumbling('1d', { timeZone: 'Nowhere' })).toThrow(/TIME_ZONE_INVALID/);
    expect(() => tumbling('1d', { time: 'wall' as 'event' })).toThrow(/WINDOW_INVALID/);
    expect(() => tumbling('1d', { offset: 0.5 })).toThrow(/WINDOW_INVALID/);
  });
});
