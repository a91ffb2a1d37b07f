import type { Key } from '../../base/key.ts';
import type { WindowFunction } from './window-function.ts';

/** Panes, or blocks of a level, that make one block of the next. A higher number saves memory, a lower one merges. */
const FAN_OUT = 4;

/** What is known of one key while windows fire. */
export interface KeyTotal<A> {
  readonly key: Key;
  /** What its panes in the window that fires have been merged to, or the accumulator of its only one. */
  total: A | undefined;
  /** Whether the total may be changed. */
  copied: boolean;
  /** The round of merging that the total is of. */
  round: number;
  /** What merging has thrown in that round. */
  failure: { readonly error: unknown } | undefined;
  /** Accumulators in place of a total, where those keep records. */
  parts: A[] | undefined;
  /** Where the key stands in the block that is being built, as of which round of building. */
  slot: number;
  buildRound: number;
}

export function newKeyTotal<A>(key: Key): KeyTotal<A> {
  return { key, total: undefined, copied: false, round: 0, failure: undefined, parts: undefined, slot: 0, buildRound: 0 };
}

/** The accumulators of a pane or of a block of panes, each beside its key. Going through them reads memory in the order in which it was written. */
export interface Run<A> {
  readonly keys: KeyTotal<A>[];
  readonly accumulators: A[];
}

interface PaneRun<A> extends Run<A> {
  readonly start: number;
}

/**
 * Panes numbered in the order of time, and blocks of 4, 16, 64, ... of them that are merged once, so that a window of n panes is merged from
 * about 3 log n runs: the aggregate tree of Tangwongsan et al., "General incremental sliding-window aggregation" (PVLDB 2015), kept for all
 * keys together. Blocks are made when first of use and take about a third of the panes' memory.
 */
export class PaneBlocks<A> {
  private readonly fn: WindowFunction<A, unknown>;
  private panes: PaneRun<A>[] = [];
  /** Number of the first of the panes. */
  private first = 0;
  /** Blocks by level and number; undefined where merging has thrown. Block q of level 0 would be the panes from `FAN_OUT * q` on. */
  private readonly levels: Map<number, Run<A> | undefined>[] = [];
  private buildRound = 0;

  constructor(fn: WindowFunction<A, unknown>) {
    this.fn = fn;
  }

  /** Numbers of the panes: from this one up to but without `end`. */
  get begin(): number {
    return this.first;
  }

  get end(): number {
    return this.first + this.panes.length;
  }

  append(pane: PaneRun<A>): void {
    this.panes.push(pane);
  }

  /** The pane that begins at a time, to be changed: blocks that were merged from it are forgotten. */
  change(start: number): Run<A> | undefined {
    const i = this.panes.findLastIndex(pane => pane.start === start);
    if (i < 0) return undefined;
    let block = this.first + i;
    for (const level of this.levels) {
      block = Math.floor(block / FAN_OUT);
      level.delete(block);
    }
    return this.panes[i];
  }

  /** Forgets panes that begin before a time. */
  dropBefore(start: number): void {
    let count = 0;
    while (count < this.panes.length && this.panes[count]!.start < start) count++;
    if (count === 0) return;
    this.panes = this.panes.slice(count);
    this.first += count;
    // A block that has lost a pane is of no more use.
    let size = 1;
    for (const level of this.levels) {
      size *= FAN_OUT;
      for (const block of level.keys()) if (block * size < this.first) level.delete(block);
    }
  }

  clear(): void {
    this.first = this.end;
    this.panes = [];
    for (const level of this.levels) level.clear();
  }

  /** Calls `each` with runs that together hold the panes from one number up to another, in order. */
  cover(from: number, to: number, each: (run: Run<A>) => void): void {
    let at = from;
    while (at < to) {
      let run: Run<A> = this.panes[at - this.first]!;
      let size = 1;
      for (let level = 0; at % (size * FAN_OUT) === 0 && at + size * FAN_OUT <= to; level++) {
        const block = this.block(level, at / (size * FAN_OUT));
        if (block === undefined) break;
        run = block;
        size *= FAN_OUT;
      }
      each(run);
      at += size;
    }
  }

  private block(level: number, number: number): Run<A> | undefined {
    const blocks = (this.levels[level] ??= new Map());
    if (!blocks.has(number)) blocks.set(number, this.build(level, number));
    return blocks.get(number);
  }

  private build(level: number, number: number): Run<A> | undefined {
    const parts: Run<A>[] = [];
    for (let i = number * FAN_OUT; i < (number + 1) * FAN_OUT; i++) {
      const part = level === 0 ? this.panes[i - this.first]! : this.block(level - 1, i);
      if (part === undefined) return undefined;
      parts.push(part);
    }
    try {
      return this.merge(parts);
    } catch {
      // It throws again where the window is merged and its key can be rejected.
      return undefined;
    }
  }

  private merge(parts: readonly Run<A>[]): Run<A> {
    const { fn } = this;
    const round = ++this.buildRound;
    const keys: KeyTotal<A>[] = [];
    const accumulators: A[] = [];
    const copied: boolean[] = [];
    for (const part of parts) {
      for (let i = 0; i < part.keys.length; i++) {
        const key = part.keys[i]!;
        const accumulator = part.accumulators[i]!;
        if (key.buildRound !== round) {
          key.buildRound = round;
          key.slot = keys.length;
          keys.push(key);
          accumulators.push(accumulator);
          copied.push(false);
          continue;
        }
        const { slot } = key;
        if (!copied[slot]) {
          accumulators[slot] = copyOf(fn, accumulators[slot]!);
          copied[slot] = true;
        }
        fn.merge(accumulators[slot]!, accumulator);
      }
    }
    return { keys, accumulators };
  }
}

/** A copy that may be changed. */
export function copyOf<A>(fn: WindowFunction<A, unknown>, accumulator: A): A {
  const copy = fn.create();
  fn.merge(copy, accumulator);
  return copy;
}
