interface Input {
  watermark: number;
  idle: boolean;
}

/**
 * The watermark of several inputs (splits, upstreams) as one: the minimum over those that are not idle. It never goes back, neither when
 * an input is added late nor when an idle one comes back behind it. While all that have not ended are idle it stays. (Flink's rule:
 * CombinedWatermarkStatus.)
 *
 * An input ends in one of two ways. Raised to Infinity it stands for "no more records" and the combined watermark is Infinity once all
 * inputs are; an idle one may come back, so that it holds Infinity off. `end` takes an input out and says nothing of the others: without
 * any input the watermark stays, since whether more will come only the owner knows.
 */
export class WatermarkCombiner {
  private readonly inputs = new Map<number, Input>();
  private combined = -Infinity;
  private allIdle = false;

  get watermark(): number {
    return this.combined;
  }

  /** Whether there are inputs that may bring records and all of them are idle. */
  get idle(): boolean {
    return this.allIdle;
  }

  /** An input that has no watermark yet, and so holds the combined one where it is. */
  add(input: number): void {
    if (this.inputs.has(input)) return;
    this.inputs.set(input, { watermark: -Infinity, idle: false });
    this.allIdle = false;
  }

  /** Raises an input's watermark; a lower one than before changes nothing. */
  update(input: number, watermark: number): void {
    const at = this.inputs.get(input);
    if (at === undefined || !(watermark > at.watermark)) return;
    const before = at.watermark;
    at.watermark = watermark;
    // An input that was ahead of the combined watermark did not hold it back, unless the end of this input is what counts.
    if (before > this.combined && watermark < Infinity) return;
    this.combine();
  }

  setIdle(input: number): void {
    const at = this.inputs.get(input);
    if (at === undefined || at.idle) return;
    at.idle = true;
    this.combine();
  }

  setActive(input: number): void {
    const at = this.inputs.get(input);
    if (at === undefined || !at.idle) return;
    at.idle = false;
    this.combine();
  }

  /** Takes an input out. */
  end(input: number): void {
    if (this.inputs.delete(input)) this.combine();
  }

  private combine(): void {
    let lowest = Infinity;
    let active = 0;
    let idle = 0;
    for (const { watermark, idle: isIdle } of this.inputs.values()) {
      if (watermark === Infinity) continue;
      if (isIdle) idle++;
      else {
        active++;
        if (watermark < lowest) lowest = watermark;
      }
    }
    this.allIdle = active === 0 && idle > 0;
    const counts = active > 0 || (idle === 0 && this.inputs.size > 0);
    if (counts && lowest > this.combined) this.combined = lowest;
  }
}
