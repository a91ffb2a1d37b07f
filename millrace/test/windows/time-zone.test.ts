import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TimeZone } from '../../src/windows/time-zone.ts';

const ZONES = [
  'America/New_York',
  'Europe/Berlin',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Africa/Casablanca',
  'Pacific/Apia',
  'America/Sao_Paulo',
  'UTC',
];
const HOUR = 3_600_000;

/** Local time read field by field, which is not how TimeZone reads it. */
function localTime(zone: string, utcMs: number): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(utcMs);
  const field = (type: string) => Number(parts.find(part => part.type === type)!.value);
  const seconds = Date.UTC(field('year'), field('month') - 1, field('day'), field('hour'), field('minute'), field('second'));
  return seconds + (((utcMs % 1000) + 1000) % 1000);
}

const instants = fc.integer({ min: Date.UTC(1900, 0, 1), max: Date.UTC(2060, 0, 1) });

describe('TimeZone', () => {
  test('knows the offset of any instant', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), fc.array(instants, { minLength: 1, maxLength: 10 }), (name, times) => {
        const zone = new TimeZone(name);
        for (const time of times) {
          const span = zone.spanAt(time);
          expect(span.start <= time && time < span.end).toBe(true);
          expect(time + span.offsetMs).toBe(localTime(name, time));
        }
      }),
    );
  });

  test('finds the very millisecond at which clocks change', () => {
    const zone = new TimeZone('America/New_York');
    const transition = Date.UTC(2024, 2, 10, 7);
    expect(zone.spanAt(transition - 1)).toMatchObject({ offsetMs: -5 * HOUR, end: transition });
    expect(zone.spanAt(transition)).toMatchObject({ offsetMs: -4 * HOUR, start: transition });
  });

  test('finds offsets with seconds, from before zones were standardised', () => {
    expect(new TimeZone('America/New_York').spanAt(Date.UTC(1850, 0, 1)).offsetMs).toBe(-(4 * HOUR + 56 * 60_000 + 2_000));
  });

  test('finds the first instant of a local time, in the repeated and the skipped hour too', () => {
    const zone = new TimeZone('Europe/Berlin');
    // 27 October 2024: 3:00 becomes 2:00 at 1:00 UTC.
    expect(zone.firstInstantAt(Date.UTC(2024, 9, 27, 2, 30))).toBe(Date.UTC(2024, 9, 27, 0, 30));
    expect(zone.firstInstantAt(Date.UTC(2024, 9, 27, 3))).toBe(Date.UTC(2024, 9, 27, 2));
    // 31 March 2024: 2:00 becomes 3:00 at 1:00 UTC.
    expect(zone.firstInstantAt(Date.UTC(2024, 2, 31, 2, 30))).toBe(Date.UTC(2024, 2, 31, 1));
  });

  test('no instant before the first one shows the local time or a later one', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), instants, (name, utc) => {
        const local = Math.floor(utc / (15 * 60_000)) * 15 * 60_000;
        const first = new TimeZone(name).firstInstantAt(local);
        expect(localTime(name, first)).toBeGreaterThanOrEqual(local);
        for (let back = 1; back <= 30 * HOUR; back += 30 * 60_000) expect(localTime(name, first - back)).toBeLessThan(local);
      }),
      { numRuns: 30 },
    );
  });

  test('a name that is not known is refused', () => {
    expect(() => new TimeZone('Mars/Olympus')).toThrow(/TIME_ZONE_INVALID[\s\S]*Mars\/Olympus/);
  });

  test('a time that no date has is refused', () => {
    expect(() => new TimeZone('UTC').spanAt(9e15)).toThrow(RangeError);
    expect(() => new TimeZone('Europe/Berlin').spanAt(8.64e15)).not.toThrow();
    expect(() => new TimeZone('Europe/Berlin').spanAt(-8.64e15)).not.toThrow();
  });
});
