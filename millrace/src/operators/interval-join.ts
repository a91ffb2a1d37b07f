import { formatDuration } from '../base/duration.ts';
import { MillraceError } from '../base/errors.ts';
import type { Key } from '../base/key.ts';
import { MinHeap } from '../base/min-heap.ts';
import type { Operator, OperatorContext } from '../spi/operator.ts';
import type { OperatorState, Table } from '../spi/state.ts';

/** How far the right record's time may lie from the left one's. */
export interface JoinInterval {
  /** Smallest `right - left` in milliseconds; may be negative. */
  readonly lowerMs: number;
  /** Largest `right - left` in milliseconds; may be negative. */
  readonly upperMs: number;
  /** Whether a difference of exactly `lowerMs` does not match. */
  readonly lowerExclusive?: boolean;
  readonly upperExclusive?: boolean;
}

/** Into how many buckets the interval is divided: what is no longer needed is kept for at most this part of it. */
const BUCKETS_PER_INTERVAL = 4;

/** Least length of a bucket in milliseconds, so that narrow intervals do not make a bucket of every millisecond. */
const LEAST_BUCKET_MS = 1000;

/** Records of one key and bucket in the order of their times. */
interface Sorted<T> {
  readonly times: number[];
  readonly records: T[];
}

/**
 * The records of one side. They stand in buckets of time, each a namespace of the state, so that what the watermark has passed is dropped
 * a bucket at a time and a new record changes a small part of the state.
 */
class JoinSide<T> {
  private readonly table: Table<Sorted<T>>;
  private readonly bucketMs: number;
  private readonly starts = new MinHeap();

  constructor(state: OperatorState, name: string, bucketMs: number) {
    this.table = state.table(name);
    this.bucketMs = bucketMs;
    const lengths = state.table<number>(`${name}.bucket`).space(0);
    const kept = lengths.get('ms');
    if (kept === undefined) lengths.add('ms', bucketMs);
    else if (kept.value !== bucketMs) {
      this.divideAnew();
      kept.value = bucketMs;
      lengths.mark(kept);
      return;
    }
    for (const start of this.table.namespaces()) this.starts.push(start);
  }

  add(key: Key, timeMs: number, record: T): void {
    const start = this.startOf(timeMs);
    let space = this.table.find(start);
    if (space === undefined) {
      space = this.table.space(start);
      this.starts.push(start);
    }
    const cell = space.get(key);
    if (cell === undefined) {
      space.add(key, { times: [timeMs], records: [record] });
      return;
    }
    const { times, records } = cell.value;
    const i = indexAfter(times, timeMs);
    times.splice(i, 0, timeMs);
    records.splice(i, 0, record);
    space.mark(cell);
  }

  /** Calls `match` for the key's records with times from `fromMs` to `toMs`, both included, in the order of their times. */
  between(key: Key, fromMs: number, toMs: number, match: (record: T, timeMs: number) => void): void {
    const last = this.startOf(toMs);
    for (let start = this.startOf(fromMs); start <= last; start += this.bucketMs) {
      const cell = this.table.find(start)?.get(key);
      if (cell === undefined) continue;
      const { times, records } = cell.value;
      for (let i = indexFrom(times, fromMs); i < times.length && times[i]! <= toMs; i++) match(records[i]!, times[i]!);
    }
  }

  /** Drops the buckets that end at or before the time. */
  drop(throughMs: number): void {
    while (this.starts.size > 0 && this.starts.peek() + this.bucketMs <= throughMs) this.table.drop(this.starts.pop());
  }

  private startOf(timeMs: number): number {
    return Math.floor(timeMs / this.bucketMs) * this.bucketMs;
  }

  /** The state comes from a program with another interval. */
  private divideAnew(): void {
    const all: [Key, Sorted<T>][] = [];
    for (const start of [...this.table.namespaces()]) {
      for (const { key, value } of this.table.space(start).cells()) all.push([key, value]);
      this.table.drop(start);
    }
    for (const [key, { times, records }] of all) records.forEach((record, i) => this.add(key, times[i]!, record));
  }
}

