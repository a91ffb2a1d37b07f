import { MillraceError } from '../base/errors.ts';
import type { SourceNode } from '../plan/graph.ts';
import type { Json } from '../types/json.ts';
import type { SplitState } from './control.ts';
import type { Split, SplitReader } from '../spi/source.ts';
import { Batch } from '../types/batch.ts';
import { Output } from './output.ts';
import type { Worker } from './worker.ts';

interface OpenSplit {
  readonly number: number;
  readonly split: Split;
  /** Where it was opened; undefined: at its beginning. */
  readonly from: Json | undefined;
  reader: SplitReader<unknown> | undefined;
  /** Whether a poll may find something. */
  ready: boolean;
  /** Since when the reader has said that it has nothing; undefined while it may have. */
  waitingSince: number | undefined;
  idle: boolean;
}

/** Runs one source: finds its splits, polls those that are ready in turn, and tells downstream when splits come, fall idle and end. */
export class SourceDriver {
  readonly node: SourceNode;
  readonly output = new Output();
  /** A split is called idle after so long without records; Infinity: never. Asked for by the event time stages downstream. */
  idleAfterMs = Infinity;
  finished = false;
  private readonly worker: Worker;
  private readonly stopping = new AbortController();
  private readonly splits: OpenSplit[] = [];
  /** Where the newest epoch left splits that have not been found in this run, and those that are over. */
  private readonly remembered: Map<string, SplitState>;
  /** Stopped to go on later: the stream does not end. */
  private suspended = false;
  private readonly batch = new Batch();
  private nextTurn = 0;
  private enumerated = false;
  private cancelIdleTimer: (() => void) | undefined;
  /** What the source is at: finding, opening and closing splits. */
  private readonly underWay = new Set<Promise<void>>();

  constructor(node: SourceNode, worker: Worker) {
    this.node = node;
    this.worker = worker;
    this.remembered = new Map(Object.entries(worker.recovered?.sources[node.id] ?? {}));
  }

  /** Where the splits are now, between two polls. */
  positions(): Record<string, SplitState> {
    const positions: Record<string, SplitState> = Object.fromEntries(this.remembered);
    for (const { split, reader, from } of this.splits) {
      const position = reader === undefined ? from : reader.position();
      if (position !== undefined) positions[split.id] = { position };
    }
    return positions;
  }

  /** Nothing more is read in this run. */
  get stopped(): boolean {
    return this.stopping.signal.aborted && this.splits.length === 0;
  }

  get blocked(): boolean {
    return this.output.blocked;
  }

  /** Starts looking for splits; resolves when the first ones are known. */
  open(): Promise<void> {
    const signal = AbortSignal.any([this.worker.signal, this.stopping.signal]);
    return new Promise(resolve => {
      const enumerating = this.node.source
        .enumerate({
          operator: this.node.id,
          environment: this.worker.environment,
          signal,
          found: splits => {
            for (const split of splits) this.add(split);
            resolve();
          },
        })
        .then(
          () => {
            this.enumerated = true;
            this.checkAllFound();
            this.worker.wake();
          },
          (error: unknown) => {
            if (!signal.aborted) this.failed(error);
          },
        );
      this.watch(enumerating.finally(resolve));
    });
  }

  /** Polls each split that is ready once. Returns whether anything happened. */
  poll(): boolean {
    let progress = false;
    const turns = this.splits.length;
    for (let turn = 0; turn < turns && !this.blocked; turn++) {
      const open = this.splits[this.nextTurn++ % this.splits.length];
      if (open === undefined) break;
      if (open.ready && this.pollSplit(open)) progress = true;
    }
    const over = this.stopping.signal.aborted ? !this.suspended : this.enumerated;
    if (over && this.splits.length === 0 && !this.finished) {
      this.finish();
      progress = true;
    }
    return progress;
  }

  /** Takes nothing more in. What has been taken in and cannot be read again is still polled, then the stream ends. */
  stop(suspend: boolean): void {
    this.suspended = suspend;
    this.stopping.abort();
    for (const open of [...this.splits]) {
      if (open.reader?.drains === true) open.ready = true;
      else this.leave(open);
    }
  }

