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

const ttl = (time: StateTtl['time']): StateTtl => ({ after: 20, refreshOn: 'read-and-write', time });

/** Does a little of everything, as the number says. */
function everything(time: StateTtl['time'] | undefined): Operator<unknown> {
  const options = time === undefined ? {} : { ttl: ttl(time) };
  const state = {
    value: valueState<number>('value', options),
    list: listState<number>('list', options),
    map: mapState<number, number>('map', options),
    sum: reducingState<number>('sum', (a, b) => a + b, options),
    all: aggregatingState('all', collect((n: number) => n), options),
  };
  const rules = { rules: broadcastState<number, number>('rules') };
  return keyedBroadcastProcess<string, number, number, typeof state, typeof rules, unknown[], void, void>({
    state,
    broadcastState: rules,
    onRecord(n, { state: { value, list, map, sum: total, all }, timers }) {
      const acts = [
        () => value.set(n),
        () => value.clear(),
        () => list.add(n),
        () => list.set([n]),
        () => list.clear(),
        () => map.set(n % 3, n),
        () => map.delete(n % 3),
        () => map.clear(),
        () => total.add(n),
        () => all.add(n),
        () => all.clear(),
        () => timers.event(n),
        () => timers.processing(n),
        () => timers.deleteEvent(n),
      ];
      acts[n % acts.length]!();
      acts[(n >> 4) % acts.length]!();
      if (n % 5 === 0) throw new Error('refused');
      return [value.get(), list.get(), [...map], total.get(), all.get()];
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
  process: () => everything(undefined),
  'process, processing-time ttl': () => everything('processing'),
  'process, event-time ttl': () => everything('event'),
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
    n: fc.nat(255),
    key: fc.constantFrom('a', 'b'),
    input: fc.nat(1),
    waitMs: fc.nat(12),
    behindMs: fc.nat(12),
  });

  test.each(Object.keys(operators))('%s', async name => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
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
      { numRuns: name === 'async map' ? 15 : 60 },
    );
  });
});
