/** A half-open span of time in epoch milliseconds: `start <= t < end`. A global window is infinite on both sides. */
export interface TimeWindow {
  readonly start: number;
  readonly end: number;
}

export type TimeDomain = 'event' | 'processing';

/**
 * Windows that are cut from common panes: tumbling, sliding, cumulative. A record is added to the one pane that holds it, and a window's result is
 * merged from its panes (Li et al., "No pane, no gain", SIGMOD Record 2005).
 */
export interface PaneAssigner {
  readonly kind: 'tumbling' | 'sliding' | 'cumulative';
  readonly time: TimeDomain;
  readonly description: string;
  /** Length of the longest window in milliseconds, for plans. */
  readonly sizeMs: number;
  /** The pane that holds the time. Panes do not overlap. */
  pane(time: number): TimeWindow;
  /** The windows that contain the pane, in the order of their ends. */
  windows(pane: TimeWindow): TimeWindow[];
}

/** Windows that grow and merge: two records less than a gap apart are in one window. */
export interface SessionAssigner<T> {
  readonly kind: 'session';
  readonly time: TimeDomain;
  readonly description: string;
  /** The gap in milliseconds after this record. */
  gap(record: T): number;
}

/** One window over all time; fires only by its trigger. */
export interface GlobalAssigner {
  readonly kind: 'global';
  readonly time: TimeDomain;
  readonly description: string;
}

/** Windows of a number of records of one key: each `slide` records, the newest `size` of them. */
export interface CountAssigner {
  readonly kind: 'count';
  readonly time: TimeDomain;
  readonly description: string;
  readonly size: number;
  readonly slide: number;
}

export type WindowAssigner<T = never> = PaneAssigner | SessionAssigner<T> | GlobalAssigner | CountAssigner;

/** What a trigger decides: nothing, emit the window's result, forget its contents, or both. */
export type TriggerResult = 'continue' | 'fire' | 'purge' | 'fire-and-purge';

/** What a trigger sees and may do, for one key and window. */
export interface TriggerContext {
  /** Whose time ends the windows. */
  readonly windowTime: TimeDomain;
  readonly watermark: number;
  readonly processingTime: number;
  /** Calls `onEventTime` once the watermark reaches the time. */
  registerEventTimeTimer(timeMs: number): void;
  /** Calls `onProcessingTime` once the clock reaches the time. */
  registerProcessingTimeTimer(timeMs: number): void;
  deleteEventTimeTimer(timeMs: number): void;
  deleteProcessingTimeTimer(timeMs: number): void;
  /** A number kept for this key and window under a name; undefined until set. Merged windows keep the sum, or what `onMerge` makes of it. */
  get(name: string): number | undefined;
  set(name: string, value: number | undefined): void;
}

/** Decides when a window emits. Its methods are Flink's. */
export interface Trigger<in T = unknown> {
  readonly description: string;
  onElement(record: T, timeMs: number, window: TimeWindow, context: TriggerContext): TriggerResult;
  onEventTime(timeMs: number, window: TimeWindow, context: TriggerContext): TriggerResult;
  onProcessingTime(timeMs: number, window: TimeWindow, context: TriggerContext): TriggerResult;
  /**
   * Called for the window that two or more were merged into, after their numbers were added up. A window that grew keeps the timers it had
   * before its old end; `onElement`, which follows, registers what its new end needs.
   */
  onMerge?(window: TimeWindow, context: TriggerContext): void;
  /** Called when the window is dropped; its timers and numbers are removed afterwards. */
  clear?(window: TimeWindow, context: TriggerContext): void;
}

export interface TimedRecord<T> {
  readonly value: T;
  readonly timeMs: number;
}

/** Takes records out of a window before its function sees them. */
export interface Evictor<in out T = unknown> {
  readonly description: string;
  /** The records that stay, in order. `records` stand in the order of arrival. */
  evict(records: readonly TimedRecord<T>[], window: TimeWindow): readonly TimedRecord<T>[];
}
