import { describe, expect, test } from 'vitest';
import { callback, fromArray } from '../../src/connectors/memory/index.ts';
import { broadcastState, count, pipeline, tumbling, valueState } from '../../src/index.ts';
import { testPipeline } from '../../src/testing/index.ts';

describe('watermarks', () => {
  test('records that bring their time need eventTime, but no function', async () => {
    const p = pipeline('timestamped');
    const source = p.from(fromArray<string>([], { timestamps: () => 0 }));
    expect(() => source.keyBy(r => r).window(tumbling('1s'))).toThrow(/PLAN_NO_EVENT_TIME/);
    source
      .eventTime({ outOfOrderness: '1s' })
      .keyBy(r => r)
      .window(tumbling('1s'))
      .aggregate({ n: count() })
      .to(
        callback(() => {}),
        { name: 'out' },
      );
    const t = await testPipeline(p);
    await t.source<string>('array').feedAt(0, 'a', 'a');
    await t.source<string>('array').feedAt(2000, 'a');
    expect(t.sink('out').records).toEqual([{ key: 'a', window: { start: 0, end: 1000 }, n: 2 }]);
    await t.abort();
  });

  test('a function is needed where records do not bring their time', () => {
    expect(() =>
      pipeline('untimed')
        .from(fromArray([1]))
        .eventTime({}),
    ).toThrow(/PLAN_NO_EVENT_TIME[\s\S]*function/);
  });

  test('rules without event time do not stop the time of what they are connected to', async () => {
    const p = pipeline('rules');
    const rules = p.from(fromArray<string>([])).name('rules');
    p.from(fromArray<{ k: string; at: number }>([]))
      .name('events')
      .eventTime(e => e.at)
      .keyBy('k')
      .connect(rules.broadcast())
      .process({
        state: { seen: valueState<number>('seen', { default: 0 }) },
        broadcastState: { rules: broadcastState<string, true>('rules') },
        onRecord(e, ctx) {
          ctx.state.seen.set(ctx.state.seen.get() + 1);
          ctx.timers.event(e.at + 10);
        },
        onBroadcast(rule, ctx) {
          ctx.broadcastState.rules.set(rule, true);
        },
        *onTimer(timer, ctx) {
          yield [ctx.key, timer.timeMs];
        },
      })
      .to(
        callback(() => {}),
        { name: 'out' },
      );
    const t = await testPipeline(p);
    await t.source<{ k: string; at: number }>('events').feed({ k: 'a', at: 0 });
    await t.source<string>('rules').feed('r');
    await t.source<{ k: string; at: number }>('events').feed({ k: 'a', at: 100 });
    expect(t.sink('out').records).toEqual([['a', 10]]);
    await t.finish();
    expect(t.sink('out').records).toEqual([
      ['a', 10],
      ['a', 110],
    ]);
  });

  test('event time that is assigned again makes watermarks of its own, also where it lies behind the one before', async () => {
    const p = pipeline('again');
    p.from(fromArray<number>([]))
      .name('events')
      .eventTime(at => at)
      .keyBy(() => 'all')
      .process({ onRecord: at => [at - 1000] })
      .eventTime(at => at)
      .keyBy(() => 'all')
      .window(tumbling(10))
      .aggregate({ n: count() })
      .map(({ window, n }) => [window.start, n])
      .to(
        callback(() => {}),
        { name: 'out' },
      );
    const t = await testPipeline(p);
    for (const at of [1000, 1005, 1010]) await t.source<number>('events').feed(at);
    await t.finish();
    expect(t.rejects).toEqual([]);
    expect(t.sink('out').records).toEqual([
      [0, 2],
      [10, 1],
    ]);
  });

  test('event time that is assigned again behind a fork knows all splits', async () => {
    const p = pipeline('fork');
    const timed = p
      .from(fromArray<number>([]))
      .name('events')
      .eventTime(at => at);
    timed.to(callback(() => {}));
    timed
      .eventTime(at => at + 5)
      .keyBy(() => 'all')
      .window(tumbling(10))
      .aggregate({ n: count() })
      .map(({ window, n }) => [window.start, n])
      .to(
        callback(() => {}),
        { name: 'out' },
      );
    const t = await testPipeline(p, { splits: { events: ['fast', 'slow'] } });
    await t.source<number>('events').split('fast').feed(100);
    await t.source<number>('events').split('slow').feed(0, 1);
    await t.finish();
    expect(t.rejects).toEqual([]);
    expect(t.sink('out').records).toEqual([
      [0, 2],
      [100, 1],
    ]);
  });
});