/**
 * Joins each record of the left input (0) with the records of the same key in the right input (1) whose event time lies within the
 * interval around its own. A result has the larger time of its two records. Each side is kept until the watermark has passed all that
 * could match it.
 *
 * A record at or before the watermark is rejected as `late`, since some of what it matches may be gone. All results of a record are
 * computed before the first is emitted: where `join` throws, the record is rejected and joins nothing. (Semantics: Flink's interval
 * join.)
 *
 * @throws MillraceError `OPTION_INVALID` for an interval that holds nothing
 */
export function intervalJoin<L, R, Out>(interval: JoinInterval, join: (left: L, right: R) => Out): Operator<Out> {
  const { lowerMs, upperMs, lowerExclusive = false, upperExclusive = false } = interval;
  if (!(lowerMs < upperMs || (lowerMs === upperMs && !lowerExclusive && !upperExclusive))) {
    throw new MillraceError('OPTION_INVALID', {
      where: 'interval join',
      expected: 'an interval that holds at least one instant',
      got: describeInterval(interval),
    });
  }
  const bucketMs = Math.max(LEAST_BUCKET_MS, Math.ceil((upperMs - lowerMs) / BUCKETS_PER_INTERVAL));
  const matches = (differenceMs: number) =>
    (lowerExclusive ? differenceMs > lowerMs : differenceMs >= lowerMs) &&
    (upperExclusive ? differenceMs < upperMs : differenceMs <= upperMs);

  return {
    kind: 'interval join',
    description: `right - left in ${describeInterval(interval)}`,
    makes: 'append',
    state: [
      { name: 'left', kind: 'buffer', boundedBy: `watermark ${signed(-upperMs)}` },
      { name: 'right', kind: 'buffer', boundedBy: `watermark ${signed(lowerMs)}` },
    ],
    open(context) {
      const lefts = new JoinSide<L>(context.state, 'left', bucketMs);
      const rights = new JoinSide<R>(context.state, 'right', bucketMs);
      const { output } = context;
      const results: { value: Out; timeMs: number }[] = [];
      const emit = () => {
        for (const { value, timeMs } of results) output.emit(value, timeMs);
      };
      return {
        inputs: [
          (key, left: L, leftMs) => {
            if (!onTime(context, left, leftMs)) return;
            results.length = 0;
            rights.between(key, leftMs + lowerMs, leftMs + upperMs, (right, rightMs) => {
              if (matches(rightMs - leftMs)) results.push({ value: join(left, right), timeMs: Math.max(leftMs, rightMs) });
            });
            // A right record that could still match would lie behind the watermark.
            if (leftMs + upperMs > context.watermark) lefts.add(key, leftMs, left);
            emit();
          },
          (key, right: R, rightMs) => {
            if (!onTime(context, right, rightMs)) return;
            results.length = 0;
            lefts.between(key, rightMs - upperMs, rightMs - lowerMs, (left, leftMs) => {
              if (matches(rightMs - leftMs)) results.push({ value: join(left, right), timeMs: Math.max(leftMs, rightMs) });
            });
            if (rightMs - lowerMs > context.watermark) rights.add(key, rightMs, right);
            emit();
          },
        ],
        advance(watermark) {
          lefts.drop(watermark - upperMs);
          rights.drop(watermark + lowerMs);
          return 'done';
        },
      };
    },
  };
}

function onTime<Out>(context: OperatorContext<Out>, record: unknown, timeMs: number): boolean {
  if (timeMs > context.watermark) return true;
  if (timeMs <= context.watermark) {
    context.reject('late', `event time ${timeMs} is not after the watermark ${context.watermark}`, record, timeMs);
  } else context.reject('timestamp', 'an interval join needs event time, and the record has none', record, timeMs);
  return false;
}

function describeInterval({ lowerMs, upperMs, lowerExclusive, upperExclusive }: JoinInterval): string {
  return `${lowerExclusive ? '(' : '['}${formatDuration(lowerMs)}, ${formatDuration(upperMs)}${upperExclusive ? ')' : ']'}`;
}

function signed(ms: number): string {
  return `${ms < 0 ? '-' : '+'} ${formatDuration(Math.abs(ms))}`;
}

/** Index of the first time that is not before `timeMs`. */
function indexFrom(times: readonly number[], timeMs: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the first time after `timeMs`; found at once when times come in order. */
function indexAfter(times: readonly number[], timeMs: number): number {
  let low = 0;
  let high = times.length;
  if (high > 0 && times[high - 1]! <= timeMs) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! <= timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