  async close(): Promise<void> {
    this.stopping.abort();
    this.cancelIdleTimer?.();
    for (const open of this.splits.splice(0)) this.closeReader(open.reader, open.split);
    // A split that was being opened is closed when it is open.
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  /** A split that the newest epoch was reading and that is not there any more would be a loss in silence. */
  private checkAllFound(): void {
    if (this.stopping.signal.aborted) return;
    const missing = [...this.remembered].filter(([, state]) => 'position' in state).map(([id]) => id);
    if (missing.length > 0)
      this.failed(new MillraceError('SPLIT_GONE', { where: this.node.id, expected: missing.join(', '), got: 'not found' }));
  }

  private add(split: Split): void {
    if (this.stopping.signal.aborted) return;
    const known = this.remembered.get(split.id);
    if (known !== undefined && 'ended' in known) return;
    this.remembered.delete(split.id);
    const from = known?.position;
    const open: OpenSplit = {
      number: this.worker.registerSplit(this.node.id, split.id),
      split,
      from,
      reader: undefined,
      ready: false,
      waitingSince: undefined,
      idle: false,
    };
    this.splits.push(open);
    this.output.signal({ kind: 'split-started', split: open.number });
    const wake = () => {
      open.ready = true;
      open.waitingSince = undefined;
      this.worker.wake();
    };
    const opening = this.node.source
      .open(
        {
          operator: this.node.id,
          environment: this.worker.environment,
          signal: AbortSignal.any([this.worker.signal, this.stopping.signal]),
          split,
          wake: () => {
            if (open.reader !== undefined) wake();
          },
          reject: (reason, message, bytes, position, value) =>
            this.worker.rejects.fromSource(this.node.id, reason, message, bytes, { split: open.number, position }, value),
        },
        from,
      )
      .then(
        reader => {
          if (this.splits.includes(open)) {
            open.reader = reader;
            wake();
          } else this.closeReader(reader, split);
        },
        (error: unknown) => {
          if (!this.stopping.signal.aborted) this.failed(error, split);
        },
      );
    this.watch(opening);
  }

  private pollSplit(open: OpenSplit): boolean {
    const { batch } = this;
    batch.clear();
    batch.split = open.number;
    let polled: 'more' | 'wait' | 'end';
    try {
      polled = open.reader!.poll(batch);
    } catch (error) {
      this.failed(error, open.split);
      return false;
    }
    if (batch.length > 0) {
      open.idle = false;
      this.output.send(batch);
    }
    if (polled === 'wait') this.wait(open);
    else if (polled === 'end') this.end(open);
    // A reader that has more is asked again, also when nothing came of what it has read.
    return batch.length > 0 || polled !== 'wait';
  }

  private wait(open: OpenSplit): void {
    open.ready = false;
    open.waitingSince = this.worker.environment.clock.now();
    this.armIdleTimer();
  }

  private end(open: OpenSplit): void {
    // A connection never comes again; remembering those that are over would grow without bound.
    if (open.reader?.drains !== true) this.remembered.set(open.split.id, { ended: true });
    this.closeSplit(open);
    this.output.signal({ kind: 'split-ended', split: open.number });
  }

  /** Closes a split that has not come to its end. One that is to be read on later still holds the watermark back. */
  private leave(open: OpenSplit): void {
    const position = open.reader === undefined ? open.from : open.reader.position();
    if (this.suspended && position !== undefined) this.remembered.set(open.split.id, { position });
    this.closeSplit(open);
    if (!this.suspended) this.output.signal({ kind: 'split-ended', split: open.number });
  }

  private closeSplit(open: OpenSplit): void {
    this.splits.splice(this.splits.indexOf(open), 1);
    this.closeReader(open.reader, open.split);
  }

  private closeReader(reader: SplitReader<unknown> | undefined, split: Split): void {
    if (reader !== undefined) this.watch(reader.close().catch((error: unknown) => this.failed(error, split)));
  }

  private watch(step: Promise<void>): void {
    this.underWay.add(step);
    void step.finally(() => this.underWay.delete(step));
  }

  private finish(): void {
    this.finished = true;
    this.cancelIdleTimer?.();
    this.output.signal({ kind: 'watermark', time: Infinity });
  }

  private armIdleTimer(): void {
    if (this.idleAfterMs === Infinity || this.cancelIdleTimer !== undefined) return;
    let earliest = Infinity;
    for (const { waitingSince, idle } of this.splits) if (waitingSince !== undefined && !idle) earliest = Math.min(earliest, waitingSince);
    if (earliest === Infinity) return;
    this.cancelIdleTimer = this.worker.environment.scheduler.at(earliest + this.idleAfterMs, () => {
      this.cancelIdleTimer = undefined;
      this.markIdle();
      this.armIdleTimer();
    });
  }

  private markIdle(): void {
    const now = this.worker.environment.clock.now();
    for (const open of this.splits) {
      if (open.waitingSince === undefined || open.idle || now - open.waitingSince < this.idleAfterMs) continue;
      open.idle = true;
      this.worker.soon(() => this.output.signal({ kind: 'split-idle', split: open.number }));
    }
  }

  private failed(error: unknown, split?: Split): void {
    const where = split === undefined ? this.node.id : `${this.node.id}, split ${split.id}`;
    this.worker.fail(error instanceof MillraceError ? error : new MillraceError('SOURCE_FAILED', { where, cause: error }));
  }
}
