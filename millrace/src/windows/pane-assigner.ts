import { formatDuration } from '../base/duration.ts';
import type { PaneAssigner, TimeDomain, TimeWindow } from '../spi/window.ts';
import { type SignedDuration, signedDurationMs } from '../time/signed-duration.ts';
import { invalid, timeDomain } from './arguments.ts';
import { floorTo, timeAxis, type TimeAxis } from './time-axis.ts';

/** How windows of a fixed length lie in time. */
export interface WindowOptions {
  /** Shifts all windows: days with an offset of `'6h'` begin at six. Default 0, so that windows begin at midnight of 1970-01-01 or a multiple of their length from it. */
  offset?: SignedDuration;
  /** Cuts windows in the local time of this IANA zone, such as `'Europe/Berlin'`. Default UTC. */
  timeZone?: string;
  /** Whose time decides: the record's (`'event'`, the default) or the clock's (`'processing'`). */
  time?: TimeDomain;
}

/** What distinguishes one kind of pane assigner from another. */
interface Cut {
  readonly kind: PaneAssigner['kind'];
  /** For plans and messages: `'sliding(10s, 1s)'`. */
  readonly call: string;
  readonly sizeMs: number;
  readonly paneMs: number;
  readonly options: WindowOptions;
  /** Adds the windows that contain the pane beginning at this point of the axis, in the order of their ends. */
  readonly each: (paneStart: number, offsetMs: number, window: (start: number, end: number) => void) => void;
}

export function paneAssigner(cut: Cut): PaneAssigner {
  const { kind, sizeMs, paneMs, options } = cut;
  const offsetMs = options.offset === undefined ? 0 : signedDurationMs(options.offset, `${kind}: offset`);
  if (!Number.isInteger(offsetMs)) throw invalid(kind, 'an offset of whole milliseconds', String(options.offset));
  const time = timeDomain(kind, options.time);
  const axis = timeAxis(options.timeZone);
  const details = [
    cut.call,
    offsetMs === 0 ? '' : `offset ${formatDuration(offsetMs)}`,
    options.timeZone ?? '',
    time === 'processing' ? 'processing time' : '',
  ];
  return {
    kind,
    time,
    description: details.filter(part => part !== '').join(' '),
    sizeMs,
    pane: utcMs => {
      const point = axis.floor(utcMs, paneMs, offsetMs);
      return { start: axis.instant(point), end: axis.instant(point + paneMs) };
    },
    windows: pane => {
      const windows: TimeWindow[] = [];
      cut.each(axis.floor(pane.start, paneMs, offsetMs), offsetMs, (start, end) => addWindow(windows, axis, start, end));
      return windows;
    },
  };
}

/** Windows that end within the same skipped hour are one in UTC. */
function addWindow(windows: TimeWindow[], axis: TimeAxis, startPoint: number, endPoint: number): void {
  const start = axis.instant(startPoint);
  const end = axis.instant(endPoint);
  const last = windows.at(-1);
  if (last === undefined || last.start !== start || last.end !== end) windows.push({ start, end });
}

/** Windows of `sizeMs` that begin at each multiple of `slideMs`; the newest begins last. */
export function slidingCut(sizeMs: number, slideMs: number): Cut['each'] {
  return (paneStart, offsetMs, window) => {
    const newest = floorTo(paneStart, slideMs, offsetMs);
    const oldest = newest - Math.floor((sizeMs - 1 - (paneStart - newest)) / slideMs) * slideMs;
    for (let start = oldest; start <= newest; start += slideMs) window(start, start + sizeMs);
  };
}
