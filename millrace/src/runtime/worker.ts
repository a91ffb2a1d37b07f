import type { Environment } from '../base/environment.ts';
import type { Plan } from '../plan/graph.ts';
import type { PendingOutput } from '../spi/epoch-store.ts';
import type { SinkRecovery } from '../spi/sink.ts';
import type { StateBackend } from '../spi/state.ts';
import { allOf } from './all-of.ts';
import { connectDrivers, type DriverSet, type Drivers } from './connect.ts';
import type { Control } from './control.ts';
import { EpochCoordinator, type EpochSettings } from './epoch-coordinator.ts';
import type { RejectsDriver } from './rejects-driver.ts';
import { SplitNames } from './split-names.ts';

/** How long the loop may run before I/O gets a turn, in milliseconds. */
const TURN_MS = 5;

/** The epoch that a run goes on from. */
export interface Recovered {
  readonly epoch: number;
  readonly control: Control;
  readonly pending: readonly PendingOutput[];
}

/** How a run ended. */
export type Outcome =
  | { readonly kind: 'finished' }
  | { readonly kind: 'suspended' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'aborted' };

/**
 * Runs a plan in one loop: work that waits nearest to the sinks first, then the sources that nothing holds back. When nothing is left to do
 * it flushes the sinks and sleeps until something wakes it.
 */
export class Worker {
  readonly environment: Environment;
  readonly state: StateBackend;
  readonly rejects: RejectsDriver;
  readonly drivers: Drivers;
  private readonly aborting = new AbortController();
  private readonly splits = new SplitNames();
  private readonly tasks: (() => void)[] = [];
  private readonly sleepers: (() => void)[] = [];
  private awake = true;
  private failure: { error: unknown } | undefined;
  private readonly coordinator: EpochCoordinator | undefined;
  private readonly pipeline: string;
  private readonly newest: Recovered | undefined;
  private suspending = false;
  /** Called each time the loop goes to sleep. */
  onIdle: (() => void) | undefined;

  /**
   * @param epochs absent: nothing is kept, and results are published when the run ends
   * @param newest the epoch to go on from, whose state stands in `state` already
   */
  constructor(plan: Plan, environment: Environment, state: StateBackend, epochs?: EpochSettings, newest?: Recovered) {
    this.environment = environment;
    this.state = state;
    this.pipeline = plan.pipeline;
    this.newest = newest;
    if (epochs !== undefined) this.coordinator = new EpochCoordinator(this, epochs, newest?.epoch ?? 0);
    const { drivers, rejects } = connectDrivers(plan, this, this.splits);
    this.drivers = drivers;
    this.rejects = rejects;
  }

  /** What the newest epoch says of sources and watermarks. */
  get recovered(): Control | undefined {
    return this.newest?.control;
  }

  /** Whether results are committed by epochs. */
  get commits(): boolean {
    return this.coordinator !== undefined;
  }

  /** Epochs committed in this run. */
  get committed(): number {
    return this.coordinator?.committed ?? 0;
  }

  /** No record is between two operators and no sink is busy. */
  get quiet(): boolean {
    const { operators, sinks } = this.drivers;
    return this.tasks.length === 0 && operators.every(operator => operator.quiet) && sinks.every(sink => sink.quiet);
  }

  /** Where everything is at this moment, for an epoch. */
  control(): Omit<Control, 'finished'> {
    const { sources, operators, assigners } = this.drivers;
    return {
      pipeline: this.pipeline,
      sources: Object.fromEntries(sources.map(source => [source.node.id, source.positions()])),
      watermarks: Object.fromEntries(operators.map(operator => [operator.node.id, [operator.watermark, operator.watermarkOut]])),
      eventTimes: Object.fromEntries([...assigners].map(([id, { sent }]) => [id, sent])),
    };
  }

  get signal(): AbortSignal {
    return this.aborting.signal;
  }

  registerSplit(source: string, split: string): number {
    return this.splits.register(source, split);
  }

  /** Lets the loop look again. May be called from anywhere. */
  wake(): void {
    this.awake = true;
    for (const sleeper of this.sleepers.splice(0)) sleeper();
  }

  /** Tells that there is something to commit, and lets the loop look. */
  touched(): void {
    this.coordinator?.touched();
    this.wake();
  }

  /** Runs the task in the loop, between batches. */
  soon(task: () => void): void {
    this.tasks.push(task);
    this.wake();
  }

  /** Stops the run because of an error of the system. The first one counts. */
  fail(error: unknown): void {
    this.failure ??= { error };
    this.aborting.abort();
    this.wake();
  }

  /** Ends the run at once, without draining. */
  abort(): void {
    this.aborting.abort();
    this.wake();
  }

