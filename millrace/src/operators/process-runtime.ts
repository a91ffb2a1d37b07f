import { decodeKey, type Key } from '../base/key.ts';
import { messageOf } from '../base/errors.ts';
import type { Advanced, Collector, OperatorContext, OperatorTask, ProcessRecord } from '../spi/operator.ts';
import type { TimeDomain } from '../spi/window.ts';
import type { StateDescriptors, StateHandles } from '../state/descriptor.ts';
import { KeyedScope } from '../state/keyed-scope.ts';
import { TimerQueue } from '../time/timer-queue.ts';
import { NO_TIME } from '../types/batch.ts';
import type { SideTag } from './side-tag.ts';

/**
 * What a process function may return: nothing, or its results as an array, another iterable, or by being a generator. A string is not
 * taken for its letters.
 */
export type Results = (Iterable<unknown> & object) | void;

/** The type of one result. */
export type ResultOf<Out> = Out extends Iterable<infer R> ? R : never;

/** A timer that is due. */
export interface Timer {
  /** Epoch milliseconds, as registered. */
  readonly timeMs: number;
  readonly domain: TimeDomain;
}

/**
 * Timers of the key at hand. A timer exists at most once for a key, time domain and time, however often it is registered. One that lies
 * behind fires with the next watermark, or at once by the clock.
 */
export interface Timers {
  /** Calls `onTimer` once the watermark reaches the time, in epoch milliseconds. */
  event(timeMs: number): void;
  /** Calls `onTimer` once the clock reaches the time, in epoch milliseconds. */
  processing(timeMs: number): void;
  deleteEvent(timeMs: number): void;
  deleteProcessing(timeMs: number): void;
}

/** What every process function is given besides its record. It is valid only while the function runs. */
export interface CallContext {
  /** Event time of the record or timer in epoch milliseconds; NaN where there is none. Results have the same time. */
  readonly timestamp: number;
  /** No record at or before this time is expected any more; -Infinity at the start, Infinity when all input has ended. */
  readonly watermark: number;
  /** The clock, in epoch milliseconds. */
  readonly processingTime: number;
  /** Sends a record to a side output. */
  output<T>(tag: SideTag<T>, record: NoInfer<T>): void;
}

/** What a keyed process function is given besides its record. */
export interface KeyedContext<K, S extends StateDescriptors> extends CallContext {
  readonly key: K;
  readonly state: StateHandles<S>;
  readonly timers: Timers;
}

interface Functions<C> {
  readonly state?: StateDescriptors;
  readonly broadcastState?: StateDescriptors;
  onTimer?(timer: Timer, context: C): Results;
}

interface TimerChange {
  readonly queue: TimerQueue;
  readonly timeMs: number;
  readonly registers: boolean;
}

/**
 * Runs process functions: binds the context to the key and time at hand, and makes what a call did final only when it has succeeded.
 * State, timers, results and side outputs of a call that throws are all forgotten.
 */
export class ProcessRuntime<C> {
  private readonly operator: OperatorContext<unknown>;
  private readonly scope: KeyedScope;
  private readonly eventTimers: TimerQueue;
  private readonly processingTimers: TimerQueue;
  private readonly context: C;
  private readonly onTimer: ((timer: Timer, context: C) => Results) | undefined;
  private readonly sides = new Map<string, Collector<unknown>>();
  private readonly timerChanges: TimerChange[] = [];
  private readonly sideRecords: { tag: string; record: unknown }[] = [];
  private timeMs = NO_TIME;
  /**
   * How far event time has come for timers and what they read: it does not jump to a new watermark before the timers on the way have
   * fired.
   */
  private passedMs = -Infinity;

  /** @param functions the user's functions of this operator: its state and what its timers call */
  constructor(operator: OperatorContext<unknown>, functions: Functions<C>) {
    this.operator = operator;
    this.scope = new KeyedScope(operator);
    this.eventTimers = new TimerQueue(operator.state, 'timers.event');
    this.processingTimers = new TimerQueue(operator.state, 'timers.processing');
    this.onTimer = functions.onTimer?.bind(functions);
    this.context = this.makeContext(this.scope.bind(functions.state ?? {}), this.scope.bind(functions.broadcastState ?? {}));
    operator.wakeAt(this.processingTimers.next);
  }

  /** The operator's task, with one function for each input. */
  task(...functions: ((record: never, context: C) => Results)[]): OperatorTask {
    return {
      inputs: functions.map(apply => this.input(apply)),
      advance: watermark => this.advance(watermark),
      wake: nowMs => this.wake(nowMs),
    };
  }

  private input(apply: (record: never, context: C) => Results): ProcessRecord {
    const { context } = this;
    return (key, value, time) => {
      const { watermark } = this.operator;
      this.begin(key, time, time > watermark ? time : watermark);
      let results: readonly unknown[];
      try {
        results = gather(apply(value, context));
        this.scope.commit();
      } catch (error) {
        this.rollback();
        throw error;
      }
      this.finish(results);
    };
  }

