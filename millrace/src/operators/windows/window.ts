import type { Key } from '../../base/key.ts';
import type { Advanced, OperatorContext, OperatorTask, ProcessRecord } from '../../spi/operator.ts';
import type { KeySpace } from '../../spi/state.ts';
import type { GlobalAssigner, PaneAssigner, SessionAssigner, TimeWindow, Trigger, TriggerResult } from '../../spi/window.ts';
import { TimerQueue } from '../../time/timer-queue.ts';
import { Emission } from './emission.ts';
import { lateRecords, rejectTimeless } from './late-records.ts';
import { newestTime } from './newest-time.ts';
import { mergeSessions, overlapped } from './session-windows.ts';
import { END_OF_INPUT, TriggerScope } from './trigger-scope.ts';
import type { AddRecord, WindowFunction } from './window-function.ts';
import { indexOfWindow, newWindowState, type WindowState } from './window-state.ts';

export interface TriggeredWindowSpec<A, R> {
  readonly assigner: PaneAssigner | SessionAssigner<never> | GlobalAssigner;
  readonly fn: WindowFunction<A, R>;
  readonly trigger: Trigger<never>;
  readonly allowedLatenessMs: number;
  readonly lateTag: string | undefined;
}

const ALL_TIME: readonly TimeWindow[] = [{ start: -Infinity, end: Infinity }];

/**
 * Windows of any kind with any trigger. A record is added to each of its windows; the windows of a key stand in one list, in the order of their ends.
 *
 * Each window keeps the timers of its trigger itself. The two queues only call for it by key and start when the first of them, or its removal, is
 * due; a call that finds nothing due does nothing.
 */
export class TriggeredWindowTask<A, R> implements OperatorTask {
  readonly inputs: readonly ProcessRecord[];
  private readonly spec: TriggeredWindowSpec<A, R>;
  private readonly context: OperatorContext<R>;
  private readonly windows: KeySpace<WindowState<A>[]>;
  private readonly eventCalls: TimerQueue;
  private readonly processingCalls: TimerQueue;
  private readonly scope: TriggerScope;
  private readonly emission: Emission<A, R>;
  private readonly late: (value: unknown, timeMs: number) => void;
  private readonly held = () => this.emission.pending || this.context.output.blocked;

  constructor(spec: TriggeredWindowSpec<A, R>, context: OperatorContext<R>) {
    const { clock } = context.environment;
    this.spec = spec;
    this.context = context;
    this.windows = context.state.table<WindowState<A>[]>('windows').space(0);
    this.eventCalls = new TimerQueue(context.state, 'event-calls');
    this.processingCalls = new TimerQueue(context.state, 'processing-calls');
    this.scope = new TriggerScope(spec.assigner.time, context.watermark, clock);
    this.emission = new Emission(spec.fn, context);
    this.late = lateRecords(context, spec.lateTag);
    this.inputs = spec.fn.inputs.map(add => {
      if (spec.assigner.kind === 'global') return (key, value, time) => this.addTo(ALL_TIME, add, key, value, time);
      const input: ProcessRecord =
        spec.assigner.kind === 'session' ? this.sessionInput(spec.assigner, add) : this.paneInput(spec.assigner, add);
      return spec.assigner.time === 'event' ? input : (key, value) => input(key, value, clock.now());
    });
    if (this.processingCalls.next < Infinity) context.wakeAt(this.processingCalls.next);
  }

  advance(watermark: number): Advanced {
    const { scope, emission } = this;
    scope.watermark = watermark;
    if (!emission.resume()) return 'more';
    if (!this.eventCalls.advance(watermark, this.callByWatermark, this.held)) return 'more';
    if (watermark === Infinity && scope.windowTime === 'processing') {
      scope.ended = true;
      if (!this.processingCalls.advance(Infinity, this.callAtEnd, this.held)) return 'more';
    }
    return emission.pending ? 'more' : 'done';
  }

  wake(now: number): boolean {
    if (!this.emission.resume()) return false;
    if (!this.processingCalls.advance(now, this.callByClock, this.held)) return false;
    if (this.processingCalls.next < Infinity) this.context.wakeAt(this.processingCalls.next);
    return !this.emission.pending;
  }

