import type { Key } from '../../base/key.ts';
import type { Advanced, OperatorContext, OperatorTask, ProcessRecord } from '../../spi/operator.ts';
import type { Cell } from '../../spi/state.ts';
import type { PaneAssigner, TimeWindow } from '../../spi/window.ts';
import { Emission, PORTION } from './emission.ts';
import { type FiringContents, SinglePaneContents } from './firing-contents.ts';
import { lateRecords, rejectTimeless } from './late-records.ts';
import { isAfter, LivePanes, type Pane } from './live-panes.ts';
import { MergedContents } from './merged-contents.ts';
import { OpenPanes } from './open-panes.ts';
import type { AddRecord, WindowFunction } from './window-function.ts';

export interface PaneWindowSpec<A, R> {
  readonly assigner: PaneAssigner;
  readonly fn: WindowFunction<A, R>;
  readonly allowedLatenessMs: number;
  readonly lateTag: string | undefined;
}

/**
 * Windows that are cut from panes and fire at their ends. A record is added once, to its pane; a window's result is merged from its panes when it fires.
 *
 * State is the table of panes. Which windows have fired follows from the watermark, which the runtime restores, and in processing time from
 * the table of progress. What is kept beside them is derived, and a firing that stopped at a blocked output goes on before anything else happens.
 */
export class PaneWindowTask<A, R> implements OperatorTask {
  readonly inputs: readonly ProcessRecord[];
  private readonly assigner: PaneAssigner;
  private readonly fn: WindowFunction<A, R>;
  private readonly latenessMs: number;
  private readonly context: OperatorContext<R>;
  private readonly panes: LivePanes<A>;
  private readonly contents: FiringContents<A>;
  private readonly emission: Emission<A, R>;
  private readonly late: (value: unknown, timeMs: number) => void;
  /** Up to where time has come: the watermark, or the last whole millisecond of the clock. */
  private passedMs: number;
  /** The last window that has fired, in the order of windows. */
  private fired: TimeWindow;
  private firing: TimeWindow | undefined;
  /** Nothing is to be done before time passes this. */
  private dueMs = -Infinity;
  /** `passedMs` in the state; only in processing time, where no watermark tells it. */
  private readonly progress: Cell<number> | undefined;
  private readonly markProgress: () => void = () => {};

  private readonly open = new OpenPanes<A>();

  constructor(spec: PaneWindowSpec<A, R>, context: OperatorContext<R>) {
    const { assigner, fn } = spec;
    this.assigner = assigner;
    this.fn = fn;
    this.context = context;
    this.panes = new LivePanes(context.state.table<A>('panes'), assigner);
    this.contents =
      assigner.kind === 'tumbling'
        ? new SinglePaneContents(this.panes)
        : new MergedContents(fn, this.panes, assigner.kind === 'cumulative');
    this.emission = new Emission(fn, context);
    this.late = lateRecords(context, spec.lateTag);
    if (assigner.time === 'event') {
      this.latenessMs = spec.allowedLatenessMs;
      this.passedMs = context.watermark;
      this.inputs = fn.inputs.map(add => this.eventTimeInput(add));
    } else {
      this.latenessMs = 0;
      const space = context.state.table<number>('progress').space(0);
      const progress = space.get('passed') ?? space.add('passed', -Infinity);
      this.progress = progress;
      this.markProgress = () => space.mark(progress);
      this.passedMs = progress.value;
      this.inputs = fn.inputs.map(add => this.processingTimeInput(add));
    }
    this.fired = allUpTo(this.passedMs);
    this.settle();
  }

  advance(watermark: number): Advanced {
    if (this.assigner.time === 'processing' && watermark < Infinity) return 'done';
    return this.pass(watermark) ? 'done' : 'more';
  }

  wake(now: number): boolean {
    // The clock may read the same millisecond again, so only the one before it is over.
    const done = this.pass(Math.max(this.passedMs, now - 1));
    if (done && this.dueMs < Infinity) this.context.wakeAt(this.dueMs + 1);
    return done;
  }

  private eventTimeInput(add: AddRecord<A>): ProcessRecord {
    const { fn, open } = this;
    return (key, value, time) => {
      const space = open.spaceAt(time);
      if (space !== undefined) {
        const cell = space.get(key);
        if (cell !== undefined) {
          add(cell.value, value, time);
          space.mark(cell);
        } else {
          const accumulator = fn.create();
          add(accumulator, value, time);
          space.add(key, accumulator);
        }
      } else {
        this.addElsewhere(add, key, value, time);
      }
    };
  }

  private processingTimeInput(add: AddRecord<A>): ProcessRecord {
    const { clock } = this.context.environment;
    const input = this.eventTimeInput(add);
    // A clock that was set back does not reach into windows that have fired.
    return (key, value) => input(key, value, Math.max(clock.now(), this.passedMs + 1));
  }

