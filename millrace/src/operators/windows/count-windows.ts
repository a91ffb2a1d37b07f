import type { Key } from '../../base/key.ts';
import type { OperatorContext, OperatorTask, ProcessRecord } from '../../spi/operator.ts';
import type { KeySpace } from '../../spi/state.ts';
import type { CountAssigner, TimeWindow } from '../../spi/window.ts';
import { greatestCommonDivisor } from '../../windows/greatest-common-divisor.ts';
import { Emission } from './emission.ts';
import { newestTime } from './newest-time.ts';
import type { AddRecord, WindowFunction } from './window-function.ts';

/** Some of the records of a window, in the order of arrival. */
interface Part<A> {
  contents: A;
  /** The greatest time of its records; NaN when none had one. */
  newestMs: number;
}

/** What a key has counted up to. */
interface Counted<A> {
  /** Parts of `partSize` records each, oldest first; the last may be filling. */
  parts: Part<A>[];
  /** Records in the last part. */
  filled: number;
  /** Records since the last result. */
  sinceResult: number;
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
    const counted = cell?.value ?? { parts: [], filled: this.partSize, sinceResult: 0 };
    const part = counted.filled === this.partSize ? { contents: this.fn.create(), newestMs: NaN } : counted.parts.at(-1)!;
    add(part.contents, value, time);
    part.newestMs = newestTime(part.newestMs, time);
    if (counted.filled === this.partSize) {
      counted.parts.push(part);
      counted.filled = 0;
    }
    counted.filled++;
    if (++counted.sinceResult === this.slide) {
      this.fire(key, counted.parts);
      counted.sinceResult = 0;
      counted.parts.splice(0, counted.parts.length - this.keptParts);
    }
    if (counted.parts.length === 0) this.counts.remove(key);
    else if (cell === undefined) this.counts.add(key, counted);
    else this.counts.mark(cell);
  }

  private fire(key: Key, parts: readonly Part<A>[]): void {
    let newestMs = NaN;
    for (const part of parts) newestMs = newestTime(newestMs, part.newestMs);
    let contents: A;
    try {
      contents = parts.length === 1 ? parts[0]!.contents : this.merge(parts);
    } catch (error) {
      this.emission.failed(error, key, ALL_TIME, newestMs);
      return;
    }
    this.emission.fire(key, ALL_TIME, contents, newestMs);
    this.emission.finish();
  }

  private merge(parts: readonly Part<A>[]): A {
    const merged = this.fn.create();
    for (const part of parts) this.fn.merge(merged, part.contents);
    return merged;
  }
}
