import type { Environment } from '../base/environment.ts';
import type { Plan } from '../plan/graph.ts';
import type { EpochStore } from '../spi/epoch-store.ts';
import { HeapStateBackend } from '../state/heap.ts';
import { LoggedStateBackend } from '../state/logged-state.ts';
import { decodeControl } from './control.ts';
import { type JobMetrics, noMetrics, readMetrics } from './metrics.ts';
import { type Outcome, type Recovered, Worker } from './worker.ts';

/** Pause before the first restart, in milliseconds; it doubles with each further one. */
const RESTART_BACKOFF_MS = 500;
const MAX_RESTART_BACKOFF_MS = 60_000;

export interface JobState {
  /** Opens what keeps the epochs; called once. */
  open(): Promise<EpochStore>;
  /** Time from one barrier to the next, in milliseconds. */
  readonly intervalMs: number;
  /** How often in a row a failed run is started again from its newest epoch. A run that committed an epoch begins a new row. */
  readonly maxRestarts: number;
}

/** A pipeline that runs. */
export class Job {
  /** Settles when the job has ended; rejects with the error that stopped it. */
  readonly done: Promise<JobResult>;
  private readonly plan: Plan;
  private readonly environment: Environment;
  private readonly startedAt: number;
  private worker: Worker | undefined;
  private restarts = 0;
  private ending: 'stop' | 'abort' | undefined;
  private endPause: (() => void) | undefined;
  private idleCallback: (() => void) | undefined;

  /** @param state where epochs are kept; absent: the state lives on the heap and is gone with the process */
  constructor(plan: Plan, environment: Environment, state?: JobState) {
    this.plan = plan;
    this.environment = environment;
    this.startedAt = environment.clock.elapsed();
    this.done = (
      state === undefined ? this.startWorker(new Worker(plan, environment, new HeapStateBackend())) : this.runWithEpochs(state)
    ).then(outcome => this.result(outcome));
    // Whoever started the job may look at `done` later or only at its metrics.
    this.done.catch(() => {});
  }

  /**
   * Reads no further and lets what has been read run through. Without state what is open fires and the job ends; with state it is kept, and the next run goes on from here. Resolves when all is
   * written.
   */
  stop(): Promise<JobResult> {
    this.ending ??= 'stop';
    this.worker?.drain();
    this.endPause?.();
    return this.done;
  }

  /** Ends at once: what is under way is given up. */
  abort(): void {
    this.ending = 'abort';
    this.worker?.abort();
    this.endPause?.();
  }

  metrics(): JobMetrics {
    const elapsedMs = this.environment.clock.elapsed() - this.startedAt;
    return this.worker === undefined ? noMetrics(this.plan, elapsedMs) : readMetrics(this.plan, this.worker, elapsedMs, this.restarts);
  }

  /** Raises the watermark of a source from outside, as if all records up to the time had come; for tests on virtual time. */
  raiseWatermark(source: string, timeMs: number): void {
    this.worker?.soon(() => {
      for (const { node, output } of this.worker!.drivers.sources) {
        if (node.id === source) output.signal({ kind: 'watermark', time: timeMs });
      }
    });
  }

  /** Called each time nothing is left to do until input, a call or a timer comes; for tests on virtual time. */
  set onIdle(callback: () => void) {
    this.idleCallback = callback;
    if (this.worker !== undefined) this.worker.onIdle = callback;
  }

  private startWorker(worker: Worker): Promise<Outcome> {
    this.worker = worker;
    worker.onIdle = this.idleCallback;
    return worker.run();
  }

  /** Runs from the newest epoch, and again from the then newest after a failure. */
  private async runWithEpochs({ open, intervalMs, maxRestarts }: JobState): Promise<Outcome> {
    const store = await open();
    try {
      for (let failures = 0; ; ) {
        const outcome = await this.runFromNewest(store, intervalMs);
        if (outcome.kind !== 'failed') return outcome;
        if (this.worker!.committed > 0) failures = 0;
        // What fails before it has achieved anything will most likely fail again; the user should know at once.
        if (++failures > maxRestarts || (this.worker!.committed === 0 && this.restarts === 0)) return outcome;
        await this.pause(Math.min(RESTART_BACKOFF_MS * 2 ** (failures - 1), MAX_RESTART_BACKOFF_MS));
        if (this.ending !== undefined) return this.ending === 'abort' ? { kind: 'aborted' } : { kind: 'suspended' };
        this.restarts++;
      }
    } finally {
      await store.close();
    }
  }

  private runFromNewest(store: EpochStore, intervalMs: number): Promise<Outcome> {
    const state = new LoggedStateBackend();
    const newest = store.newest();
    let recovered: Recovered | undefined;
    if (newest !== undefined) {
      recovered = {
        epoch: newest.number,
        control: decodeControl(newest.control, this.plan.pipeline, store.location),
        pending: newest.pending,
      };
      state.restore(store.segments());
    }
    const running = this.startWorker(new Worker(this.plan, this.environment, state, { store, state, intervalMs }, recovered));
    if (this.ending === 'stop') this.worker!.drain();
    if (this.ending === 'abort') this.worker!.abort();
    return running;
  }

  private pause(ms: number): Promise<void> {
    const { clock, scheduler } = this.environment;
    return new Promise(resolve => {
      const cancel = scheduler.at(clock.now() + ms, resolve);
      this.endPause = () => {
        cancel();
        resolve();
      };
    });
  }

  private result(outcome: Outcome): JobResult {
    if (outcome.kind === 'failed') throw outcome.error;
    return { outcome: outcome.kind, metrics: this.metrics() };
  }
}

export interface JobResult {
  /**
   * `finished`: all input was processed, or `stop` was called on a job without state. `suspended`: `stop` was called, and the state waits for the next run. `aborted`: `abort` was
   * called.
   */
  readonly outcome: 'finished' | 'suspended' | 'aborted';
  readonly metrics: JobMetrics;
}
