export { type Duration } from '../base/duration.ts';
export { MillraceError } from '../base/errors.ts';
export type { ErrorCode } from '../base/error-catalogue.ts';
export * from '../operators/aggregates/index.ts';
export type { AsyncCall, AsyncOptions, AsyncRetry } from '../operators/async.ts';
export type { BroadcastProcessFunction, KeyedBroadcastProcessFunction } from '../operators/broadcast-process.ts';
export type { CoProcessFunction } from '../operators/co-process.ts';
export type { DedupeOptions } from '../operators/dedupe.ts';
export type { CallContext, KeyedContext, Timer, Timers } from '../operators/process-runtime.ts';
export type { ProcessFunction } from '../operators/process.ts';
export type { RunningOptions } from '../operators/running.ts';
export { type SideTag, sideTag } from '../operators/side-tag.ts';
export type { Branches, BranchRecords } from '../operators/split.ts';
export type { Plan } from '../plan/graph.ts';
export type { Job, JobResult } from '../runtime/job.ts';
export type { JobMetrics, NodeMetrics } from '../runtime/metrics.ts';
export type { Aggregate, AggregateResults } from '../spi/aggregate.ts';
export type { Origin, Reject, RejectReason } from '../spi/reject.ts';
export type { Sink } from '../spi/sink.ts';
export type { Source } from '../spi/source.ts';
export type { Evictor, TimedRecord, TimeWindow, Trigger, TriggerContext, TriggerResult } from '../spi/window.ts';
export { aggregatingState, type AggregatingState } from '../state/aggregating-state.ts';
export { broadcastState } from '../state/broadcast-state.ts';
export { listState, type ListState } from '../state/list-state.ts';
export { mapState, type MapState, type ReadonlyMapState } from '../state/map-state.ts';
export { reducingState, type ReducingState } from '../state/reducing-state.ts';
export type { StateTtl } from '../state/ttl.ts';
export { valueState, type ValueState } from '../state/value-state.ts';
export type { SignedDuration } from '../time/signed-duration.ts';
export {
  boundedOutOfOrderness,
  customWatermarks,
  monotonous,
  punctuated,
  type WatermarkGenerator,
  type WatermarkStrategy,
} from '../time/watermarks.ts';
export * from '../windows/index.ts';
export type { InferSchema, JsonSchema, Schema } from '../types/schema.ts';
export { BroadcastStream } from './broadcast-stream.ts';
export { BroadcastConnectedStream, ConnectedStreams, KeyedBroadcastConnectedStream } from './connected-streams.ts';
export { CoGroupedStreams, IntervalJoinedStreams, JoinedStreams } from './joined-streams.ts';
export type { KeyValue } from './keys.ts';
export { KeyedStream } from './keyed-stream.ts';
export { Pipeline, pipeline, type RunOptions } from './pipeline.ts';
export { type EventTimeOptions, Stream } from './stream.ts';
export { WindowedStream } from './windowed-stream.ts';
