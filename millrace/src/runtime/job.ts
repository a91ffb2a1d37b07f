import type { Environment } from '../base/environment.ts';
import type { Plan } from '../plan/graph.ts';
import type { StateBackend } from '../spi/state.ts';
import { type JobMetrics, readMetrics } from './metrics.ts';
import { type Outcome, Worker } from './worker.ts';

/** A pipeline that runs. */
export class Job {
  /** Settles when the job has ended; rejects with the error that stopped it. */
  readonly done: Promise<JobResult>;
  private readonly plan: Plan;
  private readonly worker: Worker;
  private readonly environment: Environment;
  private readonly startedAt: number;

  constructor(plan: Plan, environment: Environment, state: StateBackend) {
    this.plan = plan;
    this.environment = environment;
    this.worker = new Worker(plan, environment, state);
    this.startedAt = environment.clock.elapsed();
    this.done = this.worker.run().then(outcome => this.result(outcome));
    // Whoever started the job may look at `done` later or only at its metrics.
    this.done.catch(() => {});
  }

  /**
   * Reads no further, lets what has been read run through, fires what is open and ends. Resolves when all is written.
   */
  stop(): Promise<JobResult> {
    this.worker.drain();
    return this.done;
  }

  /** Ends at once: what is under way is given up. */
  abort(): void {
    this.worker.abort();
  }

  metrics(): JobMetrics {
    return readMetrics(this.plan, this.worker, this.environment.clock.elapsed() - this.startedAt);
  }

  /** Raises the watermark of a source from outside, as if all records up to the time had come; for tests on virtual time. */
  raiseWatermark(source: string, timeMs: number): void {
    this.worker.soon(() => {
      for (const { node, output } of this.worker.drivers.sources) {
        if (node.id === source) output.signal({ kind: 'watermark', time: timeMs });
      }
    });
  }

  /** Called each time nothing is left to do until input, a call or a timer comes; for tests on virtual time. */
  set onIdle(callback: () => void) {
    this.worker.onIdle = callback;
  }

  private result(outcome: Outcome): JobResult {
    if (outcome.kind === 'failed') throw outcome.error;
    return { outcome: outcome.kind, metrics: this.metrics() };
  }
}

export interface JobResult {
  /** `finished`: all input was processed, or `stop` was called. `aborted`: `abort` was called. */
  readonly outcome: 'finished' | 'aborted';
  readonly metrics: JobMetrics;
}