  /** Reads no further, and lets what has been read run through. With epochs the run is suspended: windows stay open in the state. */
  drain(): void {
    this.soon(() => {
      this.suspending = this.commits;
      for (const source of this.drivers.sources) source.stop(this.suspending);
    });
  }

  async run(): Promise<Outcome> {
    try {
      // Sinks first: a target that cannot be reached should be known before anything is read.
      await allOf(this.drivers.sinks.map(sink => sink.open(this.recoveryOf(sink.node.id))));
      if (this.recovered?.finished !== true) await this.process();
      if (!this.aborting.signal.aborted) await this.finish();
    } catch (error) {
      this.fail(error);
    }
    this.coordinator?.stop();
    await this.coordinator?.settled();
    if (!this.aborting.signal.aborted) return { kind: this.suspending ? 'suspended' : 'finished' };
    await this.releaseAll();
    return this.failure === undefined ? { kind: 'aborted' } : { kind: 'failed', error: this.failure.error };
  }

  private async process(): Promise<void> {
    const { timedSegments, operators } = this.drivers;
    for (const driver of [...timedSegments, ...operators]) driver.restate();
    await this.coordinator?.start();
    await Promise.all(this.drivers.sources.map(source => source.open()));
    const { main } = this.drivers;
    await this.loop(() => isFinished(main) || this.isSuspended());
    if (this.commits) {
      if (!this.suspending) await this.endRejects();
      if (!this.aborting.signal.aborted) await this.coordinator!.finish(!this.suspending);
      return;
    }
    await this.closeAll(main);
    // The reject stream ends last: closing a sink may still reject what its target refuses.
    await this.endRejects();
  }

  private async endRejects(): Promise<void> {
    this.rejects.output.signal({ kind: 'watermark', time: Infinity });
    await this.loop(() => isFinished(this.drivers.ofRejects));
  }

  private async finish(): Promise<void> {
    // Without epochs the others have been closed before the reject stream ended.
    await this.closeAll(this.commits ? this.drivers : this.drivers.ofRejects);
  }

  /** All that had been read when the run was to stop has run through. */
  private isSuspended(): boolean {
    return this.suspending && this.drivers.sources.every(source => source.stopped || source.finished) && this.quiet;
  }

  private recoveryOf(sink: string): SinkRecovery | undefined {
    const prepared = this.newest?.pending.find(pending => pending.sink === sink);
    return prepared === undefined ? undefined : { epoch: this.newest!.epoch, prepared };
  }

  /** Runs until the condition holds or the run is aborted. */
  private async loop(until: () => boolean): Promise<void> {
    const { clock, scheduler } = this.environment;
    const { sources, operators, sinks } = this.drivers;
    let turnAt = clock.elapsed() + TURN_MS;
    while (!this.aborting.signal.aborted) {
      this.awake = false;
      let progress = false;
      for (const task of this.tasks.splice(0)) {
        task();
        progress = true;
      }
      for (let i = operators.length - 1; i >= 0; i--) {
        const operator = operators[i]!;
        if (!operator.waiting) continue;
        operator.resume();
        progress = true;
      }
      if (this.coordinator?.aligning !== true) {
        for (const source of sources) {
          if (!source.blocked && !this.rejects.output.blocked && source.poll()) progress = true;
        }
      }
      if (progress) this.coordinator?.touched();
      this.rejects.output.flush();
      this.coordinator?.tick();
      if (this.aborting.signal.aborted || until()) return;
      if (!progress && !this.awake) {
        for (const sink of sinks) sink.flushIdle();
        this.onIdle?.();
        // The clock for turns runs on: a source that wakes the loop without I/O, time and again, must not keep I/O from its turn.
        await this.sleep();
      } else if (clock.elapsed() >= turnAt) {
        await scheduler.turn();
        turnAt = clock.elapsed() + TURN_MS;
      }
    }
  }

  private async closeAll(set: DriverSet): Promise<void> {
    if (this.aborting.signal.aborted) return;
    await allOf([...set.sources, ...set.operators].map(driver => driver.close()));
    const outcome = this.suspending ? 'suspended' : 'finished';
    await allOf(set.sinks.map(sink => sink.close(outcome)));
  }

  /** Lets go of everything after a failure; what goes wrong now is a consequence and not reported. */
  private async releaseAll(): Promise<void> {
    const { sources, operators, sinks } = this.drivers;
    await Promise.allSettled([...sources, ...operators].map(driver => driver.close()));
    await Promise.allSettled(sinks.map(sink => sink.close('failed')));
  }

  private sleep(): Promise<void> {
    return this.awake ? Promise.resolve() : new Promise(resolve => this.sleepers.push(resolve));
  }
}

function isFinished({ sources, operators, sinks }: DriverSet): boolean {
  return sources.every(s => s.finished) && operators.every(o => o.finished) && sinks.every(s => s.finished);
}
