import { type Duration, durationMs } from '../base/duration.ts';
import { MillraceError } from '../base/errors.ts';
import type { Pipeline } from '../api/pipeline.ts';
import type { Plan } from '../plan/graph.ts';
import { MemoryEpochStore } from '../state/memory-epoch-store.ts';
import { rejectLog } from '../connectors/rejects/index.ts';
import { replaceEnds } from '../plan/replace-ends.ts';
import { withRejectSink } from '../plan/reject-sink.ts';
import { Job, type JobState } from '../runtime/job.ts';
import type { JobMetrics } from '../runtime/metrics.ts';
import type { Reject } from '../spi/reject.ts';
import { type Received, TestSink } from './test-sink.ts';
import { TestSource } from './test-source.ts';
import { DEFAULT_START_MS, VirtualTime } from './virtual-time.ts';

export interface TestOptions {
  /** Processing time at the start, epoch milliseconds. Default: 2030-01-01T00:00:00Z. */
  startTimeMs?: number;
  /**
   * Keeps epochs in memory, so that `crash` can be called: a barrier at this interval of processing time. Results are then seen when their epoch has been committed. Default: no
   * epochs.
   */
  epochInterval?: Duration;
  /** Seed of all randomness. Default 1. */
  seed?: number;
  /** The splits that each source has from the start, by the source's id or name. Default: one, named `'0'`. */
  splits?: Readonly<Record<string, readonly string[]>>;
}

/** So many turns of the event loop without work mean that the pipeline has nothing left to do. */
const QUIET_TURNS = 3;

/**
 * Runs a pipeline in a test: its sources are fed by the test, its sinks are read by the test, and time stands still unless it is moved.
 * Nothing of the outside is touched, so that a program is tested as it is.
 *
 * @example
 * const t = await testPipeline(p);
 * await t.source<Order>('orders').feed({ id: 1, at: 0 }, { id: 2, at: 61_000 });
 * expect(t.sink('totals').records).toEqual([{ key: 'a', total: 1 }]);
 * await t.finish();
 */
export async function testPipeline(pipeline: Pipeline, options: TestOptions = {}): Promise<PipelineTest> {
  const test = new PipelineTest(pipeline, options);
  await test.settle();
  return test;
}

/** A pipeline under test. All methods that move it resolve when nothing is left to do, and throw the error that stopped it. */
export class PipelineTest {
  private readonly time: VirtualTime;
  private readonly plan: Plan;
  private readonly state: JobState | undefined;
  private job: Job;
  private readonly sources = new Map<string, TestSource>();
  private readonly sinks = new Map<string, TestSink>();
  private rejectSink: TestSink | undefined;
  private failure: { error: unknown } | undefined;
  private ended = false;
  private asleep = false;

  /** Use `testPipeline`, which also waits until the pipeline has started. */
  constructor(pipeline: Pipeline, options: TestOptions) {
    this.time = new VirtualTime(options.startTimeMs ?? DEFAULT_START_MS, options.seed ?? 1);
    this.plan = replaceEnds(withRejectSink(pipeline.plan(), rejectLog('')), {
      source: ({ id, name, source }) => {
        const test = new TestSource(source, options.splits?.[name ?? id] ?? options.splits?.[id] ?? ['0']);
        this.sources.set(id, test);
        return test;
      },
      sink: ({ id, sink, inputs }) => {
        const test = new TestSink(sink);
        this.sinks.set(id, test);
        if (sink.connector === 'reject-log' && inputs[0]!.from.type === 'rejects') this.rejectSink = test;
        return test;
      },
    });
    if (options.epochInterval !== undefined) {
      const store = new MemoryEpochStore();
      this.state = { open: async () => store, intervalMs: durationMs(options.epochInterval, 'epochInterval'), maxRestarts: 3 };
    }
    this.job = this.start();
  }

  private start(): Job {
    const job = new Job(this.plan, this.time, this.state);
    job.onIdle = () => {
      this.asleep = true;
    };
    job.done.then(
      () => {
        if (job === this.job) this.ended = true;
      },
      (error: unknown) => {
        if (job === this.job) this.failure = { error };
      },
    );
    return job;
  }

  /**
   * Plays the death of the process and its next start: what has not been committed is forgotten, and the pipeline goes on from the newest epoch.
   */
  async crash(): Promise<void> {
    const crashed = this.job;
    crashed.abort();
    await crashed.done.catch(() => {});
    this.job = this.start();
    await this.settle();
  }

  /** The source of that name or id, to be fed. Its type is what the test says it is. */
  source<T = unknown>(id: string): SourceTest<T> {
    return new SourceTest<T>(find(this.sources, id, 'source'), this);
  }

