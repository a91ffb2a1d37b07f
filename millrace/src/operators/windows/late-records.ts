import type { OperatorContext } from '../../spi/operator.ts';

/** Where a record goes whose windows are all closed: to the side output of the tag, or else to the rejects. */
export function lateRecords(context: OperatorContext<never>, tag: string | undefined): (value: unknown, timeMs: number) => void {
  if (tag !== undefined) {
    const side = context.side(tag);
    return (value, timeMs) => side.emit(value, timeMs);
  }
  return (value, timeMs) =>
    context.reject('late', `all windows of ${instant(timeMs)} are closed, the watermark is ${instant(context.watermark)}`, value, timeMs);
}

/** A record in a window of event time whose time is not a number. */
export function rejectTimeless(context: OperatorContext<never>, value: unknown, timeMs: number): void {
  context.reject('timestamp', 'the record has no event time, and its window needs one', value, timeMs);
}

function instant(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}
