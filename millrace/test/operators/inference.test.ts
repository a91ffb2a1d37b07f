import { describe, expectTypeOf, test } from 'vitest';
import type { BroadcastProcessFunction, KeyedBroadcastProcessFunction } from '../../src/operators/broadcast-process.ts';
import type { CoProcessFunction } from '../../src/operators/co-process.ts';
import { mapAsync } from '../../src/operators/async.ts';
import { intervalJoin } from '../../src/operators/interval-join.ts';
import type { ProcessFunction } from '../../src/operators/process.ts';
import type { ResultOf, Results, Timer } from '../../src/operators/process-runtime.ts';
import { sideTag } from '../../src/operators/side-tag.ts';
import type { Branches, BranchRecords } from '../../src/operators/split.ts';
import { max } from '../../src/operators/aggregates/index.ts';
import { aggregatingState } from '../../src/state/aggregating-state.ts';
import { broadcastState } from '../../src/state/broadcast-state.ts';
import type { Operator } from '../../src/spi/operator.ts';
import type { StateDescriptors } from '../../src/state/descriptor.ts';
import { listState } from '../../src/state/list-state.ts';
import { mapState } from '../../src/state/map-state.ts';
import { reducingState } from '../../src/state/reducing-state.ts';
import { valueState } from '../../src/state/value-state.ts';

interface Reading {
  device: string;
  value: number;
}

/** Methods as a fluent interface declares them: what they return says what was inferred. */
declare class Keyed<K, T> {
  process<S extends StateDescriptors = {}, Out extends Results = void, TimerOut extends Results = void>(
    fn: ProcessFunction<K, T, S, Out, TimerOut>,
  ): { result: ResultOf<Out> | ResultOf<TimerOut> };
  processBoth<
    U,
    S extends StateDescriptors = {},
    LeftOut extends Results = void,
    RightOut extends Results = void,
    TimerOut extends Results = void,
  >(
    other: Keyed<K, U>,
    fn: CoProcessFunction<K, T, U, S, LeftOut, RightOut, TimerOut>,
  ): {
    result: ResultOf<LeftOut> | ResultOf<RightOut> | ResultOf<TimerOut>;
  };
  broadcast<
    U,
    B extends StateDescriptors,
    S extends StateDescriptors = {},
    Out extends Results = void,
    BroadcastOut extends Results = void,
    TimerOut extends Results = void,
  >(
    rules: U[],
    fn: KeyedBroadcastProcessFunction<K, T, U, S, B, Out, BroadcastOut, TimerOut>,
  ): {
    result: ResultOf<Out> | ResultOf<BroadcastOut> | ResultOf<TimerOut>;
  };
  broadcastUnkeyed<U, B extends StateDescriptors, Out extends Results = void, BroadcastOut extends Results = void>(
    rules: U[],
    fn: BroadcastProcessFunction<T, U, B, Out, BroadcastOut>,
  ): { result: ResultOf<Out> | ResultOf<BroadcastOut> };
}

/** Only types are looked at: nothing in here runs. */
function types(_: (readings: Keyed<string, Reading>, events: Keyed<string, { at: Date }>) => void): void {}

describe('a process function needs no annotation', () => {
  test('its results', () => {
    types(readings => {
      expectTypeOf(readings.process({ onRecord: r => [r.value] }).result).toEqualTypeOf<number>();
      expectTypeOf(readings.process({ onRecord: r => (r.value > 1 ? [{ big: r.value }] : [{ small: r.device }]) }).result).toEqualTypeOf<
        { big: number } | { small: string }
      >();
      expectTypeOf(
        readings.process({
          *onRecord(r, ctx) {
            if (r.value > 1) yield { key: ctx.key, at: ctx.timestamp };
          },
          onTimer: timer => [timer.domain],
        }).result,
      ).toEqualTypeOf<{ key: string; at: number } | 'event' | 'processing'>();
      expectTypeOf(readings.process({ onRecord() {} }).result).toEqualTypeOf<never>();
      expectTypeOf(
        readings.process({
          onRecord(r, ctx) {
            ctx.timers.event(r.value);
          },
          *onTimer(timer, ctx) {
            expectTypeOf(timer).toEqualTypeOf<Timer>();
            yield `${ctx.key} ${timer.timeMs}`;
          },
        }).result,
      ).toEqualTypeOf<string>();
    });
  });

  test('its state', () => {
    types(readings => {
      readings.process({
        state: {
          last: valueState<number>('last'),
          count: valueState('count', { default: 0, ttl: '1h' }),
          recent: listState<Reading>('recent'),
          seen: mapState<string, Date>('seen'),
          total: reducingState<number>('total', (a, b) => a + b),
          worst: aggregatingState(
            'worst',
            max((r: Reading) => r.value),
          ),
        },
        onRecord(r, ctx) {
          expectTypeOf(ctx.key).toEqualTypeOf<string>();
          expectTypeOf(ctx.state.last.get()).toEqualTypeOf<number | undefined>();
          expectTypeOf(ctx.state.count.get()).toEqualTypeOf<number>();
          expectTypeOf(ctx.state.recent.get()).toEqualTypeOf<Reading[]>();
          expectTypeOf(ctx.state.seen.get('x')).toEqualTypeOf<Date | undefined>();
          expectTypeOf(ctx.state.total.get()).toEqualTypeOf<number | undefined>();
          expectTypeOf(ctx.state.worst.get()).toEqualTypeOf<number | undefined>();
          ctx.state.worst.add(r);
          // @ts-expect-error a number is kept
          ctx.state.count.set('1');
          // @ts-expect-error the name is wrong
          ctx.state.counts.get();
          // @ts-expect-error the elements are readings
          ctx.state.recent.add(1);
          // @ts-expect-error the keys are strings
          ctx.state.seen.get(1);
          // @ts-expect-error the aggregate takes readings
          ctx.state.worst.add({ value: 1 });
        },
      });
    });
  });

  test('wrong programs are compile errors', () => {
    types(readings => {
      // @ts-expect-error a string is no list of results
      readings.process({ onRecord: r => r.device });
      // @ts-expect-error a result by itself is not taken
      readings.process({ onRecord: r => ({ v: r.value }) });
      // @ts-expect-error calls that take their time belong into mapAsync
      readings.process({ onRecord: async r => [r] }); // oxlint-disable-line typescript/no-misused-promises
      // @ts-expect-error the record has no such field
      readings.process({ onRecord: r => [r.val] });
      // @ts-expect-error there is no state
      readings.process({ onRecord: (_, ctx) => [ctx.state.x.get()] });
      // @ts-expect-error onRecord is missing
      readings.process({ state: {} });
      const slow = sideTag<number>('slow');
      // @ts-expect-error the tag is for numbers
      readings.process({ onRecord: (r, ctx) => ctx.output(slow, r.device) });
    });
  });
});

