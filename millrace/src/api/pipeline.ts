import { type Duration, durationMs } from '../base/duration.ts';
import type { Environment } from '../base/environment.ts';
import { MillraceError } from '../base/errors.ts';
import { systemEnvironment } from '../base/system.ts';
import { rejectLog } from '../connectors/rejects/index.ts';
import { PlanBuilder } from '../plan/builder.ts';
import type { Plan } from '../plan/graph.ts';
import { withRejectSink } from '../plan/reject-sink.ts';
import { Job, type JobResult, type JobState } from '../runtime/job.ts';
import type { Reject } from '../spi/reject.ts';
import type { Sink } from '../spi/sink.ts';
import type { Source } from '../spi/source.ts';
import { openLmdbEpochStore } from '../state/lmdb/lmdb-epoch-store.ts';
import { Stream } from './stream.ts';

export interface RunOptions {
  /**
   * Where rejected records go when the program does not read `pipeline.rejects` itself. Default: lines of JSON appended to
   * `<name of the pipeline>.rejects.jsonl` in the working directory, which is made when the first record is rejected.
   */
  rejects?: Sink<Reject>;
  /**
   * Directory that keeps state and positions, so that a run goes on where the one before it stopped or was killed, and no result is lost or doubled. It belongs to this pipeline alone and is
   * made when it is not there. Default: state lives in memory and is gone with the process.
   */
  state?: string;
  /** Key that the state is encrypted with: 32 bytes as base64 or hex. Default: it is not encrypted. */
  stateKey?: string;
  /** Time between two commits of state and results. Shorter: results are seen sooner; longer: less is written. Default `'1s'`, at least `'50ms'`. */
  epochInterval?: Duration;
  /** How often in a row a run that failed is started again from what was committed last. Only with `state`. Default 10. */
  maxRestarts?: number;
  /** Clock, timers and randomness. Default: the machine's. */
  environment?: Environment;
}

/**
 * A stream processing program: sources, what becomes of their records, and sinks. Nothing runs until `run` or `start`.
 *
 * @example
 * const p = pipeline('flight-delays');
 * p.from(fromArray([1, 2, 3])).filter(n => n > 1).to(print());
 * await p.run();
 */
export class Pipeline {
  readonly name: string;
  private readonly builder: PlanBuilder;
  private rejectStream: Stream<Reject> | undefined;
  private job: Job | undefined;

  constructor(name: string) {
    this.name = name;
    this.builder = new PlanBuilder(name);
  }

  /** The records of a source. */
  from<T>(source: Source<T>): Stream<T> {
    const from = this.builder.add({ type: 'source', source }, []);
    return new Stream<T>(this, this.builder, { from, exchange: { kind: 'forward' } });
  }

  /** Every record that could not be processed, from all sources and operators: undecodable, invalid, late and failed ones. */
  get rejects(): Stream<Reject> {
    this.rejectStream ??= new Stream<Reject>(this, this.builder, {
      from: this.builder.add({ type: 'rejects' }, []),
      exchange: { kind: 'forward' },
    });
    return this.rejectStream;
  }

  /**
   * What will run.
   *
   * @throws MillraceError `PLAN_NO_SINK`, `PLAN_SINK_MODE`
   */
  plan(): Plan {
    return this.builder.build();
  }

  /**
   * Starts the pipeline and returns at once; `done` of the job tells how it ended. A pipeline can be started again when its job has ended.
   *
   * @throws MillraceError `PIPELINE_RUNNING` while an earlier job of it runs, and those of `plan`
   */
  start(options: RunOptions = {}): Job {
    if (this.job !== undefined) throw new MillraceError('PIPELINE_RUNNING', { where: `pipeline '${this.name}'` });
    const plan = withRejectSink(this.plan(), options.rejects ?? rejectLog(`${this.name}.rejects.jsonl`));
    const job = new Job(plan, options.environment ?? systemEnvironment, jobState(options));
    this.job = job;
    const ended = () => {
      this.job = undefined;
    };
    job.done.then(ended, ended);
    return job;
  }

  /** Starts the pipeline and resolves when it has ended: when all input was processed or the job was stopped. */
  run(options: RunOptions = {}): Promise<JobResult> {
    return this.start(options).done;
  }
}

/**
 * A new pipeline.
 *
 * @param name appears in plans, metrics, messages and the names of files; letters, digits, dots, dashes and underscores
 * @throws MillraceError `NAME_INVALID`
 */
export function pipeline(name: string): Pipeline {
  if (!/^[\w.-]+$/.test(name)) throw new MillraceError('NAME_INVALID', { where: 'pipeline', got: `'${name}'` });
  return new Pipeline(name);
}

/** Epochs shorter than this would cost more than they bring. */
const MIN_EPOCH_MS = 50;

function jobState({ state, stateKey, epochInterval = '1s', maxRestarts = 10 }: RunOptions): JobState | undefined {
  if (state === undefined) return undefined;
  const intervalMs = durationMs(epochInterval, 'epochInterval');
  if (intervalMs < MIN_EPOCH_MS) {
    throw new MillraceError('OPTION_INVALID', { where: 'epochInterval', expected: `at least ${MIN_EPOCH_MS}ms`, got: `${intervalMs}ms` });
  }
  return { open: () => openLmdbEpochStore(state, stateKey === undefined ? {} : { key: stateKey }), intervalMs, maxRestarts };
}
