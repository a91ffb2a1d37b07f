import type { EpochStore, PendingOutput, Segment } from '../spi/epoch-store.ts';
import type { StateBackend } from '../spi/state.ts';
import { allOf } from './all-of.ts';
import type { Control } from './control.ts';
import { encodeControl } from './control.ts';
import type { Worker } from './worker.ts';

/** State that knows what has changed. */
export interface EpochState extends StateBackend {
  /** Encodes what has changed since the last call. */
  collect(epoch: number): { segments: readonly Segment[]; superseded: readonly { operator: string; table: string; before: number }[] };
}

export interface EpochSettings {
  readonly store: EpochStore;
  readonly state: EpochState;
  /** Time from one barrier to the next in milliseconds; longer when a commit takes longer. */
  readonly intervalMs: number;
}

/**
 * Cuts the work into epochs. At a barrier no record is between two operators and no sink is busy, so that positions, state and prepared output
 * belong together. What was cut is then committed and published while the work goes on; one epoch is under way at a time.
 *
 * (The protocol is that of Carbone et al., "Lightweight asynchronous snapshots for distributed dataflows", 2015, in one worker, where the barrier passes the graph at once; sinks commit in
 * two phases.)
 */
export class EpochCoordinator {
  private readonly worker: Worker;
  private readonly settings: EpochSettings;
  /** The newest epoch that was committed. */
  private number: number;
  private first: number;
  private due = false;
  private underWay: Promise<void> | undefined;
  private cancelTimer: (() => void) | undefined;
  /** Whether anything has happened since the last barrier. */
  private active = false;
  private stopped = false;

  constructor(worker: Worker, settings: EpochSettings, newest: number) {
    this.worker = worker;
    this.settings = settings;
    this.number = newest;
    this.first = newest;
  }

  /** Begins with an epoch if there is none yet, so that what sinks leave over at a crash is known to be theirs from the first record on. */
  async start(): Promise<void> {
    if (this.number === 0) await this.cut(false);
    this.first = this.number;
    this.scheduleNext();
  }

  /** Whether sources are to be held back, so that what is between the operators can run through. */
  get aligning(): boolean {
    return this.due && this.active;
  }

  /** Tells that there is something to commit. */
  touched(): void {
    this.active = true;
  }

  /** Called by the loop between batches: cuts when a barrier is due and nothing is on its way. */
  tick(): void {
    if (!this.aligning || this.underWay !== undefined || !this.worker.quiet) return;
    this.due = false;
    this.underWay = this.cut(false).finally(() => {
      this.underWay = undefined;
      this.scheduleNext();
    });
    this.underWay.catch((error: unknown) => this.worker.fail(error));
  }

  /** Commits and publishes all that has been done, as the last epoch of this run. */
  async finish(finished: boolean): Promise<void> {
    this.stop();
    await this.underWay;
    await this.cut(finished);
  }

  /** Resolves when no commit is under way any more, however it went. */
  async settled(): Promise<void> {
    await this.underWay?.catch(() => {});
  }

  /** Epochs committed in this run. */
  get committed(): number {
    return this.number - this.first;
  }

  stop(): void {
    this.stopped = true;
    this.cancelTimer?.();
  }

  private async cut(finished: boolean): Promise<void> {
    const { worker } = this;
    const { store, state } = this.settings;
    const epoch = this.number + 1;
    this.active = false;
    const control: Control = { ...worker.control(), finished };
    const sinks = worker.drivers.sinks.filter(sink => sink.commits);
    const [prepared, { segments, superseded }] = await allOf([
      allOf(sinks.map(sink => sink.prepare(epoch, finished))),
      collected(state, epoch),
      // Results that a sink delivers at least once must have arrived before the epoch that made them is over.
      allOf(worker.drivers.sinks.map(sink => (sink.commits ? undefined : sink.settle()))),
    ]);
    if (worker.signal.aborted) return;
    const pending: PendingOutput[] = sinks.map(({ node }, i) => ({ sink: node.id, ...prepared[i]! }));
    await store.commit({
      number: epoch,
      timeMs: worker.environment.clock.now(),
      segments,
      superseded,
      control: encodeControl(control),
      pending,
    });
    this.number = epoch;
    await allOf(sinks.map((sink, i) => sink.publish(epoch, prepared[i]!)));
  }

  private scheduleNext(): void {
    if (this.stopped) return;
    const { clock, scheduler } = this.worker.environment;
    this.cancelTimer = scheduler.at(clock.now() + this.settings.intervalMs, () => {
      this.due = true;
      this.worker.wake();
    });
  }
}

/** Async only so that what it throws is waited for with the rest. It is done at once, as the state goes on changing. */
async function collected(state: EpochState, epoch: number): Promise<ReturnType<EpochState['collect']>> {
  return state.collect(epoch);
}
