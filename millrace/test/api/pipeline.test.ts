import { describe, expect, expectTypeOf, test } from 'vitest';
import { fromArray, toArray } from '../../src/connectors/memory/index.ts';
import { count, max, mean, pipeline, sideTag, type Stream, sum, tumbling, valueState, broadcastState, session } from '../../src/index.ts';
import type { Reject } from '../../src/spi/reject.ts';

interface Reading {
  sensor: string;
  at: number;
  value: number;
}

const readings: Reading[] = [
  { sensor: 'a', at: 0, value: 1 },
  { sensor: 'b', at: 1000, value: 10 },
  { sensor: 'a', at: 4000, value: 3 },
  { sensor: 'a', at: 6000, value: 5 },
  { sensor: 'b', at: 11_000, value: 20 },
];

describe('pipeline', () => {
  test('a keyed window from source to sink', async () => {
    const out: unknown[] = [];
    const p = pipeline('sensors');
    p.from(fromArray(readings))
      .eventTime(r => r.at, { outOfOrderness: '1s' })
      .filter(r => r.value < 15)
      .keyBy('sensor')
      .window(tumbling('5s'))
      .aggregate({ n: count(), mean: mean(r => r.value), worst: max(r => r.value) })
      .to(toArray(out));
    const result = await p.run();
    expect(out).toEqual([
      { key: 'a', window: { start: 0, end: 5000 }, n: 2, mean: 2, worst: 3 },
      { key: 'b', window: { start: 0, end: 5000 }, n: 1, mean: 10, worst: 10 },
      { key: 'a', window: { start: 5000, end: 10_000 }, n: 1, mean: 5, worst: 5 },
    ]);
    expect(result.outcome).toBe('finished');
    expect(result.metrics).toMatchObject({ recordsIn: 5, recordsOut: 3, rejected: {}, watermarkMs: Infinity });
  });

  test('can be run again', async () => {
    const out: number[] = [];
    const p = pipeline('twice');
    p.from(fromArray([1, 2]))
      .map(n => n * 2)
      .to(toArray(out));
    await p.run();
    await p.run();
    expect(out).toEqual([2, 4, 2, 4]);
  });

  test('is started once at a time, and needs a sink', async () => {
    const p = pipeline('one');
    p.from(fromArray([1])).to(toArray([]));
    const job = p.start();
    expect(() => p.start()).toThrow(/PIPELINE_RUNNING/);
    await job.done;
    const q = pipeline('none');
    q.from(fromArray([1]));
    expect(() => q.plan()).toThrow(/PLAN_NO_SINK/);
  });

  test('event-time windows without event time are refused where they are written', () => {
    const p = pipeline('timeless');
    const keyed = p.from(fromArray(readings)).keyBy('sensor');
    expect(() => keyed.window(tumbling('5s'))).toThrow(/PLAN_NO_EVENT_TIME/);
    expect(() => keyed.window(tumbling('5s', { time: 'processing' }))).not.toThrow();
    expect(() => keyed.intervalJoin(keyed)).toThrow(/PLAN_NO_EVENT_TIME/);
  });

  test('rejects have origin, reason and value, and nothing else is lost', async () => {
    const out: unknown[] = [];
    const rejects: Reject[] = [];
    const p = pipeline('poison');
    p.rejects.to(toArray(rejects));
    p.from(fromArray([1, 2, 3, 4, 5]))
      .map(n => {
        if (n === 2) throw new Error('two is bad');
        return { n, key: n === 4 ? (null as unknown as string) : 'k' };
      })
      .keyBy(r => r.key)
      .aggregate({ total: sum(r => (r.n === 3 ? Number.NaN : r.n)) })
      .to(toArray(out));
    await p.run();
    expect(out).toEqual([
      { key: 'k', total: 1 },
      { key: 'k', total: 6 },
    ]);
    expect(rejects.map(({ reason, origin, operator }) => [reason, origin?.position, operator])).toEqual([
      ['failed', 1, 'array/map'],
      ['failed', 2, 'array/aggregate'],
      ['key', 3, 'array/aggregate'],
    ]);
    expect(rejects[0]).toMatchObject({ message: 'two is bad', value: 2, origin: { source: 'array', split: expect.any(String) } });
  });

  test('a failing reject stream stops the pipeline instead of going round', async () => {
    const p = pipeline('round');
    p.rejects
      .map(() => {
        throw new Error('no');
      })
      .to(toArray<never>([]));
    p.from(fromArray([1]))
      .map(() => {
        throw new Error('first');
      })
      .to(toArray<never>([]));
    await expect(p.run()).rejects.toThrow(/REJECTS_FAILED/);
  });

  test('ids are paths in which stateless stages do not count', () => {
    const build = (withFilter: boolean) => {
      const p = pipeline('ids');
      let stream = p.from(fromArray(readings)).eventTime(r => r.at);
      if (withFilter) stream = stream.filter(r => r.value > 0);
      const windows = stream.keyBy('sensor').window(tumbling('5s')).aggregate({ n: count() });
      windows
        .keyBy('key')
        .reduce(a => a)
        .name('latest')
        .to(toArray([]));
      windows.to(toArray([]));
      return p
        .plan()
        .nodes.filter(node => node.type !== 'stage')
        .map(node => node.id);
    };
    expect(build(false)).toEqual(build(true));
    expect(build(false)).toEqual(['array', 'array/window', 'latest', 'latest/to-array', 'array/window/to-array']);
  });

  test('names are used once', () => {
    const p = pipeline('names');
    p.from(fromArray([1]))
      .name('numbers')
      .to(toArray([]), { name: 'out' });
    expect(() => p.from(fromArray([1])).name('numbers')).toThrow(/NAME_INVALID/);
    expect(() => pipeline('a b')).toThrow(/NAME_INVALID/);
    expect(p.plan().nodes.map(n => n.id)).toEqual(['numbers', 'out']);
  });

  test('union, split, side outputs, process, connect and broadcast', async () => {
    const loud = sideTag<string>('loud');
    const p = pipeline('all');
    const numbers = p.from(fromArray([1, 2, 3]));
    const more = p.from(fromArray([10, 20]));
    const both = numbers.union(more);
    const { small, rest } = both.split({ small: n => n < 10 });
    const smalls: number[] = [];
    const rests: number[] = [];
    small.to(toArray(smalls));
    rest.to(toArray(rests));

    const processed = both
      .keyBy(n => n % 2 === 0)
      .process({
        state: { seen: valueState<number>('seen', { default: 0 }) },
        *onRecord(n, ctx) {
          ctx.state.seen.set(ctx.state.seen.get() + 1);
          if (n > 5) ctx.output(loud, `${n}!`);
          yield { even: ctx.key, seen: ctx.state.seen.get() };
        },
      });
    const seen: { even: boolean; seen: number }[] = [];
    const louds: string[] = [];
    processed.to(toArray(seen));
    processed.sideOutput(loud).to(toArray(louds));

    const limits = p.from(fromArray([{ name: 'max', limit: 5 }]));
    const limited: number[] = [];
    numbers
      .connect(limits.broadcast())
      .process({
        broadcastState: { limits: broadcastState<string, number>('limits') },
        *onRecord(n, ctx) {
          if (n <= (ctx.broadcastState.limits.get('max') ?? Infinity)) yield n;
        },
        onBroadcast(rule, ctx) {
          ctx.broadcastState.limits.set(rule.name, rule.limit);
        },
      })
      .to(toArray(limited));
    await p.run();
    expect(smalls.sort((a, b) => a - b)).toEqual([1, 2, 3]);
    expect(rests).toEqual([10, 20]);
    expect(louds).toEqual(['10!', '20!']);
    expect(seen.filter(s => s.even).map(s => s.seen)).toEqual([1, 2, 3]);
    expect(limited).toEqual([1, 2, 3]);
  });

  test('joins', async () => {
    const p = pipeline('joins');
    const left = p
      .from(
        fromArray([
          { id: 'x', at: 0, l: 1 },
          { id: 'y', at: 50, l: 2 },
        ]),
      )
      .eventTime(r => r.at)
      .keyBy('id');
    const right = p
      .from(
        fromArray([
          { k: 'x', at: 5, r: 'a' },
          { k: 'x', at: 500, r: 'b' },
        ]),
      )
      .eventTime(r => r.at)
      .keyBy('k');
    const interval: unknown[] = [];
    const windowed: unknown[] = [];
    const grouped: unknown[] = [];
    left
      .intervalJoin(right)
      .between('-10ms', '10ms')
      .join((l, r) => [l.l, r.r])
      .to(toArray(interval));
    left
      .join(right)
      .window(tumbling('1s'))
      .apply((l, r) => [l.l, r.r])
      .to(toArray(windowed));
    left
      .coGroup(right)
      .window(session('1s'))
      .apply((key, _window, l, r) => [[key, [...l].length, [...r].length]])
      .to(toArray(grouped));
    await p.run();
    expect(interval).toEqual([[1, 'a']]);
    expect(windowed).toEqual([
      [1, 'a'],
      [1, 'b'],
    ]);
    expect(grouped).toEqual([
      ['y', 1, 0],
      ['x', 1, 2],
    ]);
  });

  test('for await reads a stream, and leaving the loop stops the pipeline', async () => {
    const p = pipeline('loop');
    const seen: number[] = [];
    for await (const n of p.from(fromArray([1, 2, 3])).map(n => n + 1)) seen.push(n);
    expect(seen).toEqual([2, 3, 4]);

    const q = pipeline('endless');
    for await (const n of q.from(fromArray(Array.from({ length: 100_000 }, (_, i) => i)))) if (n === 5) break;

    const r = pipeline('broken');
    const read = async () => {
      for await (const _ of r
        .from(fromArray([1]))
        .to({ connector: 'bad', description: '', accepts: ['append'], open: () => Promise.reject(new Error('shut')) })) {
        // Nothing comes.
      }
    };
    await expect(read()).rejects.toThrow(/SINK_FAILED|shut/);
  });

  test('types flow from source to sink', () => {
    const p = pipeline('types');
    const stream = p.from(fromArray(readings));
    const windows = stream
      .eventTime(r => r.at)
      .keyBy(r => r.sensor)
      .window(tumbling('1s'))
      .aggregate({ n: count(), worst: max(r => r.value) });
    expectTypeOf(windows).toEqualTypeOf<Stream<{ key: string; window: { start: number; end: number } } & { n: number; worst: number }>>();
    // @ts-expect-error no such field
    stream.keyBy('nothing');
    // @ts-expect-error no such field
    stream.map(r => r.nothing);
    // @ts-expect-error null is no key
    stream.keyBy(() => null);
    // @ts-expect-error the sink takes text
    stream.to(toArray<string>([]));
    expectTypeOf(stream.keyBy(r => [r.sensor, r.at]).aggregate({ n: count() })).toEqualTypeOf<
      Stream<{ key: readonly [string, number] } & { n: number }>
    >();
    expectTypeOf(p.from(fromArray<string | number>([])).filter(v => typeof v === 'string')).toEqualTypeOf<Stream<string>>();
  });
});
