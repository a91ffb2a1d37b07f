import {
  type BroadcastProcessFunction,
  broadcastProcess,
  type KeyedBroadcastProcessFunction,
  keyedBroadcastProcess,
} from '../operators/broadcast-process.ts';
import { type CoProcessFunction, keyedCoProcess } from '../operators/co-process.ts';
import type { ResultOf, Results } from '../operators/process-runtime.ts';
import type { StateDescriptors } from '../state/descriptor.ts';
import type { BroadcastStream } from './broadcast-stream.ts';
import type { KeyedStream } from './keyed-stream.ts';
import { type Stream, streamOf } from './stream.ts';

/** Two keyed streams as the inputs of one function, which share state and timers for each key. */
export class ConnectedStreams<K, L, R> {
  private readonly left: KeyedStream<K, L>;
  private readonly right: KeyedStream<K, R>;

  constructor(left: KeyedStream<K, L>, right: KeyedStream<K, R>) {
    this.left = left;
    this.right = right;
  }

  process<
    const S extends StateDescriptors = {},
    LeftOut extends Results = void,
    RightOut extends Results = void,
    TimerOut extends Results = void,
  >(fn: CoProcessFunction<K, L, R, S, LeftOut, RightOut, TimerOut>): Stream<ResultOf<LeftOut> | ResultOf<RightOut> | ResultOf<TimerOut>> {
    return streamOf(this.left, { type: 'operator', operator: keyedCoProcess(fn) }, [this.left.edge, this.right.edge]);
  }
}

/** A stream without key and a broadcast stream as the inputs of one function. */
export class BroadcastConnectedStream<T, U> {
  private readonly stream: Stream<T>;
  private readonly broadcast: BroadcastStream<U>;

  constructor(stream: Stream<T>, broadcast: BroadcastStream<U>) {
    this.stream = stream;
    this.broadcast = broadcast;
  }

  process<const B extends StateDescriptors, Out extends Results, BroadcastOut extends Results = void>(
    fn: BroadcastProcessFunction<T, U, B, Out, BroadcastOut>,
  ): Stream<ResultOf<Out> | ResultOf<BroadcastOut>> {
    return streamOf(this.stream, { type: 'operator', operator: broadcastProcess(fn) }, [this.stream.edge, this.broadcast.edge]);
  }
}

/** A keyed stream and a broadcast stream as the inputs of one function. */
export class KeyedBroadcastConnectedStream<K, T, U> {
  private readonly stream: KeyedStream<K, T>;
  private readonly broadcast: BroadcastStream<U>;

  constructor(stream: KeyedStream<K, T>, broadcast: BroadcastStream<U>) {
    this.stream = stream;
    this.broadcast = broadcast;
  }

  process<
    const S extends StateDescriptors = {},
    const B extends StateDescriptors = {},
    Out extends Results = void,
    BroadcastOut extends Results = void,
    TimerOut extends Results = void,
  >(
    fn: KeyedBroadcastProcessFunction<K, T, U, S, B, Out, BroadcastOut, TimerOut>,
  ): Stream<ResultOf<Out> | ResultOf<BroadcastOut> | ResultOf<TimerOut>> {
    return streamOf(this.stream, { type: 'operator', operator: keyedBroadcastProcess(fn) }, [this.stream.edge, this.broadcast.edge]);
  }
}
