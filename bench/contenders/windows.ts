import { count, pipeline, type Source, sum, type tumbling } from 'millrace';
import { callback, fromArray } from 'millrace/connectors/memory';
import type { Outcome } from '../harness/case.ts';
import { Checksum } from '../inputs/checksum.ts';
import type { Event } from '../inputs/events.ts';

/** Any window that is cut from panes. */
type Window = ReturnType<typeof tumbling>;

/** Count and sum of each key in each window. */
export function windowPipeline(source: Source<Event>, window: Window, outOfOrdernessMs: number, checksum: Checksum) {
  const p = pipeline('windows');
  p.from(source)
    .eventTime(event => event.time, { outOfOrderness: outOfOrdernessMs })
    .keyBy(event => event.key)
    .window(window)
    .aggregate({ events: count(), total: sum(event => event.value) })
    .to(callback(result => checksum.addWindow(result.window.end, result.events, result.total)));
  return p;
}

export async function millraceWindows(input: readonly Event[], window: Window, outOfOrdernessMs: number): Promise<Outcome> {
  const checksum = new Checksum();
  await windowPipeline(fromArray(input), window, outOfOrdernessMs, checksum).run();
  return { checksum: checksum.value, records: input.length };
}

interface KeyResult {
  events: number;
  total: number;
}

interface Result extends KeyResult {
  key: string;
  window: { start: number; end: number };
}

export interface HandMadeOptions {
  readonly sizeMs: number;
  /** As long as the size for tumbling windows. */
  readonly slideMs: number;
  readonly outOfOrdernessMs: number;
}

/**
 * The same written by hand: a Map of keys for each window. Windows fire when the newest event is further ahead of their end than events are out of
 * order. An event is added to each window it is in.
 */
export class HandMadeWindows {
  late = 0;
  private readonly windows = new Map<number, Map<string, KeyResult>>();
  private readonly options: HandMadeOptions;
  private readonly emit: (result: Result) => void;
  private watermark = -Infinity;
  /** The earliest end of any window. */
  private nextEnd = Infinity;

  constructor(options: HandMadeOptions, emit: (result: Result) => void) {
    this.options = options;
    this.emit = emit;
  }

  add(key: string, value: number, time: number): void {
    const { sizeMs, slideMs, outOfOrdernessMs } = this.options;
    const newest = Math.floor(time / slideMs) * slideMs;
    if (newest + sizeMs - 1 <= this.watermark) {
      this.late++;
      return;
    }
    for (let start = newest; start > time - sizeMs && start + sizeMs - 1 > this.watermark; start -= slideMs) {
      let keys = this.windows.get(start);
      if (keys === undefined) {
        this.windows.set(start, (keys = new Map()));
        if (start + sizeMs < this.nextEnd) this.nextEnd = start + sizeMs;
      }
      const result = keys.get(key);
      if (result === undefined) keys.set(key, { events: 1, total: value });
      else {
        result.events++;
        result.total += value;
      }
    }
    if (time - outOfOrdernessMs - 1 > this.watermark) {
      this.watermark = time - outOfOrdernessMs - 1;
      if (this.nextEnd - 1 <= this.watermark) this.fire();
    }
  }

  end(): void {
    this.watermark = Infinity;
    this.fire();
  }

  private fire(): void {
    const { sizeMs } = this.options;
    const due = [...this.windows.keys()].filter(start => start + sizeMs - 1 <= this.watermark).sort((a, b) => a - b);
    for (const start of due) {
      const window = { start, end: start + sizeMs };
      for (const [key, { events, total }] of this.windows.get(start)!) this.emit({ key, window, events, total });
      this.windows.delete(start);
    }
    this.nextEnd = Math.min(...this.windows.keys()) + sizeMs;
  }
}

export function handMadeWindows(input: readonly Event[], options: HandMadeOptions): Outcome {
  const checksum = new Checksum();
  const windows = new HandMadeWindows(options, result => checksum.addWindow(result.window.end, result.events, result.total));
  for (const { key, value, time } of input) windows.add(key, value, time);
  windows.end();
  if (windows.late > 0) throw new Error(`${windows.late} events are late`);
  return { checksum: checksum.value, records: input.length };
}
