import { expect, test } from 'vitest';
import { fromArray } from '../../src/connectors/memory/index.ts';
import { count, type Job, type JobResult, type Pipeline, pipeline, sum, tumbling } from '../../src/index.ts';
import { Job as RunningJob } from '../../src/runtime/job.ts';
import type { Batch, Polled, ReaderContext, Sink, Source } from '../../src/spi/index.ts';
import { MemoryEpochStore } from '../../src/state/memory-epoch-store.ts';
import { VirtualTime } from '../../src/testing/index.ts';
import { TestSink } from '../../src/testing/test-sink.ts';
import { TestSource } from '../../src/testing/test-source.ts';

const blank = {
  connector: 'test',
  description: '',
  accepts: ['append'],
  open: () => Promise.reject(new Error('not to be opened')),
} as const;

/** A target that survives crashes. */
function target(): TestSink {
  return new TestSink(blank satisfies Sink<never>);
}

/** A source that is fed by hand and read again after a crash. */
function fed<T>(splits: readonly string[] = ['0']): { source: Source<T>; feed: TestSource } {
  const feed = new TestSource(fromArray<unknown>([]), splits);
  return { source: feed, feed };
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
    return result.outcome;
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

test('a sink is not closed while it is being opened, prepared or published because another one failed', async () => {
  for (const failing of ['open', 'prepare', 'publish'] as const) {
    const underWay = new Set<string>();
    const closedWhile: string[] = [];
    let closed = 0;
    const failed: Sink<number> = {
      ...blank,
      async open() {
        if (failing === 'open') throw new Error('the target is gone');
        return {
          write() {},
          flush() {},
          async prepare() {
            if (failing === 'prepare') throw new Error('the target is gone');
            return { data: null };
          },
          async publish() {
            throw new Error('the target is gone');
          },
          async close() {},
        };
      },
    };
    const slowly = async <R>(what: string, result: R): Promise<R> => {
      underWay.add(what);
      for (let turn = 0; turn < 3; turn++) await new Promise(resolve => setImmediate(resolve));
      underWay.delete(what);
      return result;
    };
    const slow: Sink<number> = {
      ...blank,
      open: () =>
        slowly('open', {
          write() {},
          flush() {},
          prepare: () => slowly('prepare', { data: null }),
          publish: () => slowly('publish', undefined),
          async close() {
            closed++;
            closedWhile.push(...underWay);
          },
        }),
    };
    const p = pipeline('two-sinks');
    p.from(fromArray([1]))
      .to(failed)
      .to(slow);
    const runs = new Runs(p);
    await runs.start();
    await expect(runs.end()).rejects.toThrow('SINK_FAILED');
    expect(closedWhile).toEqual([]);
    expect(closed).toBe(1);
  }
});

/** A source with one split that is read by the given function,. */
function polled(poll: (batch: Batch<number>, context: ReaderContext) => Polled): Source<number> {
  let position = 0;
  return {
    ...blank,
    bounded: true,
    async enumerate({ found }) {
      found([{ id: '0' }]);
    },
    async open(context) {
      return {
        poll(batch) {
          position++;
          return poll(batch, context);
        },
        position: () => position,
        async close() {},
      };
    },
  };
}

test('a source that has nothing for now and says that it has more is asked again', async () => {
  let polls = 0;
  const sink = target();
  const p = pipeline('skipping');
  p.from(
    polled(batch => {
      if (++polls < 5) return 'more';
      batch.push(1, Number.NaN, 0);
      return 'end';
    }),
  ).to(sink);
  const runs = new Runs(p);
  await runs.start();
  expect(await runs.end()).toBe('finished');
  expect(sink.received).toHaveLength(1);
});

test('a record that its source rejects is committed although no other comes', async () => {
  const rejects = target();
  let polls = 0;
  const p = pipeline('rejecting');
  p.rejects.to(rejects);
  p.from(
    polled((_, { reject }) => {
      if (++polls === 1) reject('undecodable', 'not a number', undefined, 0, 'x');
      return 'wait';
    }),
  ).to(target());
  const runs = new Runs(p);
  await runs.start();
  await runs.epoch();
  expect(rejects.received.map(({ value }) => value)).toMatchObject([{ reason: 'undecodable' }]);
});

test('a job has ended when nothing of its sources is under way any more', async () => {
  const log: string[] = [];
  const slowly = async <R>(what: string, result: R): Promise<R> => {
    for (let turn = 0; turn < 3; turn++) await new Promise(resolve => setImmediate(resolve));
    log.push(what);
    return result;
  };
  const slow: Source<number> = {
    ...blank,
    bounded: false,
    async enumerate({ found, signal }) {
      found([{ id: '0' }]);
      await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()));
      await slowly('enumerated', undefined);
    },
    open: () => slowly('opened', { poll: () => 'wait', position: () => 0, close: () => slowly('closed', undefined) } as const),
  };
  for (const ending of ['stop', 'crash'] as const) {
    const p = pipeline('slow');
    p.from(slow).to(target());
    const job = new RunningJob(p.plan(), new VirtualTime(), { open: async () => new MemoryEpochStore(), intervalMs: 1000, maxRestarts: 0 });
    // The split has been found and is being opened.
    for (let turn = 0; turn < 2; turn++) await new Promise(resolve => setImmediate(resolve));
    if (ending === 'stop') await job.stop();
    else job.abort();
    await job.done;
    expect(log.splice(0).toSorted()).toEqual(['closed', 'enumerated', 'opened']);
  }
});

test('a job that is aborted before its state is open reads nothing', async () => {
  let polls = 0;
  let open = () => {};
  const opened = new Promise<void>(resolve => {
    open = resolve;
  });
  const p = pipeline('aborted');
  p.from(
    polled(() => {
      polls++;
      return 'wait';
    }),
  ).to(target());
  const store = () => opened.then(() => new MemoryEpochStore());
  const job = new RunningJob(p.plan(), new VirtualTime(), { open: store, intervalMs: 1000, maxRestarts: 0 });
  job.abort();
  open();
  expect((await job.done).outcome).toBe('aborted');
  expect(polls).toBe(0);
});
