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
});
