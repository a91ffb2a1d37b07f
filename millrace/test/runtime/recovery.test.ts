import { expect, test } from 'vitest';
import { fromArray } from '../../src/connectors/memory/index.ts';
import { count, type Job, type JobResult, type Pipeline, pipeline, sum, tumbling } from '../../src/index.ts';
import { Job as RunningJob } from '../../src/runtime/job.ts';
import type { Sink, Source } from '../../src/spi/index.ts';
import { MemoryEpochStore } from '../../src/state/memory-epoch-store.ts';
import { VirtualTime } from '../../src/testing/index.ts';
import { TestSink } from '../../src/testing/test-sink.ts';
import { TestSource } from '../../src/testing/test-source.ts';

const blank = { connector: 'test', description: '', accepts: ['append'], open: () => Promise.reject(new Error('not to be opened')) } as const;

/** A target that survives crashes. */
function target(): TestSink {
  return new TestSink(blank satisfies Sink<never>);
}

/** A source that is fed by hand and read again after a crash. */
function fed<T>(splits: readonly string[] = ['0']): { source: Source<T>; feed: TestSource } {
  const feed = new TestSource(fromArray<unknown>([]), splits);
  return { source: feed as Source<unknown> as Source<T>, feed };
}

/** Runs a pipeline with epochs again and again, on virtual time. */
class Runs {
  private readonly time = new VirtualTime();
  private readonly store = new MemoryEpochStore();
  private readonly pipeline: Pipeline;
  private job: Job | undefined;

  constructor(p: Pipeline) {
    this.pipeline = p;
  }

  async start(): Promise<void> {
    this.job = new RunningJob(this.pipeline.plan(), this.time, { open: async () => this.store, intervalMs: 1000, maxRestarts: 0 });
    await this.settle();
  }

  async epoch(): Promise<void> {
    this.time.moveTo(this.time.clock.now() + 1000);
    await this.settle();
  }

  async crash(): Promise<void> {
    this.job!.abort();
    await this.job!.done;
    await this.start();
  }

  stop(): Promise<JobResult> {
    return this.job!.stop();
  }

  /** Waits for the end; fails when it does not come. */
  async end(): Promise<JobResult['outcome']> {
    await this.settle();
    const pending = Symbol('pending');
    const result = await Promise.race([this.job!.done, new Promise<typeof pending>(resolve => setImmediate(() => resolve(pending)))]);
    if (result === pending) throw new Error('the job has not ended');
    return (result as JobResult).outcome;
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await this.time.scheduler.turn();
  }
}

test('a branch whose input had ended before a crash is over after it', async () => {
  const [ended, open] = [target(), target()];
  const { source, feed } = fed<number>();
  const p = pipeline('branches');
  p.from(fromArray([1, 2, 3]))
    .keyBy(() => 'all')
    .aggregate({ n: count() })
    .to(ended);
  p.from(source).to(open);
  const runs = new Runs(p);
  await runs.start();
  feed.feed('0', [4], undefined);
  await runs.epoch();
  await runs.crash();
  feed.finish();
  expect(await runs.end()).toBe('finished');
  expect(ended.received.map(({ value }) => value)).toEqual([1, 2, 3].map(n => ({ key: 'all', n })));
  expect(open.received.map(({ value }) => value)).toEqual([4]);
});

test('calls that are under way when the input has ended are made again after a crash, and then the job ends', async () => {
  const sink = target();
  const answers: (() => void)[] = [];
  const p = pipeline('calls');
  p.from(fromArray([1, 2]))
    .mapAsync(n => new Promise<number>(resolve => answers.push(() => resolve(n * 10))))
    .to(sink);
  const runs = new Runs(p);
  await runs.start();
  await runs.epoch();
  await runs.crash();
  expect(answers).toHaveLength(4);
  for (const answer of answers) answer();
  expect(await runs.end()).toBe('finished');
  expect(sink.received.map(({ value }) => value)).toEqual([10, 20]);
});

test('a join goes on after a crash although only one of its inputs has news', async () => {
  const sink = target();
  const [left, right] = [fed<number>(), fed<number>()];
  const p = pipeline('join');
  const keyed = (source: Source<number>) =>
    p
      .from(source)
      .eventTime(n => n)
      .keyBy(() => 'all');
  keyed(left.source)
    .coGroup(keyed(right.source))
    .window(tumbling(10))
    .apply((_, window, l, r) => [{ end: window.end, left: [...l], right: [...r] }])
    .to(sink);
  const runs = new Runs(p);
  await runs.start();
  left.feed.feed('0', [1, 100], undefined);
  right.feed.feed('0', [2], undefined);
  await runs.settle();
  await runs.epoch();
  await runs.crash();
  right.feed.feed('0', [50], undefined);
  await runs.settle();
  await runs.epoch();
  expect(sink.received.map(({ value }) => value)).toEqual([{ end: 10, left: [1], right: [2] }]);
});

test('a stop that keeps the state does not let the time of a slow split be passed', async () => {
  const sink = target();
  const { source, feed } = fed<number>(['slow', 'fast']);
  const p = pipeline('splits');
  p.from(source)
    .eventTime(n => n)
    .keyBy(() => 'all')
    .window(tumbling(10))
    .aggregate({ total: sum((n: number) => n) })
    .map(({ window, total }) => ({ end: window.end, total }))
    .to(sink);
  const runs = new Runs(p);
  await runs.start();
  feed.feed('slow', [1], undefined);
  feed.feed('fast', [2, 100], undefined);
  await runs.settle();
  expect((await runs.stop()).outcome).toBe('suspended');
  expect(sink.received).toEqual([]);
  await runs.start();
  feed.feed('slow', [3], undefined);
  feed.finish();
  expect(await runs.end()).toBe('finished');
  expect(sink.received.map(({ value }) => value)).toEqual([
    { end: 10, total: 6 },
    { end: 110, total: 100 },
  ]);
});
