import { PlanBuilder } from '../../src/plan/builder.ts';
import type { Plan } from '../../src/plan/graph.ts';
import type { Operator } from '../../src/spi/operator.ts';
import type { Sink } from '../../src/spi/sink.ts';
import type { Source } from '../../src/spi/source.ts';
import type { StateDescription } from '../../src/spi/state.ts';
import { boundedOutOfOrderness } from '../../src/time/watermarks.ts';

/** Nothing of a plan runs when it is rendered. */
function never(): never {
  throw new Error('a plan is only looked at');
}

const source = (connector: string, description: string, bounded: boolean): Source<unknown> => ({
  connector,
  description,
  bounded,
  enumerate: never,
  open: never,
});
const sink = (connector: string, description: string): Sink<never> => ({
  connector,
  description,
  accepts: ['append', 'upsert'],
  open: never,
});
const operator = (kind: string, description: string, state: readonly StateDescription[]): Operator => ({
  kind,
  description,
  makes: 'append',
  state,
  open: never,
});
const forward = { kind: 'forward' } as const;

/** Functions reach a plan as arguments of the API, where those without a name of their own get none. */
const asArgument = <F>(f: F): F => f;

function toMessage(alarm: unknown): unknown {
  return alarm;
}

interface Flight {
  delay: number;
  date: number;
  origin: string;
}

/** One source to one sink. */
export function delaysPlan(): Plan {
  const builder = new PlanBuilder('flight-delays');
  const flights = builder.add({ type: 'source', source: source('file', 'flights.parquet', true) }, []);
  const timed = builder.add(
    {
      type: 'stage',
      stage: {
        kind: 'eventTime',
        extract: asArgument((f: Flight) => f.date),
        strategy: boundedOutOfOrderness('1h'),
        idleAfterMs: 30_000,
        maxAheadMs: 86_400_000,
      },
    },
    [{ from: flights, exchange: forward }],
  );
  const late = builder.add({ type: 'stage', stage: { kind: 'filter', keep: asArgument((f: Flight) => f.delay > 0) } }, [
    { from: timed, exchange: forward },
  ]);
  const byOrigin = { from: late, exchange: { kind: 'hash', selectKey: (f: Flight) => f.origin, description: 'origin' } } as const;
  const state: StateDescription[] = [{ name: 'panes', kind: 'window', boundedBy: 'window 1d + lateness 0ms' }];
  const window = builder.add({ type: 'operator', operator: operator('window', 'tumbling(1d) flights: count, mean, worst: max', state) }, [
    byOrigin,
  ]);
  builder.add({ type: 'sink', sink: sink('file', 'out/delays.jsonl') }, [{ from: window, exchange: forward }]);
  return builder.build();
}

/** Two sources into one operator, a fork, a union, a side output, a reject stream that is read, and text that must be escaped. */
export function fraudPlan(): Plan {
  const builder = new PlanBuilder('fraud');
  const payments = builder.add({ type: 'source', source: source('socket', '127.0.0.1:9000', false) }, []);
  builder.rename(payments, 'payments');
  const large = builder.add(
    { type: 'stage', stage: { kind: 'filter', keep: asArgument((p: { tag: string }) => p.tag !== '"<b>#1|%%"') } },
    [{ from: payments, exchange: forward }],
  );
  const rules = builder.add({ type: 'source', source: source('file', 'rules.jsonl', false) }, []);
  const match = builder.add(
    {
      type: 'operator',
      operator: operator(
        'broadcast process',
        'each payment is held against every rule, of which there may be many, and the first that matches decides',
        [
          { name: 'rules', kind: 'broadcast' },
          { name: 'seen', kind: 'map', boundedBy: 'ttl 1h' },
          { name: 'totals', kind: 'value' },
        ],
      ),
    },
    [
      { from: large, exchange: { kind: 'hash', selectKey: (p: { account: string }) => p.account, description: 'p => p.account' } },
      { from: rules, exchange: { kind: 'broadcast' } },
    ],
  );
  builder.rename(match, 'match');
  builder.add({ type: 'sink', sink: sink('console', 'direction LR, style:#ff0000') }, [{ from: large, exchange: forward }]);
  const all = builder.add({ type: 'union' }, [
    { from: match, exchange: forward },
    { from: match, side: 'doubtful', exchange: forward },
  ]);
  const spread = builder.add({ type: 'stage', stage: { kind: 'map', apply: toMessage } }, [{ from: all, exchange: { kind: 'rebalance' } }]);
  builder.add({ type: 'sink', sink: sink('http', 'POST https://alarms.example/v1') }, [{ from: spread, exchange: forward }]);
  const rejects = builder.add({ type: 'rejects' }, []);
  builder.add({ type: 'sink', sink: sink('file', 'rejects.jsonl') }, [{ from: rejects, exchange: forward }]);
  return builder.build();
}