  private paneInput(assigner: PaneAssigner, add: AddRecord<A>): ProcessRecord {
    return (key, value, time) => {
      if (!Number.isFinite(time)) return rejectTimeless(this.context, value, time);
      this.addTo(assigner.windows(assigner.pane(time)), add, key, value, time);
    };
  }

  private addTo(windows: readonly TimeWindow[], add: AddRecord<A>, key: Key, value: never, time: number): void {
    let late = true;
    for (const window of windows) {
      if (this.isClosed(window)) continue;
      late = false;
      const list = this.windows.get(key)?.value ?? [];
      const i = indexOfWindow(list, window);
      if (i >= 0) this.addRecord(list[i]!, add, value, time);
      else list.splice(-1 - i, 0, this.newWindow(window, add, value, time));
      this.recordAdded(key, list, list[i >= 0 ? i : -1 - i]!, value, time);
    }
    if (late) this.late(value, time);
  }

  private sessionInput(assigner: SessionAssigner<never>, add: AddRecord<A>): ProcessRecord {
    const { fn } = this.spec;
    return (key, value, time) => {
      if (!Number.isFinite(time)) return rejectTimeless(this.context, value, time);
      const window = { start: time, end: time + assigner.gap(value) };
      const list = this.windows.get(key)?.value ?? [];
      const range = overlapped(list, window);
      let session: WindowState<A>;
      if (range.from < range.to) {
        // A late record is in time for a session that is still there.
        session = list[range.from]!;
        this.addRecord(session, add, value, time);
        mergeSessions(list, range, window, assigner.time, fn);
      } else {
        if (this.isClosed(window)) return this.late(value, time);
        session = this.newWindow(window, add, value, time);
        list.splice(range.from, 0, session);
      }
      this.recordAdded(key, list, session, value, time, range.to - range.from > 1);
    };
  }

  private newWindow(window: TimeWindow, add: AddRecord<A>, value: never, time: number): WindowState<A> {
    const contents = this.spec.fn.create();
    add(contents, value, time);
    return newWindowState(window, contents);
  }

  private addRecord(state: WindowState<A>, add: AddRecord<A>, value: never, time: number): void {
    const contents = state.contents ?? this.spec.fn.create();
    add(contents, value, time);
    state.contents = contents;
  }

  private recordAdded(key: Key, list: WindowState<A>[], state: WindowState<A>, value: never, time: number, merged = false): void {
    const { trigger } = this.spec;
    state.newestMs = newestTime(state.newestMs, time);
    this.keep(key, list);
    try {
      if (merged) trigger.onMerge?.(state.window, this.scope.focus(state));
      this.act(key, state, trigger.onElement(value, time, state.window, this.scope.focus(state)));
      this.emission.finish();
    } finally {
      // The window is there, also where its trigger throws and the record is rejected.
      this.arrangeCalls(key, state);
    }
    if (state.window.end === Infinity && isIdle(state)) this.drop(key, list, [state]);
  }

  private readonly callByWatermark = (timeMs: number, key: Key, start: number): void => {
    const { trigger } = this.spec;
    this.call(key, start, state => {
      if (state.eventCallMs <= timeMs) state.eventCallMs = Infinity;
      for (const timer of takeDue(state.eventTimers, timeMs)) {
        this.decide(key, state, () =>
          trigger.onEventTime(timer === END_OF_INPUT ? Infinity : timer, state.window, this.scope.focus(state)),
        );
      }
      return this.scope.windowTime === 'event' && this.removalMs(state.window) <= timeMs;
    });
  };

  private readonly callByClock = (timeMs: number, key: Key, start: number): void => {
    const { trigger } = this.spec;
    this.call(key, start, state => {
      if (state.processingCallMs <= timeMs) state.processingCallMs = Infinity;
      for (const timer of takeDue(state.processingTimers, timeMs)) {
        this.decide(key, state, () => trigger.onProcessingTime(timer, state.window, this.scope.focus(state)));
      }
      return this.scope.windowTime === 'processing' && this.removalMs(state.window) <= timeMs;
    });
  };

  /** The input has ended: the clock is as if it stood at the last timer of the window, which is then dropped. */
  private readonly callAtEnd = (_timeMs: number, key: Key, start: number): void => {
    const { trigger } = this.spec;
    this.call(key, start, state => {
      const timer = state.processingTimers.at(-1);
      if (timer !== undefined) this.decide(key, state, () => trigger.onProcessingTime(timer, state.window, this.scope.focus(state)));
      return true;
    });
  };

