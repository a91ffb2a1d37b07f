import { type Duration, formatDuration } from '../base/duration.ts';
import type { TimeDomain, TimeWindow, Trigger, TriggerContext, TriggerResult } from '../spi/window.ts';
import { invalid, lengthMs } from './arguments.ts';
import { floorTo } from './time-axis.ts';

const EVENT_TIME: Trigger = {
  description: 'eventTimeTrigger()',
  onElement: (_record, _time, window, context) => fireLateOrWait(window, context),
  onEventTime: (timeMs, window) => (timeMs >= window.end - 1 ? 'fire' : 'continue'),
  onProcessingTime: () => 'continue',
};

const PROCESSING_TIME: Trigger = {
  description: 'processingTimeTrigger()',
  onElement(_record, _time, window, context) {
    context.registerProcessingTimeTimer(window.end);
    return 'continue';
  },
  onEventTime: () => 'continue',
  onProcessingTime: (timeMs, window) => (timeMs >= window.end ? 'fire' : 'continue'),
};

const NEVER: Trigger = {
  description: 'never()',
  onElement: () => 'continue',
  onEventTime: () => 'continue',
  onProcessingTime: () => 'continue',
};

/**
 * Fires when the watermark passes the end of the window, then again at once for each record that comes within the allowed lateness. The default
 * of event-time windows. A global window ends with the input.
 */
export function eventTimeTrigger(): Trigger {
  return EVENT_TIME;
}

/** Fires when the clock reaches the end of the window. The default of processing-time windows. */
export function processingTimeTrigger(): Trigger {
  return PROCESSING_TIME;
}

/** Never fires. The default of global windows. */
export function never(): Trigger {
  return NEVER;
}

/**
 * Fires whenever `n` more records of a key have come into the window, and not at its end. What has been counted stays in the window; wrap it in
 * `purging` to begin anew.
 *
 * @throws MillraceError `WINDOW_INVALID`
 */
export function countTrigger(n: number): Trigger {
  if (!Number.isSafeInteger(n) || n < 1) throw invalid(`countTrigger(${n})`, 'a whole number of records from 1', String(n));
  return {
    description: `countTrigger(${n})`,
    onElement(_record, _time, _window, context) {
      const count = (context.get('count') ?? 0) + 1;
      context.set('count', count < n ? count : undefined);
      return count < n ? 'continue' : 'fire';
    },
    onEventTime: () => 'continue',
    onProcessingTime: () => 'continue',
  };
}

/**
 * Empties the window each time the trigger fires, so that each result is made of the records since the last.
 *
 * @example
 * stream.keyBy(b => b.auction).window(globalWindow()).trigger(purging(countTrigger(100)))
 */
export function purging<T>(trigger: Trigger<T>): Trigger<T> {
  const purge = (result: TriggerResult): TriggerResult => (result === 'fire' ? 'fire-and-purge' : result);
  return {
    description: `purging(${trigger.description})`,
    onElement: (record, timeMs, window, context) => purge(trigger.onElement(record, timeMs, window, context)),
    onEventTime: (timeMs, window, context) => purge(trigger.onEventTime(timeMs, window, context)),
    onProcessingTime: (timeMs, window, context) => purge(trigger.onProcessingTime(timeMs, window, context)),
    onMerge: (window, context) => trigger.onMerge?.(window, context),
    clear: (window, context) => trigger.clear?.(window, context),
  };
}

/**
 * Fires early at each multiple of `interval` (counted from 1970, UTC) by which records have come since the last result, then at the end of the
 * window, then for each record within the allowed lateness. The interval is one of the clock (`of: 'processing'`, the default) or of the
 * watermark (`of: 'event'`).
 *
 * @throws MillraceError `WINDOW_INVALID`, `DURATION_INVALID`
 * @example
 * orders.keyBy(o => o.shop).window(tumbling('1d')).trigger(earlyFiring('1m')).aggregate({ orders: count() })
 */
export function earlyFiring(interval: Duration, options: { of?: TimeDomain } = {}): Trigger {
  const of = options.of ?? 'processing';
  const intervalMs = lengthMs(interval, 'earlyFiring: interval');
  if (of !== 'processing' && of !== 'event') throw invalid('earlyFiring', "of: 'processing' or 'event'", String(of));

  const registerEarly = (timeMs: number, window: TimeWindow, context: TriggerContext) => {
    const nowMs = of === 'processing' ? context.processingTime : timeMs >= context.watermark ? timeMs : context.watermark;
    const next = floorTo(nowMs, intervalMs, 0) + intervalMs;
    // Before the first watermark a record without a time says nothing of when to fire.
    if (!Number.isFinite(next) || (of === context.windowTime && next >= window.end - 1)) return;
    if (of === 'processing') context.registerProcessingTimeTimer(next);
    else context.registerEventTimeTimer(next);
  };
  // At and after the end each change is emitted anyway.
  const early = (window: TimeWindow, context: TriggerContext) => (ended(window, context) ? 'continue' : 'fire');

  return {
    description: `earlyFiring(${formatDuration(intervalMs)}${of === 'event' ? ' of event time' : ''})`,
    onElement(_record, timeMs, window, context) {
      const result = context.windowTime === 'event' ? fireLateOrWait(window, context) : 'continue';
      if (context.windowTime === 'processing') context.registerProcessingTimeTimer(window.end);
      if (result === 'continue') registerEarly(timeMs, window, context);
      return result;
    },
    onEventTime(timeMs, window, context) {
      if (context.windowTime === 'event' && timeMs >= window.end - 1) return 'fire';
      return of === 'event' ? early(window, context) : 'continue';
    },
    onProcessingTime(timeMs, window, context) {
      if (context.windowTime === 'processing' && timeMs >= window.end) return 'fire';
      return of === 'processing' ? early(window, context) : 'continue';
    },
  };
}

function ended(window: TimeWindow, context: TriggerContext): boolean {
  return context.windowTime === 'event' ? window.end - 1 <= context.watermark : window.end <= context.processingTime;
}

function fireLateOrWait(window: TimeWindow, context: TriggerContext): TriggerResult {
  if (window.end - 1 <= context.watermark) return 'fire';
  context.registerEventTimeTimer(window.end - 1);
  return 'continue';
}
