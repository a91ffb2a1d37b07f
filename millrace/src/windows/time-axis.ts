import { TimeZone } from './time-zone.ts';

/** The line on which windows are cut into pieces of equal length: UTC, or the local time of a zone. */
export interface TimeAxis {
  /** The point of the grid (multiples of `unitMs` plus `offsetMs`) at or before an instant; the point is on the axis, the instant in UTC. */
  floor(utcMs: number, unitMs: number, offsetMs: number): number;
  /** The instant in UTC at which a point of the axis is reached. */
  instant(point: number): number;
}

/** The multiple of `unitMs` plus `offsetMs` at or before a time, also before 1970. */
export function floorTo(timeMs: number, unitMs: number, offsetMs: number): number {
  return Math.floor((timeMs - offsetMs) / unitMs) * unitMs + offsetMs;
}

const utcAxis: TimeAxis = { floor: floorTo, instant: point => point };

/**
 * Local time that never steps back. While clocks that were set back repeat an hour, it stands still just before the end of that hour, so the
 * repeated hour belongs to the window that held it the first time. Points that are skipped when clocks are set forward are all reached at once.
 */
class LocalAxis implements TimeAxis {
  private readonly zone: TimeZone;

  constructor(zone: TimeZone) {
    this.zone = zone;
  }

  floor(utcMs: number, unitMs: number, offsetMs: number): number {
    const span = this.zone.spanAt(utcMs);
    const local = utcMs + span.offsetMs;
    if (local >= span.shownBefore) return floorTo(local, unitMs, offsetMs);
    // The clocks had come up to `shownBefore` without showing it.
    const point = floorTo(span.shownBefore, unitMs, offsetMs);
    return point === span.shownBefore ? point - unitMs : point;
  }

  instant(point: number): number {
    return this.zone.firstInstantAt(point);
  }
}

export function timeAxis(timeZone: string | undefined): TimeAxis {
  return timeZone === undefined ? utcAxis : new LocalAxis(new TimeZone(timeZone));
}
