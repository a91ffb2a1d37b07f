import type { Environment } from '../base/environment.ts';
import { MillraceError } from '../base/errors.ts';
import { everyMs } from '../base/system.ts';
import type { Plan } from '../plan/graph.ts';
import type { Job } from '../runtime/job.ts';
import { isBrokenPipe } from './broken-pipe.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { FigureReader, heldBackBy } from './figures.ts';
import type { RunOutcome, RunReport, StopSignal } from './run-report.ts';

/** Copies of one signal come within this time: npm sends Ctrl-C on to a program that has had it from the terminal already. */
const ONE_SIGNAL_MS = 200;
/** After an abort, sinks have so long to let go of what they hold. */
const RELEASE_MS = 1_000;

interface End {
  readonly outcome: RunOutcome;
  readonly error?: unknown;
}

/** Sees a job through to its end: reports its progress, drains it on a signal, and notices when it can never end. */
export class RunningJob {
  private readonly job: Job;
  private readonly plan: Plan;
  private readonly report: RunReport;
  private readonly environment: Environment;
  private readonly figures: FigureReader;
  private readonly ended = Promise.withResolvers<End>();
  private stopping = false;
  private over = false;
  private readerGone = false;
  private lastSignal: { readonly signal: StopSignal; readonly atMs: number } | undefined;
  /** The signal that ended the job at once. */
  private abortedBy: StopSignal | undefined;
  /** What the program threw outside the engine's reach. */
  private failure: { readonly error: unknown } | undefined;

  constructor(job: Job, plan: Plan, report: RunReport, environment: Environment) {
    this.job = job;
    this.plan = plan;
    this.report = report;
    this.environment = environment;
    this.figures = new FigureReader(plan, job, environment);
  }

  /** Resolves with the exit code when the job has ended and that has been reported. */
  async untilEnd(rejectLog: string | undefined): Promise<ExitCode> {
    const { job, report, figures } = this;
    const stopProgress = report.periodMs === undefined ? undefined : everyMs(report.periodMs, () => report.progress(figures.read()));
    const stopListening = this.listen();
    job.done.then(
      ({ outcome }) => this.ended.resolve({ outcome: outcome === 'finished' && this.stopping ? 'drained' : outcome }),
      (error: unknown) => this.ended.resolve({ outcome: 'failed', error }),
    );
    const end = this.judge(await this.ended.promise);
    stopProgress?.();
    this.over = true;
    stopListening();
    report.end({
      ...end,
      error: end.error,
      readerGone: this.readerGone,
      figures: figures.read(),
      rejectLog,
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    });
    return this.exitCode(end);
  }

  private judge(end: End): End {
    if (this.failure !== undefined) return { outcome: 'failed', error: this.failure.error };
    // A sink that writes to stdout may take it for a failure that nobody reads on.
    if (this.readerGone && end.outcome === 'failed' && isBrokenPipe(end.error)) return { outcome: 'drained' };
    return end;
  }

  private exitCode({ outcome }: End): ExitCode {
    if (outcome === 'failed') return exitCodes.failed;
    if (outcome === 'aborted') return this.abortedBy === 'SIGTERM' ? exitCodes.terminated : exitCodes.interrupted;
    return exitCodes.done;
  }

  private listen(): () => void {
    const onSigint = () => this.onSignal('SIGINT');
    const onSigterm = () => this.onSignal('SIGTERM');
    const onOutputError = (error: Error) => {
      if (!isBrokenPipe(error)) return;
      this.readerGone = true;
      this.stop();
    };
    const onUncaught = (error: unknown) => this.fail(error);
    const onBeforeExit = () => this.ended.resolve({ outcome: 'failed', error: this.stuck() });
    process.on('SIGINT', onSigint);
    process.on('SIGTERM', onSigterm);
    process.on('uncaughtException', onUncaught);
    process.on('beforeExit', onBeforeExit);
    process.stdout.on('error', onOutputError);
    return () => {
      // The signals stay: a copy that comes while the process ends must not end it by force.
      process.off('uncaughtException', onUncaught);
      process.off('beforeExit', onBeforeExit);
      process.stdout.off('error', onOutputError);
    };
  }

  private onSignal(signal: StopSignal): void {
    if (this.over) return;
    const atMs = this.environment.clock.elapsed();
    const last = this.lastSignal;
    this.lastSignal = { signal, atMs };
    if (last === undefined) {
      this.report.draining(signal);
      this.stop();
    } else if (last.signal !== signal || atMs - last.atMs >= ONE_SIGNAL_MS) {
      this.abortedBy = signal;
      this.abort({ outcome: 'aborted' });
    }
  }

  private stop(): void {
    if (this.stopping) return;
    this.stopping = true;
    // How it ends is told by `done`.
    this.job.stop().catch(() => {});
  }

  private fail(error: unknown): void {
    this.failure ??= { error };
    this.abort({ outcome: 'failed', error });
  }

  private abort(end: End): void {
    this.job.abort();
    const { clock, scheduler } = this.environment;
    scheduler.at(clock.now() + RELEASE_MS, () => this.ended.resolve(end));
  }

  /** Nothing that could wake the job is left in the process: no timer, no file, no connection. */
  private stuck(): MillraceError {
    const metrics = this.job.metrics();
    const unfinished = metrics.nodes.filter(node => node.watermarkMs < Infinity).map(node => node.id);
    const [at] = [...heldBackBy(this.plan, metrics), ...unfinished];
    return new MillraceError('PIPELINE_STUCK', {
      where: `pipeline '${this.plan.pipeline}'${at === undefined ? '' : `, ${at}`}`,
      got: 'no timer, file or connection is left that could bring anything',
    });
  }
}
