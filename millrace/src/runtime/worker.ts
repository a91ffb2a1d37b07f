import type { Environment } from '../base/environment.ts';
import type { Plan } from '../plan/graph.ts';
import type { StateBackend } from '../spi/state.ts';
import { connectDrivers, type DriverSet, type Drivers } from './connect.ts';
import type { RejectsDriver } from './rejects-driver.ts';
import { SplitNames } from './split-names.ts';

/** How long the loop may run before I/O gets a turn, in milliseconds. */
const TURN_MS = 5;

/** How a run ended. */
export type Outcome = { readonly kind: 'finished' } | { readonly kind: 'failed'; readonly error: unknown } | { readonly kind: 'aborted' };

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
  /** Called each time the loop goes to sleep. */
  onIdle: (() => void) | undefined;

  constructor(plan: Plan, environment: Environment, state: StateBackend) {
    this.environment = environment;
    this.state = state;
    const { drivers, rejects } = connectDrivers(plan, this, this.splits);
    this.drivers = drivers;
    this.rejects = rejects;
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

  /** Reads no further, and lets what has been read run through. */
  drain(): void {
    this.soon(() => {
      for (const source of this.drivers.sources) source.stop();
    });
  }

  async run(): Promise<Outcome> {
    try {
      // Sinks first: a target that cannot be reached should be known before anything is read.
      await Promise.all(this.drivers.sinks.map(sink => sink.open()));
      await Promise.all(this.drivers.sources.map(source => source.open()));
      await this.loop(this.drivers.main);
      await this.closeAll(this.drivers.main);
      // The reject stream ends last: closing a sink may still reject what its target refuses.
      this.rejects.output.signal({ kind: 'watermark', time: Infinity });
      await this.loop(this.drivers.ofRejects);
      await this.closeAll(this.drivers.ofRejects);
    } catch (error) {
      this.fail(error);
    }
    if (!this.aborting.signal.aborted) return { kind: 'finished' };
    await this.releaseAll();
    return this.failure === undefined ? { kind: 'aborted' } : { kind: 'failed', error: this.failure.error };
  }

  /** Runs until all of the given drivers have finished, or the run is aborted. */
  private async loop(until: DriverSet): Promise<void> {
    const { clock, scheduler } = this.environment;
    const { sources, operators, sinks } = this.drivers;
    let turnAt = clock.elapsed() + TURN_MS;
    for (;;) {
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
      for (const source of sources) {
        if (!source.blocked && !this.rejects.output.blocked && source.poll()) progress = true;
      }
      this.rejects.output.flush();
      if (this.aborting.signal.aborted || isFinished(until)) return;
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
    await Promise.all([...set.sources, ...set.operators].map(driver => driver.close()));
    await Promise.all(set.sinks.map(sink => sink.close('finished')));
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
