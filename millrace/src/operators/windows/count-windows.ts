import type { Key } from '../../base/key.ts';
import type { OperatorContext, OperatorTask, ProcessRecord } from '../../spi/operator.ts';
import type { KeySpace } from '../../spi/state.ts';
import type { CountAssigner, TimeWindow } from '../../spi/window.ts';
import { greatestCommonDivisor } from '../../windows/greatest-common-divisor.ts';
import { Emission } from './emission.ts';
import type { AddRecord, WindowFunction } from './window-function.ts';

/** What a key has counted up to. */
interface Counted<A> {
  /** Accumulators of `partSize` records each, oldest first; the last may be filling. */
  parts: A[];
  /** Records in the last part. */
  filled: number;
  /** Records since the last result. */
  sinceResult: number;
  /** The greatest time of any record; NaN when none had one. */
  newestMs: number;
}

/** A count window is not bounded by time. */
const ALL_TIME: TimeWindow = { start: -Infinity, end: Infinity };

/** Windows of a number of records of one key, cut into parts as long as the greatest common divisor of size and slide. */
export class CountWindowTask<A, R> implements OperatorTask {
  readonly inputs: readonly ProcessRecord[];
  private readonly fn: WindowFunction<A, R>;
  private readonly counts: KeySpace<Counted<A>>;
  private readonly emission: Emission<A, R>;
  private readonly slide: number;
  private readonly partSize: number;
  /** Parts that stay after a result. */
  private readonly keptParts: number;

  constructor(assigner: CountAssigner, fn: WindowFunction<A, R>, context: OperatorContext<R>) {
    const { size, slide } = assigner;
    this.fn = fn;
    this.counts = context.state.table<Counted<A>>('counts').space(0);
    this.emission = new Emission(fn, context);
    this.slide = slide;
    this.partSize = greatestCommonDivisor(size, slide);
    this.keptParts = (size - slide) / this.partSize;
    this.inputs = fn.inputs.map(add => (key, value, time) => this.count(add, key, value, time));
  }

  private count(add: AddRecord<A>, key: Key, value: never, time: number): void {
    const cell = this.counts.get(key);
    const counted = cell?.value ?? { parts: [], filled: this.partSize, sinceResult: 0, newestMs: NaN };
    if (counted.filled === this.partSize) {
      const part = this.fn.create();
      add(part, value, time);
      counted.parts.push(part);
      counted.filled = 1;
    } else {
      add(counted.parts.at(-1)!, value, time);
      counted.filled++;
    }
    if (!(counted.newestMs >= time)) counted.newestMs = time;
    if (++counted.sinceResult === this.slide) {
      this.fire(key, counted);
      counted.sinceResult = 0;
      counted.parts.splice(0, counted.parts.length - this.keptParts);
    }
    if (counted.parts.length === 0) this.counts.remove(key);
    else if (cell === undefined) this.counts.add(key, counted);
    else this.counts.mark(cell);
  }

  private fire(key: Key, { parts, newestMs }: Counted<A>): void {
    let accumulator: A;
    try {
      accumulator = parts.length === 1 ? parts[0]! : this.mergeParts(parts);
    } catch (error) {
      this.emission.failed(error, key, ALL_TIME, newestMs);
      return;
    }
    this.emission.fire(key, ALL_TIME, accumulator, newestMs);
    this.emission.finish();
  }

  private mergeParts(parts: readonly A[]): A {
    const merged = this.fn.create();
    for (const part of parts) this.fn.merge(merged, part);
    return merged;
  }
}
