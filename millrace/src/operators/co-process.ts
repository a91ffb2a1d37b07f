import type { Operator } from '../spi/operator.ts';
import { describeStates, type StateDescriptors } from '../state/descriptor.ts';
import { describeFunction, type KeyedContext, ProcessRuntime, type ResultOf, type Results, type Timer } from './process-runtime.ts';

/**
 * A function over two streams with keys of one type, which share state and timers for each key. What it returns and what a throw means is
 * as for a function over one stream.
 *
 * @example
 * orders.keyBy(o => o.id).connect(payments.keyBy(p => p.orderId)).process({
 *   state: { order: valueState<Order>('order', { ttl: '1d' }) },
 *   onLeft(order, ctx) {
 *     ctx.state.order.set(order);
 *   },
 *   *onRight(payment, ctx) {
 *     const order = ctx.state.order.get();
 *     if (order !== undefined) yield { id: ctx.key, open: order.total - payment.amount };
 *   },
 * })
 */
export interface CoProcessFunction<
  K,
  L,
  R,
  S extends StateDescriptors,
  LeftOut extends Results,
  RightOut extends Results,
  TimerOut extends Results,
> {
  readonly state?: S;
  onLeft(record: L, ctx: KeyedContext<K, S>): LeftOut;
  onRight(record: R, ctx: KeyedContext<K, S>): RightOut;
  onTimer?(timer: Timer, ctx: KeyedContext<K, S>): TimerOut;
}

/** The operator of a function over two keyed streams: input 0 is the left one. */
export function keyedCoProcess<
  K,
  L,
  R,
  S extends StateDescriptors,
  LeftOut extends Results,
  RightOut extends Results,
  TimerOut extends Results,
>(fn: CoProcessFunction<K, L, R, S, LeftOut, RightOut, TimerOut>): Operator<ResultOf<LeftOut> | ResultOf<RightOut> | ResultOf<TimerOut>> {
  return {
    kind: 'co-process',
    description: describeFunction(fn),
    makes: 'append',
    state: describeStates(fn.state),
    open(context) {
      const runtime = new ProcessRuntime<KeyedContext<K, S>>(context, fn);
      return runtime.task(
        (record: never, ctx) => fn.onLeft(record, ctx),
        (record: never, ctx) => fn.onRight(record, ctx),
      );
    },
  };
}
