import fc from 'fast-check';
import { describe, test } from 'vitest';
import { runningAggregate } from '../../src/operators/aggregate.ts';
import { collect, composeAggregates, count, sum } from '../../src/operators/aggregates/index.ts';
import { mapAsync } from '../../src/operators/async.ts';
import { keyedBroadcastProcess } from '../../src/operators/broadcast-process.ts';
import { dedupe } from '../../src/operators/dedupe.ts';
import { intervalJoin } from '../../src/operators/interval-join.ts';
import { reduce } from '../../src/operators/reduce.ts';
import type { Operator } from '../../src/spi/operator.ts';
import { aggregatingState } from '../../src/state/aggregating-state.ts';
import { broadcastState } from '../../src/state/broadcast-state.ts';
import { listState } from '../../src/state/list-state.ts';
import { mapState } from '../../src/state/map-state.ts';
import { reducingState } from '../../src/state/reducing-state.ts';
import type { StateTtl } from '../../src/state/ttl.ts';
import { valueState } from '../../src/state/value-state.ts';
import { CheckedStateBackend } from '../support/checked-state.ts';
import { OperatorHarness } from '../support/operator-harness.ts';

const ttl = (time: StateTtl['time'], refreshOn: StateTtl['refreshOn'] = 'write'): StateTtl => ({ after: 20, refreshOn, time });

/** Does two things of many, as the bits of the number say. */
function everything(options: { ttl?: StateTtl }): Operator<unknown> {
  const state = {
    value: valueState<number>('value', options),
    list: listState<number>('list', options),
    map: mapState<number, number>('map', options),
    sum: reducingState<number>('sum', (a, b) => a + b, options),
    all: aggregatingState(
      'all',
      collect((n: number) => n),
      options,
    ),
  };
  const rules = { rules: broadcastState<number, number>('rules') };
  return keyedBroadcastProcess<string, number, number, typeof state, typeof rules, unknown[], void, void>({
    state,
    broadcastState: rules,
    onRecord(n, { state: { value, list, map, sum: total, all }, timers }) {
      const acts = [
        () => value.set(n),
        () => list.add(n),
        () => list.add(n, n),
        () => map.set(n % 3, n),
        () => map.set(n % 5, n),
        () => map.delete(n % 3),
        () => total.add(n),
        () => all.add(n),
        () => timers.event(n),
        () => timers.processing(n),
        () => timers.deleteEvent(n),
        () => value.clear(),
        () => list.set([n]),
        () => list.clear(),
        () => map.clear(),
        () => all.clear(),
      ];
      acts[n & 15]!();
      acts[(n >> 4) & 7]!();
      if (n % 7 === 0) throw new Error('refused');
      return n % 2 === 0 ? [] : [value.get(), list.get(), [...map], total.get(), all.get()];
    },
    onBroadcast(n, { broadcastState }) {
      if (n % 3 === 0) broadcastState.rules.delete(n % 4);
      else broadcastState.rules.set(n % 4, n);
      if (n % 5 === 0) throw new Error('refused');
    },
    onTimer(_, { state: { list } }) {
      list.add(-1);
    },
  });
}

const operators: Record<string, () => Operator<unknown>> = {
  process: () => everything({}),
  'process, processing-time ttl': () => everything({ ttl: ttl('processing') }),
  'process, event-time ttl': () => everything({ ttl: ttl('event') }),
  'process, ttl refreshed on read': () => everything({ ttl: ttl('processing', 'read-and-write') }),
  reduce: () => reduce<number>((a, b) => a + b),
  'reduce, ttl': () => reduce<number>((a, b) => a + b, { ttl: ttl('event') }),
  aggregate: () => runningAggregate(composeAggregates({ n: count(), total: sum((n: number) => n) }), 'count, sum'),
  'aggregate, ttl': () =>
    runningAggregate(composeAggregates({ n: count(), total: sum((n: number) => n) }), 'count, sum', { ttl: ttl('processing') }),
  dedupe: () => dedupe({}),
  'dedupe within': () => dedupe({ within: 20 }),
  'interval join': () => intervalJoin({ lowerMs: -10, upperMs: 10 }, (a: number, b: number) => a + b),
  'async map': () => mapAsync((n: number) => (n % 3 === 0 ? n : n % 3 === 1 ? Promise.resolve(n) : Promise.reject(new Error('no')))),
};

describe('every change of state is announced, and state is plain data', () => {
  const step = fc.record({
    do: fc.constantFrom('feed', 'feed', 'feed', 'feed', 'advance', 'tick', 'restart'),
    n: fc.noBias(fc.integer({ min: 0, max: 255 })),
    key: fc.constantFrom('a', 'b'),
    input: fc.constantFrom(0, 0, 1),
    waitMs: fc.nat(12),
    behindMs: fc.nat(12),
  });

  test.each(Object.keys(operators))('%s', async name => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async steps => {
        const operator = operators[name]!();
        const backend = new CheckedStateBackend();
        let h = new OperatorHarness(operator, backend);
        let now = 1000;
        let watermark = -Infinity;
        for (const s of steps) {
          now += s.waitMs;
          switch (s.do) {
            case 'feed':
              h.feed(s.n, now - s.behindMs, s.key, s.input % h.task.inputs.length);
              break;
            case 'advance':
              watermark = Math.max(watermark, now - s.behindMs);
              h.advance(watermark);
              break;
            case 'tick':
              h.tick(now);
              break;
            case 'restart':
              h.abort();
              h = new OperatorHarness(operator, backend);
              h.watermark = watermark;
              break;
          }
          if (name === 'async map') await h.settle();
          backend.verify();
        }
        h.tick(now + 100).advance(now + 100);
        backend.verify();
      }),
      { numRuns: name === 'async map' ? 15 : 100 },
    );
  });
});