  /** Looks at the windows of a key that begin at a time. `handle` says whether the window is to be dropped. */
  private call(key: Key, start: number, handle: (state: WindowState<A>) => boolean): void {
    const list = this.windows.get(key)?.value;
    if (list === undefined) return;
    const over = list.filter(state => {
      if (state.window.start !== start) return false;
      if (handle(state)) {
        this.decide(key, state, () => {
          this.spec.trigger.clear?.(state.window, this.scope.focus(state));
          return 'continue';
        });
        return true;
      }
      this.arrangeCalls(key, state);
      return state.window.end === Infinity && isIdle(state);
    });
    this.drop(key, list, over);
  }

  private drop(key: Key, list: WindowState<A>[], over: readonly WindowState<A>[]): void {
    for (const state of over) {
      list.splice(list.indexOf(state), 1);
      const { window, eventCallMs, processingCallMs } = state;
      const others = list.filter(other => other.window.start === window.start);
      if (!others.some(other => other.eventCallMs === eventCallMs)) this.eventCalls.delete(eventCallMs, key, window.start);
      if (!others.some(other => other.processingCallMs === processingCallMs))
        this.processingCalls.delete(processingCallMs, key, window.start);
    }
    this.keep(key, list);
  }

  /** Does what a trigger decides at a timer. Nothing else can be told of a trigger that throws there, so its key and window are rejected. */
  private decide(key: Key, state: WindowState<A>, decision: () => TriggerResult): void {
    let result: TriggerResult;
    try {
      result = decision();
    } catch (error) {
      this.emission.failed(error, key, state.window, this.resultTime(state));
      return;
    }
    this.act(key, state, result);
  }

  private act(key: Key, state: WindowState<A>, result: TriggerResult): void {
    const { contents } = state;
    if ((result === 'fire' || result === 'fire-and-purge') && contents !== undefined) {
      this.emission.fire(key, state.window, contents, this.resultTime(state));
    }
    if (result === 'purge' || result === 'fire-and-purge') state.contents = undefined;
  }

  /** A window without an end has no time of its own; its results have that of its newest record. */
  private resultTime(state: WindowState<A>): number {
    return state.window.end === Infinity ? state.newestMs : state.window.end - 1;
  }

  /** Sees to it that the queues call for a window no later than something of it is due. */
  private arrangeCalls(key: Key, state: WindowState<A>): void {
    const { window } = state;
    const removalMs = this.removalMs(window);
    const byEvent = this.scope.windowTime === 'event';
    const eventMs = Math.min(state.eventTimers[0] ?? Infinity, byEvent ? removalMs : Infinity);
    if (eventMs < state.eventCallMs) {
      state.eventCallMs = eventMs;
      this.eventCalls.register(eventMs, key, window.start);
    }
    const processingMs = Math.min(state.processingTimers[0] ?? Infinity, byEvent ? Infinity : removalMs);
    if (processingMs < state.processingCallMs) {
      state.processingCallMs = processingMs;
      this.processingCalls.register(processingMs, key, window.start);
      this.context.wakeAt(processingMs);
    }
  }

  /** When a window is dropped, by its own time. */
  private removalMs(window: TimeWindow): number {
    return this.scope.windowTime === 'event' ? window.end - 1 + this.spec.allowedLatenessMs : window.end;
  }

  private isClosed(window: TimeWindow): boolean {
    return this.scope.windowTime === 'event' && window.end < Infinity && this.removalMs(window) <= this.scope.watermark;
  }

  private keep(key: Key, list: WindowState<A>[]): void {
    const cell = this.windows.get(key);
    if (list.length === 0) this.windows.remove(key);
    else if (cell === undefined) this.windows.add(key, list);
    else this.windows.mark(cell);
  }
}

/** Whether nothing would be lost with a window that has no end. */
function isIdle(state: WindowState<unknown>): boolean {
  if (state.contents !== undefined || state.eventTimers.length > 0 || state.processingTimers.length > 0) return false;
  for (const _ in state.numbers) return false;
  return true;
}

/** Takes the timers up to a time off the list. */
function takeDue(timers: number[], untilMs: number): number[] {
  let count = 0;
  while (count < timers.length && timers[count]! <= untilMs) count++;
  return timers.splice(0, count);
}
