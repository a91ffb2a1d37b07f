import type { Epoch, EpochStore, Segment, StoredEpoch } from '../spi/epoch-store.ts';

/** Keeps epochs in memory; for tests. */
export class MemoryEpochStore implements EpochStore {
  readonly location = 'memory';
  private epoch: StoredEpoch | undefined;
  private kept: { readonly epoch: number; readonly segment: Segment }[] = [];

  newest(): StoredEpoch | undefined {
    return this.epoch;
  }

  *segments(): Iterable<Segment> {
    for (const { segment } of this.kept) yield segment;
  }

  async commit(epoch: Epoch): Promise<void> {
    const { number, timeMs, control, pending, segments, superseded } = epoch;
    this.kept.push(...segments.map(segment => ({ epoch: number, segment })));
    for (const { operator, table, before } of superseded) {
      this.kept = this.kept.filter(k => k.epoch >= before || k.segment.operator !== operator || k.segment.table !== table);
    }
    this.epoch = { number, timeMs, control, pending };
  }

  async close(): Promise<void> {}
}
