import type { Epoch, EpochStore, Segment, StoredEpoch } from '../spi/epoch-store.ts';

/** A step of a commit, at which a test may let it fail or its program crash. */
export type CommitStep = 'before' | 'after';

/**
 * Keeps epochs in memory; for tests. What is kept is a copy, as a store on a disk has it. It may be used again after `close`, as a directory may.
 *
 * @example
 * const store = new MemoryEpochStore((step, epoch) => {
 *   if (step === 'after' && epoch === 3) throw new Error('the disk is gone');
 * });
 */
export class MemoryEpochStore implements EpochStore {
  readonly location = 'memory';
  private readonly onStep: ((step: CommitStep, epoch: number) => void | Promise<void>) | undefined;
  private epoch: StoredEpoch | undefined;
  private kept: { readonly epoch: number; readonly segment: Segment }[] = [];
  private committing = false;

  /** @param onStep called before an epoch is kept and after; what it throws, the commit throws */
  constructor(onStep?: (step: CommitStep, epoch: number) => void | Promise<void>) {
    this.onStep = onStep;
  }

  newest(): StoredEpoch | undefined {
    return this.epoch && copyOf(this.epoch);
  }

  *segments(): IterableIterator<Segment> {
    // What is committed meanwhile is not seen.
    for (const { segment } of [...this.kept]) yield segment;
  }

  async commit(epoch: Epoch): Promise<void> {
    const { number, segments, superseded } = epoch;
    if (this.committing) throw new Error('an epoch is committed while another is');
    const newest = this.epoch?.number ?? 0;
    if (number !== newest + 1) throw new Error(`epoch ${number} does not follow epoch ${newest}`);
    this.committing = true;
    try {
      await this.onStep?.('before', number);
      const added = segments.map(({ operator, table, bytes }) => ({
        epoch: number,
        segment: { operator, table, bytes: Uint8Array.from(bytes) },
      }));
      this.kept = [...this.kept, ...added].filter(
        ({ epoch, segment }) => !superseded.some(s => s.operator === segment.operator && s.table === segment.table && epoch < s.before),
      );
      this.epoch = copyOf(epoch);
      await this.onStep?.('after', number);
    } finally {
      this.committing = false;
    }
  }

  async close(): Promise<void> {}
}

/** Control and the like go through JSON, so that what is no JSON is found out. */
function copyOf({ number, timeMs, control, pending }: StoredEpoch): StoredEpoch {
  return {
    number,
    timeMs,
    control: copyOfJson(control),
    pending: pending.map(({ sink, data, bytes }) => ({ sink, data: copyOfJson(data), ...(bytes && { bytes: Uint8Array.from(bytes) }) })),
  };
}

function copyOfJson<T>(json: T): T {
  return JSON.parse(JSON.stringify(json)) as T;
}
