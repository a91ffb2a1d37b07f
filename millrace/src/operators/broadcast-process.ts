import type { Operator } from '../spi/operator.ts';
import { describeStates, type StateDescriptors, type StateHandles } from '../state/descriptor.ts';
import type { MapState, ReadonlyMapState } from '../state/map-state.ts';
import {
  type CallContext,
  describeFunction,
  type KeyedContext,
  ProcessRuntime,
  type ResultOf,
  type Results,
  type Timer,
} from './process-runtime.ts';

/** Broadcast state for reading. */
export type ReadonlyBroadcast<B extends StateDescriptors> = {
  readonly [name in keyof B]: StateHandles<B>[name] extends MapState<infer K, infer V> ? ReadonlyMapState<K, V> : never;
};

/** What a function is given for a record of the broadcast stream. */
export interface BroadcastContext<B extends StateDescriptors> extends CallContext {
  readonly broadcastState: StateHandles<B>;
}

/** What a function is given for a record of the other stream when that has no key. */
export interface BroadcastReadContext<B extends StateDescriptors> extends CallContext {
  readonly broadcastState: ReadonlyBroadcast<B>;
}

/** What a function is given for a record of the other stream when that has a key. */
export interface KeyedBroadcastReadContext<K, S extends StateDescriptors, B extends StateDescriptors> extends KeyedContext<K, S> {
  readonly broadcastState: ReadonlyBroadcast<B>;
}

/**
 * A function over a stream without key and a broadcast stream.
 *
 * @example
 * transactions.connect(limits.broadcast()).process({
 *   broadcastState: { limits: broadcastState<string, number>('limits') },
 *   *onRecord(t, ctx) {
 *     if (t.amount > (ctx.broadcastState.limits.get(t.currency) ?? Infinity)) yield t;
 *   },
 *   onBroadcast(limit, ctx) {
 *     ctx.broadcastState.limits.set(limit.currency, limit.amount);
 *   },
 * })
 */
export interface BroadcastProcessFunction<T, U, B extends StateDescriptors, Out extends Results, BroadcastOut extends Results> {
  readonly broadcastState: B;
  onRecord(record: T, ctx: BroadcastReadContext<B>): Out;
  onBroadcast(record: U, ctx: BroadcastContext<B>): BroadcastOut;
}

/** A function over a keyed stream and a broadcast stream: as without key, with state and timers for each key besides. */
export interface KeyedBroadcastProcessFunction<
  K,
  T,
  U,
  S extends StateDescriptors,
  B extends StateDescriptors,
  Out extends Results,
  BroadcastOut extends Results,
  TimerOut extends Results,
> {
  readonly broadcastState: B;
  readonly state?: S;
  onRecord(record: T, ctx: KeyedBroadcastReadContext<K, S, B>): Out;
  onBroadcast(record: U, ctx: BroadcastContext<B>): BroadcastOut;
  onTimer?(timer: Timer, ctx: KeyedBroadcastReadContext<K, S, B>): TimerOut;
}

/** The operator of a function over a stream without key (input 0) and a broadcast stream (input 1). */
export function broadcastProcess<T, U, B extends StateDescriptors, Out extends Results, BroadcastOut extends Results>(
  fn: BroadcastProcessFunction<T, U, B, Out, BroadcastOut>,
): Operator<ResultOf<Out> | ResultOf<BroadcastOut>> {
  return keyedBroadcastProcess<never, T, U, {}, B, Out, BroadcastOut, void>({
    broadcastState: fn.broadcastState,
    onRecord: (record, ctx) => fn.onRecord(record, ctx),
    onBroadcast: (record, ctx) => fn.onBroadcast(record, ctx),
  });
}

/** The operator of a function over a keyed stream (input 0) and a broadcast stream (input 1). */
export function keyedBroadcastProcess<
  K,
  T,
  U,
  S extends StateDescriptors,
  B extends StateDescriptors,
  Out extends Results,
  BroadcastOut extends Results,
  TimerOut extends Results,
>(
  fn: KeyedBroadcastProcessFunction<K, T, U, S, B, Out, BroadcastOut, TimerOut>,
): Operator<ResultOf<Out> | ResultOf<BroadcastOut> | ResultOf<TimerOut>> {
  return {
    kind: 'broadcast process',
    description: describeFunction(fn),
    makes: 'append',
    state: [...describeStates(fn.broadcastState), ...describeStates(fn.state)],
    open(context) {
      const runtime = new ProcessRuntime<KeyedBroadcastReadContext<K, S, B> & BroadcastContext<B>>(context, fn);
      return runtime.task(
        (record: never, ctx) => fn.onRecord(record, ctx),
        (record: never, ctx) => fn.onBroadcast(record, ctx),
      );
    },
  };
}
