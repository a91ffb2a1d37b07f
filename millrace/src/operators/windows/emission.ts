import { decodeKey, type Key } from '../../base/key.ts';
import { messageOf } from '../../base/errors.ts';
import type { OperatorContext } from '../../spi/operator.ts';
import type { TimeWindow } from '../../spi/window.ts';
import type { WindowFunction } from './window-function.ts';

/** Results sent between two looks at whether the output is blocked. */
export const PORTION = 64;

/**
 * Sends the results of windows. A function that throws costs the result it was to make: the key and the window are rejected, the others go on.
 */
export class Emission<A, R> {
  private readonly fn: WindowFunction<A, R>;
  private readonly context: OperatorContext<R>;
  /** Results that were held back by a blocked output, oldest first. They are not state: nothing else happens until they are sent. */
  private readonly held: { results: Iterator<R>; window: TimeWindow; key: Key; timeMs: number }[] = [];

  constructor(fn: WindowFunction<A, R>, context: OperatorContext<R>) {
    this.fn = fn;
    this.context = context;
  }

  get pending(): boolean {
    return this.held.length > 0;
  }

  /** Sends the results of one window of one key. Many results are sent in portions: what a blocked output does not take is pending. */
  fire(key: Key, window: TimeWindow, accumulator: A, timeMs: number): void {
    const { fn } = this;
    if (fn.results === 'one') {
      let result: R;
      try {
        result = fn.result(decodeKey(key), window, accumulator);
      } catch (error) {
        this.failed(error, key, window, timeMs);
        return;
      }
      this.context.output.emit(result, timeMs);
      return;
    }
    try {
      const failed = (error: unknown, value: unknown) => this.context.reject('failed', messageOf(error), value, timeMs);
      const results = fn.each(decodeKey(key), window, accumulator, failed)[Symbol.iterator]();
      this.held.push({ results, window, key, timeMs });
    } catch (error) {
      this.failed(error, key, window, timeMs);
      return;
    }
    this.resume();
  }

  /**
   * Sends what is pending until the output is blocked.
   *
   * @returns whether nothing is left
   */
  resume(): boolean {
    return this.send(() => this.context.output.blocked);
  }

  /** Sends all that is pending, also to a blocked output, as when the window was fired by a record. */
  finish(): void {
    if (this.held.length > 0) this.send(() => false);
  }

  failed(error: unknown, key: Key, window: TimeWindow, timeMs: number): void {
    this.context.reject('failed', messageOf(error), { key: decodeKey(key), window }, timeMs);
  }

  private send(blocked: () => boolean): boolean {
    for (let first = this.held[0]; first !== undefined; first = this.held[0]) {
      for (let sent = 0; ; sent++) {
        if (sent % PORTION === 0 && blocked()) return false;
        const next = this.next(first);
        if (next.done === true) break;
        this.context.output.emit(next.value, first.timeMs);
      }
      this.held.shift();
    }
    return true;
  }

  private next(from: { results: Iterator<R>; window: TimeWindow; key: Key; timeMs: number }): IteratorResult<R> {
    try {
      return from.results.next();
    } catch (error) {
      this.failed(error, from.key, from.window, from.timeMs);
      return { done: true, value: undefined };
    }
  }
}
