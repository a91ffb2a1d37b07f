import { MillraceError } from '../base/errors.ts';

const DAY_MS = 86_400_000;
/** Offsets are found a block at a time. */
const BLOCK_MS = 32 * DAY_MS;
/** Transitions closer together than this are not looked for. */
const STEP_MS = DAY_MS;
/** Longest stretch a clock has ever been set back by, with a margin: transitions up to this long before a block are found too. */
const LOOK_BACK_MS = 2 * DAY_MS;
/** Farthest from UTC any local time has been, with a margin. */
const MAX_OFFSET_MS = 24 * 3_600_000;
/** Blocks kept, about 90 years; times that are scattered over millennia do not fill the memory. */
const MAX_BLOCKS = 1024;
/** Farthest instant from the epoch that a Date can hold. */
const MAX_INSTANT_MS = 8.64e15;

/** A span of UTC in which local time is UTC plus a constant. A long stretch without transitions is several spans. */
export interface OffsetSpan {
  readonly start: number;
  readonly end: number;
  readonly offsetMs: number;
  /** Local time that the clocks had shown before the span began; at most the span's first local time unless they were set back. */
  readonly shownBefore: number;
}

/** Offsets of a time zone from UTC, as Intl knows them. */
export class TimeZone {
  readonly name: string;
  private readonly format: Intl.DateTimeFormat;
  private readonly blocks = new Map<number, readonly OffsetSpan[]>();
  private current: OffsetSpan = { start: 0, end: 0, offsetMs: 0, shownBefore: 0 };

  /** @throws MillraceError `TIME_ZONE_INVALID` for a name that Intl does not know */
  constructor(name: string) {
    try {
      this.format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
    } catch (cause) {
      throw new MillraceError('TIME_ZONE_INVALID', {
        where: 'timeZone',
        expected: "a name such as 'Europe/Berlin'",
        got: String(name),
        cause,
      });
    }
    this.name = name;
  }

  /**
   * The span that holds an instant.
   *
   * @throws RangeError for an instant that no Date can hold
   */
  spanAt(utcMs: number): OffsetSpan {
    const current = this.current;
    if (utcMs >= current.start && utcMs < current.end) return current;
    if (!(Math.abs(utcMs) <= MAX_INSTANT_MS)) throw new RangeError(`no date has the time ${utcMs}`);
    const index = Math.floor(utcMs / BLOCK_MS);
    let spans = this.blocks.get(index);
    if (spans === undefined) {
      if (this.blocks.size >= MAX_BLOCKS) this.blocks.clear();
      spans = this.findSpans(index * BLOCK_MS);
      this.blocks.set(index, spans);
    }
    this.current = spans.find(span => utcMs < span.end) ?? spans.at(-1)!;
    return this.current;
  }

  /** The first instant at which local clocks show this time or a later one. */
  firstInstantAt(localMs: number): number {
    let span = this.spanAt(clamp(localMs - MAX_OFFSET_MS));
    for (;;) {
      const instant = Math.max(span.start, localMs - span.offsetMs);
      if (instant < span.end || span.end > MAX_INSTANT_MS) return instant;
      span = this.spanAt(span.end);
    }
  }

  private findSpans(blockStart: number): readonly OffsetSpan[] {
    const end = blockStart + BLOCK_MS;
    const spans: OffsetSpan[] = [];
    let start = blockStart - LOOK_BACK_MS;
    let offsetMs = this.offsetAt(start);
    let shownBefore = -Infinity;
    const add = (spanEnd: number) => {
      if (spanEnd > Math.max(start, blockStart)) spans.push({ start: Math.max(start, blockStart), end: spanEnd, offsetMs, shownBefore });
    };
    for (let to = start; to < end; ) {
      const from = to;
      to = Math.min(to + STEP_MS, end);
      const offsetThen = this.offsetAt(to);
      if (offsetThen === offsetMs) continue;
      const transition = this.findTransition(from, to, offsetMs);
      add(transition);
      shownBefore = Math.max(shownBefore, transition + offsetMs);
      start = transition;
      offsetMs = this.offsetAt(transition);
      to = transition;
    }
    add(end);
    return spans;
  }

  /** The first instant after `from` at which the offset is not `offsetMs`, known to be in `(from, to]`. */
  private findTransition(from: number, to: number, offsetMs: number): number {
    while (to - from > 1) {
      const middle = Math.floor((from + to) / 2);
      if (this.offsetAt(middle) === offsetMs) from = middle;
      else to = middle;
    }
    return to;
  }

  private offsetAt(utcMs: number): number {
    // '1/31/2024, GMT-05:00', with seconds before the zones were standardised
    const match = /GMT(?:([+-])(\d+):(\d+)(?::(\d+))?)?$/.exec(this.format.format(clamp(utcMs)));
    if (match?.[1] === undefined) return 0;
    const ms = (Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0)) * 1000;
    return match[1] === '-' ? -ms : ms;
  }
}

function clamp(instantMs: number): number {
  return Math.max(-MAX_INSTANT_MS, Math.min(MAX_INSTANT_MS, instantMs));
}
