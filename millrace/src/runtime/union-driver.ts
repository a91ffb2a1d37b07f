import { WatermarkCombiner } from '../time/watermark-combiner.ts';
import type { Batch } from '../types/batch.ts';
import { Output } from './output.ts';
import type { Receiver, Signal } from './receiver.ts';

/** Several streams as one: records as they come, the watermark the minimum over the inputs that are not idle. */
export class UnionDriver implements Receiver {
  readonly output = new Output();
  private readonly inputs = new WatermarkCombiner();
  private watermark = -Infinity;
  private idle = false;

  constructor(inputs: number) {
    for (let input = 0; input < inputs; input++) this.inputs.add(input);
  }

  receive(batch: Batch): void {
    this.output.send(batch);
  }

  signal(channel: number, signal: Signal): void {
    if (signal.kind === 'watermark') {
      this.inputs.setActive(channel);
      this.inputs.update(channel, signal.time);
    } else if (signal.kind === 'idle') {
      if (signal.idle) this.inputs.setIdle(channel);
      else this.inputs.setActive(channel);
    } else {
      this.output.signal(signal);
      return;
    }
    if (this.inputs.watermark > this.watermark) {
      this.watermark = this.inputs.watermark;
      this.output.signal({ kind: 'watermark', time: this.watermark });
    }
    if (this.inputs.idle !== this.idle) {
      this.idle = this.inputs.idle;
      this.output.signal({ kind: 'idle', idle: this.idle });
    }
  }

  get blocked(): boolean {
    return this.output.blocked;
  }
}