test('two inputs', () => {
  types((readings, events) => {
    const joined = readings.processBoth(events, {
      state: { last: valueState<Reading>('last') },
      onLeft(reading, ctx) {
        ctx.state.last.set(reading);
      },
      *onRight(event, ctx) {
        yield { at: event.at, last: ctx.state.last.get() };
      },
      onTimer: () => [true],
    });
    expectTypeOf(joined.result).toEqualTypeOf<{ at: Date; last: Reading | undefined } | boolean>();
  });
});

test('broadcast state is for reading where records are processed', () => {
  types(readings => {
    const limits = [{ device: 'a', most: 1 }];
    const out = readings.broadcast(limits, {
      broadcastState: { limits: broadcastState<string, number>('limits') },
      state: { n: valueState('n', { default: 0 }) },
      *onRecord(r, ctx) {
        expectTypeOf(ctx.broadcastState.limits.get(r.device)).toEqualTypeOf<number | undefined>();
        expectTypeOf(ctx.state.n.get()).toEqualTypeOf<number>();
        // @ts-expect-error for reading only
        ctx.broadcastState.limits.set('x', 1);
        yield r;
      },
      onBroadcast(limit, ctx) {
        ctx.broadcastState.limits.set(limit.device, limit.most);
        // @ts-expect-error there is no key at hand
        ctx.state.n.get();
      },
    });
    expectTypeOf(out.result).toEqualTypeOf<Reading>();

    readings.broadcastUnkeyed(limits, {
      broadcastState: { limits: broadcastState<string, number>('limits') },
      onRecord(r, ctx) {
        // @ts-expect-error there are no timers without a key
        ctx.timers.event(r.value);
        // @ts-expect-error for reading only
        ctx.broadcastState.limits.clear();
      },
      onBroadcast() {},
    });
  });
});

test('tags of different records are different', () => {
  const numbers = sideTag<number>('numbers');
  expectTypeOf(numbers).not.toExtend<ReturnType<typeof sideTag<string>>>();
});

test('branches are narrowed by type guards', () => {
  type Event = { kind: 'click'; x: number } | { kind: 'key'; code: string };
  type Click = Extract<Event, { kind: 'click' }>;
  const branches = { clicks: (e: Event): e is Click => e.kind === 'click', long: (e: Event) => e.kind.length > 4 };
  expectTypeOf(branches).toExtend<Branches<Event>>();
  expectTypeOf<BranchRecords<Event, typeof branches>['clicks']>().toEqualTypeOf<Click>();
  expectTypeOf<BranchRecords<Event, typeof branches>['long']>().toEqualTypeOf<Event>();
  expectTypeOf<BranchRecords<Event, typeof branches>['rest']>().toEqualTypeOf<Event>();
  expectTypeOf({ rest: (_: Event) => true }).not.toExtend<Branches<Event>>();
});

test('the results of asynchronous calls and joins', () => {
  type Out<O> = O extends Operator<infer R> ? R : never;
  const call = mapAsync(async (r: Reading) => ({ v: r.value }));
  expectTypeOf<Out<typeof call>>().toEqualTypeOf<{ v: number }>();
  const sync = mapAsync((r: Reading) => r.value);
  expectTypeOf<Out<typeof sync>>().toEqualTypeOf<number>();
  const joined = intervalJoin({ lowerMs: 0, upperMs: 1 }, (left: Reading, right: { at: Date }) => ({ ...left, ...right }));
  expectTypeOf<Out<typeof joined>>().toEqualTypeOf<{ at: Date; device: string; value: number }>();
});
