import type { Operator } from '../spi/operator.ts';
import { describeStates, type StateDescriptors } from '../state/descriptor.ts';
import { describeFunction, type KeyedContext, ProcessRuntime, type ResultOf, type Results, type Timer } from './process-runtime.ts';

/**
 * A function over the records of a keyed stream, with state and timers for each key.
 *
 * What `onRecord` and `onTimer` return are results: an array or another iterable; a generator yields them. Their type follows from that.
 * A call that throws leaves no trace: its record is rejected, and its changes of state, timers, results and side outputs are forgotten.
 *
 * @example
 * stream.keyBy(r => r.device).process({
 *   state: { last: valueState<number>('last') },
 *   *onRecord(r, ctx) {
 *     const last = ctx.state.last.get();
 *     ctx.state.last.set(r.value);
 *     if (last !== undefined) yield { device: ctx.key, change: r.value - last };
 *   },
 * })
 */
export interface ProcessFunction<K, T, S extends StateDescriptors, Out extends Results, TimerOut extends Results> {
  readonly state?: S;
  onRecord(record: T, ctx: KeyedContext<K, S>): Out;
  /** Called for each timer that is due. Results have the time of an event-time timer; those of a processing-time timer have none. */
  onTimer?(timer: Timer, ctx: KeyedContext<K, S>): TimerOut;
}

/** The operator of a process function. */
export function keyedProcess<K, T, S extends StateDescriptors, Out extends Results, TimerOut extends Results>(
  fn: ProcessFunction<K, T, S, Out, TimerOut>,
): Operator<ResultOf<Out> | ResultOf<TimerOut>> {
  return {
    kind: 'process',
    description: describeFunction(fn),
    makes: 'append',
    state: describeStates(fn.state),
    open(context) {
      const runtime = new ProcessRuntime<KeyedContext<K, S>>(context, fn);
      return runtime.task((record: never, ctx) => fn.onRecord(record, ctx));
    },
  };
}