  /** What has reached the sink of that name or id. */
  sink<T = unknown>(id: string): SinkTest<T> {
    return new SinkTest<T>(find(this.sinks, id, 'sink'), this);
  }

  /** All rejected records so far, unless the program reads the reject stream itself. */
  get rejects(): readonly Reject[] {
    return this.rejectSink?.received.map(({ value }) => value as Reject) ?? [];
  }

  /** The rejected records that were late. */
  get late(): readonly Reject[] {
    return this.rejects.filter(({ reason }) => reason === 'late');
  }

  get metrics(): JobMetrics {
    return this.job.metrics();
  }

  /** Processing time, epoch milliseconds. */
  get nowMs(): number {
    return this.time.clock.now();
  }

  /** Moves processing time forward, stopping at each timer on the way. */
  async advanceTime(by: Duration): Promise<void> {
    const untilMs = this.nowMs + durationMs(by, 'advanceTime');
    while (this.time.nextTimerMs <= untilMs) {
      this.time.moveTo(this.time.nextTimerMs);
      await this.settle();
    }
    this.time.moveTo(untilMs);
    await this.settle();
  }

  /**
   * Raises the watermark of every source to the time, as if all records up to it had come.
   *
   * @param timeMs epoch milliseconds
   */
  async advanceWatermark(timeMs: number): Promise<void> {
    for (const id of this.sources.keys()) this.job.raiseWatermark(id, timeMs);
    await this.settle();
  }

  /** Ends all sources, so that every window fires, and waits for the end of the pipeline. */
  async finish(): Promise<void> {
    for (const source of this.sources.values()) source.finish();
    await this.settle();
    // Calls under way may wait for a timer, such as a retry.
    while (!this.ended && this.time.nextTimerMs < Infinity) {
      this.time.moveTo(this.time.nextTimerMs);
      await this.settle();
    }
    await this.job.done;
  }

  /** Ends the test without letting the pipeline finish. */
  async abort(): Promise<void> {
    this.job.abort();
    await this.job.done;
  }

  /** Waits until nothing is left to do. Needed only after calls that settle outside the test's reach. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
      this.asleep = false;
      await this.time.scheduler.turn();
      if (this.asleep) quiet = 0;
    }
    if (this.failure !== undefined) throw this.failure.error;
  }
}

/** Feeds one source of a pipeline under test. */
export class SourceTest<T> {
  private readonly source: TestSource;
  private readonly test: PipelineTest;
  private readonly splitId: string;

  /** Use `PipelineTest.source`. */
  constructor(source: TestSource, test: PipelineTest, splitId = source.firstSplit) {
    this.source = source;
    this.test = test;
    this.splitId = splitId;
  }

  /** One split of the source; a new one if it has none of that name. */
  split(id: string): SourceTest<T> {
    return new SourceTest<T>(this.source, this.test, id);
  }

  /** Hands records to the split and lets them run through. */
  async feed(...records: readonly T[]): Promise<void> {
    this.source.feed(this.splitId, records, undefined);
    await this.test.settle();
  }

  /** Hands over one record with an event time of its own, for sources whose records bring their time. */
  async feedAt(timeMs: number, ...records: readonly T[]): Promise<void> {
    this.source.feed(
      this.splitId,
      records,
      records.map(() => timeMs),
    );
    await this.test.settle();
  }

  /** Ends the split. */
  async finish(): Promise<void> {
    this.source.finishSplit(this.splitId);
    await this.test.settle();
  }
}

/** Reads one sink of a pipeline under test. */
export class SinkTest<T> {
  private readonly sink: TestSink;
  private readonly test: PipelineTest;

  /** Use `PipelineTest.sink`. */
  constructor(sink: TestSink, test: PipelineTest) {
    this.sink = sink;
    this.test = test;
  }

  /** All records so far, in order. */
  get records(): readonly T[] {
    return this.sink.received.map(({ value }) => value as T);
  }

  /** All records so far with their event times. */
  get received(): readonly Received<T>[] {
    return this.sink.received as readonly Received<T>[];
  }

  /** The records since the last call, which are forgotten. */
  take(): readonly T[] {
    return this.sink.received.splice(0).map(({ value }) => value as T);
  }

  /** Makes the sink refuse to go on, as a slow target does, until `release`. */
  hold(): void {
    this.sink.hold();
  }

  async release(): Promise<void> {
    this.sink.release();
    await this.test.settle();
  }
}

function find<E>(of: ReadonlyMap<string, E>, id: string, what: string): E {
  const found = of.get(id);
  if (found !== undefined) return found;
  throw new MillraceError('TEST_UNKNOWN_NODE', {
    where: `testPipeline, ${what}`,
    expected: [...of.keys()].map(k => `'${k}'`).join(', '),
    got: `'${id}'`,
  });
}
