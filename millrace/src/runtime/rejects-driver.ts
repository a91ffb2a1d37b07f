import { MillraceError } from '../base/errors.ts';
import type { Origin, Reject, RejectReason } from '../spi/reject.ts';
import { REJECT_BYTES_KEPT } from '../spi/reject.ts';
import { type Batch, NO_POSITION } from '../types/batch.ts';
import { Output } from './output.ts';
import type { SplitNames } from './split-names.ts';
import type { Worker } from './worker.ts';

/** The one way out for records that cannot go on: counts them and sends them down the reject stream. */
export class RejectsDriver {
  readonly output = new Output();
  readonly counts = new Map<RejectReason, number>();
  /** Counts of each operator that rejected. */
  readonly byOperator = new Map<string, number>();
  private readonly splits: SplitNames;
  /** Ids of the nodes that process the reject stream itself; what they reject would come round for ever. */
  private readonly downstream: ReadonlySet<string>;
  private readonly worker: Pick<Worker, 'environment' | 'fail' | 'touched'>;

  constructor(worker: Pick<Worker, 'environment' | 'fail' | 'touched'>, splits: SplitNames, downstream: ReadonlySet<string>) {
    this.worker = worker;
    this.splits = splits;
    this.downstream = downstream;
  }

  fromSource(
    operator: string,
    reason: RejectReason,
    message: string,
    bytes: Uint8Array | undefined,
    at: { split: number; position: number },
    value: unknown,
  ): void {
    this.send({
      reason,
      message,
      operator,
      origin: this.origin(at.split, at.position),
      // The bytes are a view of a buffer that is read into again.
      ...(bytes === undefined ? {} : { bytes: bytes.slice(0, REJECT_BYTES_KEPT), bytesTotal: bytes.length }),
      ...(value === undefined ? {} : { value }),
      timeMs: this.worker.environment.clock.now(),
    });
  }

  /** A record that an operator refuses; it came from the record at `index` of the batch, if there is one. */
  fromOperator(
    operator: string,
    reason: RejectReason,
    message: string,
    value: unknown,
    time: number,
    batch: Batch | undefined,
    index: number,
  ): void {
    const origin = batch === undefined ? undefined : this.origin(batch.split, batch.positions[index]!);
    this.send({
      reason,
      message,
      operator,
      ...(origin === undefined ? {} : { origin }),
      value,
      ...(Number.isFinite(time) ? { eventTimeMs: time } : {}),
      timeMs: this.worker.environment.clock.now(),
    });
  }

  private origin(split: number, position: number): Origin | undefined {
    if (split < 0 || position === NO_POSITION) return undefined;
    return { ...this.splits.get(split), position };
  }

  private send(reject: Reject): void {
    if (this.downstream.has(reject.operator)) {
      this.worker.fail(new MillraceError('REJECTS_FAILED', { where: reject.operator, got: reject.message }));
      return;
    }
    this.counts.set(reject.reason, (this.counts.get(reject.reason) ?? 0) + 1);
    this.byOperator.set(reject.operator, (this.byOperator.get(reject.operator) ?? 0) + 1);
    this.output.emit(reject, reject.timeMs);
    // A source may reject at any time, and what it has read then is behind it.
    this.worker.touched();
  }
}
