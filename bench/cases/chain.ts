import { pipeline, sum } from 'millrace';
import { callback, fromArray } from 'millrace/connectors/memory';
import { filter, from, groupBy, map, mergeMap, scan } from 'rxjs';
import { type BenchCase, type Outcome, running, type Scale } from '../harness/case.ts';
import { Checksum } from '../inputs/checksum.ts';
import { type Event, events, repeated } from '../inputs/events.ts';

const KEYS = 10_000;

interface Payment {
  readonly account: string;
  readonly cents: number;
}

/** Drops a fifth of the events. */
const isLarge = (event: Event) => event.value > 2000;
const toPayment = (event: Event): Payment => ({ account: event.key, cents: event.value * 100 });

/** Each takes all events and hands every update of a sum to a function. */
async function millrace(input: readonly Event[]): Promise<Outcome> {
  const checksum = new Checksum();
  const p = pipeline('chain');
  p.from(fromArray(input))
    .filter(isLarge)
    .map(toPayment)
    .keyBy(payment => payment.account)
    .aggregate({ total: sum(payment => payment.cents) })
    .to(callback(update => checksum.add(update.total)));
  await p.run();
  return { checksum: checksum.value, records: input.length };
}

async function millraceReduce(input: readonly Event[]): Promise<Outcome> {
  const checksum = new Checksum();
  const p = pipeline('chain');
  p.from(fromArray(input))
    .filter(isLarge)
    .map(toPayment)
    .keyBy(payment => payment.account)
    .reduce((total, payment) => ({ account: total.account, cents: total.cents + payment.cents }))
    .to(callback(update => checksum.add(update.cents)));
  await p.run();
  return { checksum: checksum.value, records: input.length };
}

function plainLoop(input: readonly Event[]): Outcome {
  const checksum = new Checksum();
  const emit = (update: { key: string; total: number }) => checksum.add(update.total);
  const accounts = new Map<string, { total: number }>();
  for (const event of input) {
    if (!isLarge(event)) continue;
    const payment = toPayment(event);
    let account = accounts.get(payment.account);
    if (account === undefined) accounts.set(payment.account, (account = { total: 0 }));
    account.total += payment.cents;
    emit({ key: payment.account, total: account.total });
  }
  return { checksum: checksum.value, records: input.length };
}

/** The keyed sum as one scan over a Map for all keys, which costs less than a group and a subscription for each key. */
function rxjs(input: readonly Event[]): Outcome {
  const checksum = new Checksum();
  const totals = new Map<string, number>();
  from(input)
    .pipe(
      filter(isLarge),
      map(toPayment),
      scan(
        (_, { account, cents }) => {
          const total = (totals.get(account) ?? 0) + cents;
          totals.set(account, total);
          return { key: account, total };
        },
        { key: '', total: 0 },
      ),
    )
    .subscribe(update => checksum.add(update.total));
  return { checksum: checksum.value, records: input.length };
}

function rxjsGroups(input: readonly Event[]): Outcome {
  const checksum = new Checksum();
  from(input)
    .pipe(
      filter(isLarge),
      map(toPayment),
      groupBy(payment => payment.account),
      mergeMap(group =>
        group.pipe(
          scan((total, payment) => total + payment.cents, 0),
          map(total => ({ key: group.key, total })),
        ),
      ),
    )
    .subscribe(update => checksum.add(update.total));
  return { checksum: checksum.value, records: input.length };
}

const input = (scale: Scale) => repeated(events({ count: 4 * KEYS, keys: KEYS, perSecond: 100_000 }), 16_000_000 * scale);

export const chain: BenchCase = {
  name: 'chain',
  title: 'filter, map and a running sum for each of 10,000 keys',
  warmUps: 1,
  runs: 3,
  contenders: [
    { name: 'millrace', prepare: scale => running(millrace, input(scale)) },
    { name: 'plain loop', prepare: scale => running(plainLoop, input(scale)) },
    { name: 'RxJS', prepare: scale => running(rxjs, input(scale)) },

    { name: 'millrace, reduce', prepare: scale => running(millraceReduce, input(scale)) },
    {
      name: 'millrace without code generation',
      nodeOptions: ['--disallow-code-generation-from-strings'],
      prepare: scale => running(millrace, input(scale)),
    },
  ],
  claims: [
    { kind: 'ratio', of: 'millrace', to: 'plain loop', atLeast: 0.6 },
    { kind: 'ratio', of: 'millrace', to: 'RxJS', atLeast: 2 },
    { kind: 'ratio', of: 'plain loop', to: 'RxJS' },
    { kind: 'ratio', of: 'millrace, reduce', to: 'plain loop', atLeast: 0.6 },
    { kind: 'ratio', of: 'millrace without code generation', to: 'plain loop' },
  ],
};