  private advance(watermark: number): Advanced {
    const fire = (timeMs: number, key: Key) => {
      if (timeMs > this.passedMs) this.passedMs = timeMs;
      this.fire(key, { timeMs, domain: 'event' }, timeMs, this.passedMs);
    };
    if (!this.eventTimers.advance(watermark, fire, () => this.operator.output.blocked)) return 'more';
    this.passedMs = watermark;
    this.scope.expirations.advance(watermark);
    return 'done';
  }

  private wake(nowMs: number): boolean {
    const fire = (timeMs: number, key: Key) => this.fire(key, { timeMs, domain: 'processing' }, NO_TIME, this.passedMs);
    const done = this.processingTimers.advance(nowMs, fire, () => this.operator.output.blocked);
    this.scope.expirations.wake(nowMs);
    if (done) this.operator.wakeAt(this.processingTimers.next);
    return done;
  }

  private fire(key: Key, timer: Timer, timeMs: number, eventMs: number): void {
    if (this.onTimer === undefined) return;
    this.begin(key, timeMs, eventMs);
    let results: readonly unknown[];
    try {
      results = gather(this.onTimer(timer, this.context));
      this.scope.commit();
    } catch (error) {
      this.rollback();
      this.operator.reject('failed', `onTimer: ${messageOf(error)}`, { key: decodeKey(key), timer }, timeMs);
      return;
    }
    this.finish(results);
  }

  /** @param eventMs event time that counts for a time to live */
  private begin(key: Key, timeMs: number, eventMs: number): void {
    this.timeMs = timeMs;
    this.scope.begin(key, eventMs);
  }

  private rollback(): void {
    this.scope.rollback();
    this.timerChanges.length = 0;
    this.sideRecords.length = 0;
  }

  private finish(results: readonly unknown[]): void {
    const { timerChanges, sideRecords, timeMs } = this;
    if (timerChanges.length > 0) this.changeTimers();
    if (sideRecords.length > 0) {
      for (const { tag, record } of sideRecords) this.side(tag).emit(record, timeMs);
      sideRecords.length = 0;
    }
    for (const result of results) this.operator.output.emit(result, timeMs);
  }

  private changeTimers(): void {
    for (const { queue, timeMs, registers } of this.timerChanges) {
      if (!registers) queue.delete(timeMs, this.scope.key);
      else {
        queue.register(timeMs, this.scope.key);
        if (queue === this.processingTimers) this.operator.wakeAt(timeMs);
      }
    }
    this.timerChanges.length = 0;
  }

  private side(tag: string): Collector<unknown> {
    let side = this.sides.get(tag);
    if (side === undefined) {
      side = this.operator.side(tag);
      this.sides.set(tag, side);
    }
    return side;
  }

  private changeTimer(queue: TimerQueue, timeMs: number, registers: boolean): void {
    this.scope.check();
    if (!Number.isFinite(timeMs)) throw new TypeError(`the time of a timer is ${timeMs}`);
    if (this.onTimer === undefined) throw new TypeError('a timer was registered, but the function has no onTimer');
    this.timerChanges.push({ queue, timeMs, registers });
  }

  /** One object that has all that any function may be given; which part of it a function sees is a matter of its type. */
  private makeContext(state: object, broadcastState: object): C {
    const runtime = this;
    const { operator, scope, eventTimers, processingTimers } = this;
    const context: KeyedContext<unknown, {}> & { broadcastState: object } = {
      state,
      broadcastState,
      get key() {
        return decodeKey(scope.key);
      },
      get timestamp() {
        return runtime.timeMs;
      },
      get watermark() {
        return operator.watermark;
      },
      get processingTime() {
        return operator.environment.clock.now();
      },
      timers: {
        event: timeMs => runtime.changeTimer(eventTimers, timeMs, true),
        processing: timeMs => runtime.changeTimer(processingTimers, timeMs, true),
        deleteEvent: timeMs => runtime.changeTimer(eventTimers, timeMs, false),
        deleteProcessing: timeMs => runtime.changeTimer(processingTimers, timeMs, false),
      },
      output({ name }, record) {
        scope.check();
        runtime.sideRecords.push({ tag: name, record });
      },
    };
    return context as C;
  }
}

const NOTHING: readonly unknown[] = [];

/** All results, so that nothing is emitted when a generator throws half way. */
function gather(results: Results): readonly unknown[] {
  if (results === undefined) return NOTHING;
  if (Array.isArray(results)) return results;
  if (typeof results === 'object' && results !== null && Symbol.iterator in results) return [...results];
  const got = 'then' in Object(results) ? 'a promise' : typeof results;
  throw new TypeError(`a process function returned ${got}; it returns nothing, an array or another iterable of results`);
}

/** For plans: `'state count, last; timers'`. */
export function describeFunction({ state = {}, broadcastState = {}, onTimer }: Functions<never>): string {
  const all: StateDescriptors = { ...broadcastState, ...state };
  const names = Object.values(all).map(({ name }) => name);
  const parts = [names.length > 0 ? `state ${names.join(', ')}` : 'no state'];
  if (onTimer !== undefined) parts.push('timers');
  return parts.join('; ');
}