  /** Adds a record whose pane is not known to be open. */
  private addElsewhere(add: AddRecord<A>, key: Key, value: never, time: number): void {
    if (!Number.isFinite(time)) return rejectTimeless(this.context, value, time);
    let pane = this.panes.find(time);
    let added: A | undefined;
    if (pane === undefined) {
      const bounds = this.assigner.pane(time);
      if (this.isClosed(this.assigner.windows(bounds).at(-1)!)) return this.late(value, time);
      const accumulator = this.fn.create();
      add(accumulator, value, time);
      pane = this.panes.add(bounds);
      pane.space.add(key, accumulator);
      added = accumulator;
      this.scheduleBy(pane.firstEnd - 1);
    } else {
      if (this.isClosed(pane.last)) return this.late(value, time);
      const cell = pane.space.get(key);
      if (cell !== undefined) {
        add(cell.value, value, time);
        pane.space.mark(cell);
      } else {
        const accumulator = this.fn.create();
        add(accumulator, value, time);
        pane.space.add(key, accumulator);
        added = accumulator;
      }
    }
    if (pane.firstEnd - 1 > this.passedMs) {
      this.open.remember(pane, time);
    } else {
      this.contents.changed(key, pane, added);
      if (this.latenessMs > 0) this.fireAgain(key, pane);
    }
  }

  /** Windows that have fired and are not closed yet fire again for the key of a late record. */
  private fireAgain(key: Key, pane: Pane<A>): void {
    for (const window of this.assigner.windows(pane)) {
      if (window.end - 1 > this.passedMs) return;
      if (this.isClosed(window)) continue;
      let accumulator: A;
      try {
        accumulator = this.mergeAnew(key, window);
      } catch (error) {
        this.emission.failed(error, key, window, window.end - 1);
        continue;
      }
      this.emission.fire(key, window, accumulator, window.end - 1);
      this.emission.finish();
    }
  }

  private mergeAnew(key: Key, window: TimeWindow): A {
    const merged = this.fn.create();
    for (const pane of this.panes.beginningIn(window.start, window.end)) {
      const cell = pane.space.get(key);
      if (cell !== undefined) this.fn.merge(merged, cell.value);
    }
    return merged;
  }

  /** Fires all windows that time has come to the end of; false when the output is blocked. */
  private pass(toMs: number): boolean {
    this.passedMs = toMs;
    if (toMs < this.dueMs) {
      this.fired = allUpTo(toMs);
      return true;
    }
    this.open.dropUpTo(toMs);
    for (;;) {
      this.firing ??= this.beginNext();
      if (this.firing === undefined) break;
      if (!this.fireRest(this.firing)) return false;
      this.fired = this.firing;
      this.firing = undefined;
      this.dropPanes();
    }
    if (this.progress !== undefined && toMs < Infinity) {
      this.progress.value = toMs;
      this.markProgress();
    }
    this.fired = allUpTo(toMs);
    this.dropPanes();
    this.settle();
    return true;
  }

  private beginNext(): TimeWindow | undefined {
    const next = this.panes.windowAfter(this.fired);
    if (next === undefined || next.end - 1 > this.passedMs) return undefined;
    this.contents.begin(next);
    return next;
  }

  /** Sends the results of the keys that have not been sent yet. */
  private fireRest(window: TimeWindow): boolean {
    const { contents, emission } = this;
    const { output } = this.context;
    const timeMs = window.end - 1;
    if (!emission.resume()) return false;
    for (let fired = 0; ; fired++) {
      if (emission.pending || (fired % PORTION === 0 && output.blocked)) return false;
      if (!contents.next()) return true;
      let accumulator: A | undefined;
      try {
        accumulator = contents.take();
      } catch (error) {
        emission.failed(error, contents.key, window, timeMs);
        continue;
      }
      if (accumulator !== undefined) emission.fire(contents.key, window, accumulator, timeMs);
    }
  }

  private isClosed(window: TimeWindow): boolean {
    return window.end - 1 + this.latenessMs <= this.passedMs;
  }

  private dropPanes(): void {
    this.panes.dropWhile(pane => this.isClosed(pane.last) && !isAfter(pane.last, this.fired));
  }

  /** Finds out when there will be something to do next. */
  private settle(): void {
    const next = this.panes.windowAfter(this.fired);
    if (next === undefined) this.contents.clear();
    const oldest = this.panes.first;
    this.dueMs = Infinity;
    this.scheduleBy(
      Math.min(next === undefined ? Infinity : next.end - 1, oldest === undefined ? Infinity : oldest.last.end - 1 + this.latenessMs),
    );
  }

  private scheduleBy(timeMs: number): void {
    if (timeMs >= this.dueMs) return;
    this.dueMs = timeMs;
    if (this.assigner.time === 'processing') this.context.wakeAt(timeMs + 1);
  }
}

/** Stands for all windows that have fired once time has passed. */
function allUpTo(passedMs: number): TimeWindow {
  return { start: Infinity, end: passedMs + 1 };
}
