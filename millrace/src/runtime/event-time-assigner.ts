import type { Environment } from '../base/environment.ts';
import { formatDuration } from '../base/duration.ts';
import { WatermarkCombiner } from '../time/watermark-combiner.ts';
import type { WatermarkGenerator, WatermarkStrategy } from '../time/watermarks.ts';
import type { Batch } from '../types/batch.ts';
import type { Signal } from './receiver.ts';

/** Says that a record was taken out because of its time. */
export type RefuseTime = (message: string, value: unknown, time: number, batch: Batch, index: number) => void;

/**
 * Assigns event time within a chain and makes the watermark: a generator for each split, combined by minimum over the splits that are not idle.
 * The calls for one batch are `begin`, then `observed` with the largest time (bounded strategies) or `onEvent` for each
 * record and `batchEnded`.
 */
export class EventTimeAssigner {
  /** Whether the largest time of a batch says all, so that the loop need not call for each record. */
  readonly bounded: boolean;
  private readonly boundMs: number;
  private readonly combiner = new WatermarkCombiner();
  private readonly generators = new Map<number, WatermarkGenerator<never>>();
  private readonly strategy: WatermarkStrategy<never>;
  private readonly maxAheadMs: number;
  private readonly environment: Environment;
  private readonly refuseTime: RefuseTime;
  private split = -1;
  private generator: WatermarkGenerator<never> | undefined;
  /** The newest watermark that was sent downstream. */
  sent: number;
  private sentIdle = false;

  constructor(strategy: WatermarkStrategy<never>, maxAheadMs: number, environment: Environment, sent: number, refuseTime: RefuseTime) {
    this.strategy = strategy;
    this.bounded = strategy.kind === 'bounded';
    this.boundMs = strategy.kind === 'bounded' ? strategy.boundMs : 0;
    this.maxAheadMs = maxAheadMs;
    this.environment = environment;
    this.sent = sent;
    this.refuseTime = refuseTime;
  }

  /** The latest time that is taken. */
  newestAccepted(): number {
    return this.environment.clock.now() + this.maxAheadMs;
  }

  toMillis(time: unknown): number {
    return time instanceof Date ? time.getTime() : Number.NaN;
  }

  refuse(time: number, value: unknown, batch: Batch, index: number): void {
    const message = Number.isFinite(time)
      ? `event time ${time} is more than ${formatDuration(this.maxAheadMs)} ahead of the clock`
      : 'the event time is not a number of milliseconds or a valid Date';
    this.refuseTime(message, value, time, batch, index);
  }

  begin(split: number): void {
    if (split !== this.split || this.generator === undefined) {
      this.split = split;
      let generator = this.generators.get(split);
      if (generator === undefined) generator = this.start(split);
      this.generator = generator;
    }
    this.combiner.setActive(split);
  }

  observed(newest: number): void {
    if (newest > -Infinity) this.combiner.update(this.split, newest - this.boundMs - 1);
  }

  onEvent(value: never, time: number): void {
    this.generator!.onEvent(value, time);
  }

  batchEnded(): void {
    this.combiner.update(this.split, this.generator!.onBatchEnd());
  }

  /**
   * Takes a signal from upstream. Returns whether the chain passes it on. The end of all input is; other watermarks are of a source and count as those of every split. Records are of splits
   * behind it too, where event time may be assigned again.
   */
  takes(signal: Signal): boolean {
    switch (signal.kind) {
      case 'watermark':
        if (signal.time === Infinity) return true;
        for (const split of this.generators.keys()) this.combiner.update(split, signal.time);
        return false;
      case 'split-started':
        this.start(signal.split);
        return true;
      case 'split-idle':
        this.combiner.setIdle(signal.split);
        return true;
      case 'split-ended':
        this.combiner.end(signal.split);
        this.generators.delete(signal.split);
        if (this.split === signal.split) this.generator = undefined;
        return true;
      case 'idle':
        // Records of an operator have no split and are counted as one.
        if (signal.idle && this.generators.has(-1)) this.combiner.setIdle(-1);
        return false;
    }
  }

  /** What has become of the watermark since the last call, to be sent downstream. */
  *news(): IterableIterator<Signal> {
    const idle = this.combiner.idle;
    if (idle !== this.sentIdle) {
      this.sentIdle = idle;
      yield { kind: 'idle', idle };
    }
    const time = this.combiner.watermark;
    // Infinity means that every split known so far has ended; whether more will come only the source knows.
    if (time > this.sent && time < Infinity) {
      this.sent = time;
      yield { kind: 'watermark', time };
    }
  }

  private start(split: number): WatermarkGenerator<never> {
    const generator = this.strategy.generator();
    this.generators.set(split, generator);
    this.combiner.add(split);
    return generator;
  }
}
