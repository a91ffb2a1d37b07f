import { MillraceError } from '../base/errors.ts';
import type { OperatorContext, OperatorTask, Collector } from '../spi/operator.ts';
import { makesWatermarks, type OperatorNode } from '../plan/graph.ts';
import { WatermarkCombiner } from '../time/watermark-combiner.ts';
import type { Cursor } from './chain.ts';
import { Output } from './output.ts';
import type { Signal } from './receiver.ts';
import type { Worker } from './worker.ts';

/** Runs one operator: hands it records, watermarks and wake-ups, and holds its input back while its output is full. */
export class OperatorDriver {
  readonly node: OperatorNode;
  readonly output = new Output();
  readonly sides = new Map<string, Output>();
  /** The record being processed, kept by the segments that lead here. */
  readonly cursor: Cursor = { batch: undefined, index: 0 };
  readonly task: OperatorTask;
  recordsIn = 0;
  /** The newest watermark that has been passed on. */
  watermarkOut = -Infinity;
  private readonly inputs = new WatermarkCombiner();
  private readonly worker: Worker;
  /** The newest watermark passed to the operator. */
  watermark = -Infinity;
  /** The watermark still to be worked through, while the output is blocked. */
  private pendingWatermark: number | undefined;
  private wakeTime = Infinity;
  private wakePending = false;
  /** The operator has not been called since it asked to be. It is, once, also when the output is blocked: what it waits for may not wait for that. */
  private wakeAsked = false;
  private cancelTimer: (() => void) | undefined;
  private idleOut = false;

  constructor(node: OperatorNode, worker: Worker) {
    this.node = node;
    this.worker = worker;
    [this.watermark, this.watermarkOut] = worker.recovered?.watermarks[node.id] ?? [-Infinity, -Infinity];
    const timed = node.inputs.map(edge => makesWatermarks(edge.from));
    for (const [input, isTimed] of timed.entries()) {
      this.inputs.add(input);
      // A stream of rules without event time must not stop the time of the stream that it is connected to.
      if (!isTimed && timed.includes(true)) this.inputs.setIdle(input);
    }
    this.task = node.operator.open(this.context());
  }

  /** All input has come and all results have been sent. */
  get finished(): boolean {
    return this.watermarkOut === Infinity;
  }

  get blocked(): boolean {
    return this.pendingWatermark !== undefined || this.wakePending || this.task.blocked === true || this.output.blocked;
  }

  /** No watermark or wake-up is being worked through. Calls that are under way are state. */
  get quiet(): boolean {
    return this.pendingWatermark === undefined && !this.wakePending;
  }

  /** Whether work waits that `resume` would go on with. */
  get waiting(): boolean {
    return this.wakeAsked || ((this.pendingWatermark !== undefined || this.wakePending) && !this.output.blocked);
  }

  sideOutput(tag: string): Output {
    let side = this.sides.get(tag);
    if (side === undefined) {
      side = new Output();
      this.sides.set(tag, side);
      this.output.addSide(side);
    }
    return side;
  }

  /** Says again how far time had come in the run that this one goes on from: those who read it combine it with their other inputs, and have forgotten. */
  restate(): void {
    if (this.watermarkOut > -Infinity) this.sendToAll({ kind: 'watermark', time: this.watermarkOut });
    // What held it back was restored and holds it back again.
    if (this.watermark > this.watermarkOut) this.pendingWatermark = this.watermark;
  }

  /** A segment has handed over all records of a batch. */
  received(_input: number, records: number): void {
    this.recordsIn += records;
    this.flush();
  }

  signal(input: number, signal: Signal): void {
    switch (signal.kind) {
      case 'watermark':
        this.inputs.setActive(input);
        this.inputs.update(input, signal.time);
        break;
      case 'idle':
        if (signal.idle) this.inputs.setIdle(input);
        else this.inputs.setActive(input);
        break;
      default:
        return;
    }
    const watermark = this.inputs.watermark;
    if (watermark > (this.pendingWatermark ?? this.watermark)) {
      this.pendingWatermark = watermark;
      this.resume();
    }
    if (this.inputs.idle !== this.idleOut) {
      this.idleOut = this.inputs.idle;
      this.sendToAll({ kind: 'idle', idle: this.idleOut });
    }
  }

  /** Goes on with a wake-up or a watermark until it is done or the output is blocked. */
  resume(): void {
    if (this.wakePending) {
      this.wakePending = false;
      this.wakeAsked = false;
      const done = this.task.wake?.(this.worker.environment.clock.now()) ?? true;
      this.flush();
      if (!done) {
        this.wakePending = true;
        return;
      }
    }
    while (this.pendingWatermark !== undefined) {
      const watermark = this.pendingWatermark;
      this.watermark = watermark;
      const advanced = this.task.advance?.(watermark) ?? 'done';
      this.flush();
      if (advanced === 'more') return;
      if (this.pendingWatermark === watermark) this.pendingWatermark = undefined;
      if (advanced === 'done') this.passOn(watermark);
    }
  }

  async close(): Promise<void> {
    this.cancelTimer?.();
    await this.task.close?.();
  }

  private passOn(watermark: number): void {
    this.watermarkOut = watermark;
    this.sendToAll({ kind: 'watermark', time: watermark });
  }

  private sendToAll(signal: Signal): void {
    this.output.signal(signal);
    for (const side of this.sides.values()) side.signal(signal);
  }

  private flush(): void {
    this.output.flush();
    for (const side of this.sides.values()) side.flush();
  }

  private wakeAt(timeMs: number): void {
    if (timeMs >= this.wakeTime || timeMs === Infinity) return;
    this.wakeTime = timeMs;
    this.cancelTimer?.();
    this.cancelTimer = this.worker.environment.scheduler.at(timeMs, () => {
      this.wakeTime = Infinity;
      this.wakeSoon();
    });
  }

  private wakeSoon(): void {
    this.wakePending = true;
    this.wakeAsked = true;
    this.worker.wake();
  }

  private context(): OperatorContext<unknown> {
    const driver = this;
    const { worker, node } = this;
    return {
      id: node.id,
      environment: worker.environment,
      state: worker.state.operator(node.id),
      output: this.output,
      side: (tag): Collector<unknown> => this.sideOutput(tag),
      get watermark() {
        return driver.watermark;
      },
      wakeAt: timeMs => driver.wakeAt(timeMs),
      wakeSoon: () => driver.wakeSoon(),
      emitWatermark: watermark => driver.passOn(watermark),
      reject: (reason, message, value, time) =>
        worker.rejects.fromOperator(node.id, reason, message, value, time, driver.cursor.batch, driver.cursor.index),
      fail: error =>
        worker.fail(error instanceof MillraceError ? error : new MillraceError('OPERATOR_FAILED', { where: node.id, cause: error })),
      signal: worker.signal,
    };
  }
}
