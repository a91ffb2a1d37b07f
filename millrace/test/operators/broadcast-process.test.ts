import { describe, expect, test } from 'vitest';
import { broadcastProcess, keyedBroadcastProcess } from '../../src/operators/broadcast-process.ts';
import { broadcastState } from '../../src/state/broadcast-state.ts';
import { HeapStateBackend } from '../../src/state/heap.ts';
import { valueState } from '../../src/state/value-state.ts';
import { OperatorHarness } from '../support/operator-harness.ts';

interface Payment {
  kind: string;
  amount: number;
}

interface Limit {
  kind: string;
  most: number;
}

function overLimit(backend?: HeapStateBackend) {
  return new OperatorHarness(
    broadcastProcess<Payment, Limit, { limits: ReturnType<typeof limits> }, Payment[], string[]>({
      broadcastState: { limits: limits() },
      onRecord: (payment, ctx) => (payment.amount > (ctx.broadcastState.limits.get(payment.kind) ?? Infinity) ? [payment] : []),
      onBroadcast({ kind, most }, ctx) {
        if (kind === 'none') ctx.broadcastState.limits.clear();
        else if (most === 0) ctx.broadcastState.limits.delete(kind);
        else ctx.broadcastState.limits.set(kind, most);
        if (most < 0) throw new Error('a limit below zero');
        return [...ctx.broadcastState.limits.keys()];
      },
    }),
    backend,
  );
}

const limits = () => broadcastState<string, number>('limits');

describe('without key', () => {
  test('records see what the broadcast stream has set', () => {
    const h = overLimit();
    // The harness encodes keys; an input without key has none.
    const feed = (input: number, record: unknown) => h.task.inputs[input]!(undefined as never, record as never, 7);
    feed(0, { kind: 'card', amount: 50 });
    feed(1, { kind: 'card', most: 10 });
    feed(0, { kind: 'card', amount: 50 });
    feed(1, { kind: 'cash', most: 10 });
    feed(1, { kind: 'card', most: 0 });
    feed(0, { kind: 'card', amount: 60 });
    feed(1, { kind: 'none', most: 1 });
    expect(h.values).toEqual(['card', { kind: 'card', amount: 50 }, 'card', 'cash', 'cash']);
  });

  test('a broadcast record that is rejected changes nothing, and a restart keeps the rest', () => {
    const backend = new HeapStateBackend();
    const h = overLimit(backend);
    h.feed({ kind: 'card', most: 10 }, 1, 'x', 1).feed({ kind: 'card', most: -1 }, 1, 'x', 1).feed({ kind: 'cash', most: -1 }, 1, 'x', 1);
    expect(h.rejects.map(r => r.message)).toEqual(['a limit below zero', 'a limit below zero']);
    const again = overLimit(backend).feed({ kind: 'card', amount: 11 }).feed({ kind: 'card', amount: 9 }).feed({ kind: 'cash', amount: 1 });
    expect(again.values).toEqual([{ kind: 'card', amount: 11 }]);
  });
});

test('with key there are state and timers for each key besides', () => {
  const operator = keyedBroadcastProcess<
    string,
    Payment,
    Limit,
    { spent: ReturnType<typeof spent> },
    { limits: ReturnType<typeof limits> },
    unknown[],
    void,
    unknown[]
  >({
    broadcastState: { limits: limits() },
    state: { spent: spent() },
    onRecord(payment, ctx) {
      ctx.state.spent.set(ctx.state.spent.get() + payment.amount);
      ctx.timers.event(1000);
      const broken = [...ctx.broadcastState.limits].filter(([, most]) => ctx.state.spent.get() > most).map(([kind]) => kind);
      return broken.length > 0 ? [{ key: ctx.key, broken }] : [];
    },
    onBroadcast: ({ kind, most }, ctx) => ctx.broadcastState.limits.set(kind, most),
    onTimer: (_, ctx) => [{ key: ctx.key, spent: ctx.state.spent.get(), rules: ctx.broadcastState.limits.size }],
  });
  const h = new OperatorHarness(operator);
  h.feed({ kind: 'card', amount: 8 }, 1, 'a', 0)
    .feed({ kind: 'daily', most: 10 }, 1, 'any', 1)
    .feed({ kind: 'card', amount: 8 }, 1, 'a', 0)
    .feed({ kind: 'card', amount: 8 }, 1, 'b', 0)
    .advance(1000);
  expect(h.values).toEqual([
    { key: 'a', broken: ['daily'] },
    { key: 'a', spent: 16, rules: 1 },
    { key: 'b', spent: 8, rules: 1 },
  ]);
  expect(operator.state).toEqual([
    { name: 'limits', kind: 'broadcast' },
    { name: 'spent', kind: 'value' },
  ]);
});

const spent = () => valueState('spent', { default: 0 });
