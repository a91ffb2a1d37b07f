import { pipeline, sum } from 'millrace';
import { callback, fromArray } from 'millrace/connectors/memory';
import { filter, from, map, scan } from 'rxjs';
import { type BenchCase, type Outcome, running, type Scale } from '../harness/case.ts';
import { type Event, events, repeated } from '../inputs/events.ts';

const KEYS = 10_000;
const COUNT = 16_000_000;

interface Payment {
  readonly account: string;
  readonly cents: number;
}

interface Update {
  readonly key: string;
  readonly total: number;
}

// What a program says, whatever runs it. The filter drops a fifth of the events.
const isLarge = (event: Event) => event.value > 2000;
const toPayment = (event: Event): Payment => ({ account: event.key, cents: event.value * 100 });
const addPayments = (a: Payment, b: Payment): Payment => ({ account: a.account, cents: a.cents + b.cents });

/** Takes every update. It holds on to the newest, as a sink that writes it later does, so that no contender gets away without making it. */
class Updates<T> {
  latest: T | undefined;
  checksum = 0;

  take(update: T, total: number): void {
    this.latest = update;
    this.checksum += total;
  }
}

async function millrace(input: readonly Event[]): Promise<Outcome> {
  const updates = new Updates<Update>();
  const p = pipeline('chain');
  p.from(fromArray(input))
    .filter(isLarge)
    .map(toPayment)
    .keyBy(payment => payment.account)
    .aggregate({ total: sum(payment => payment.cents) })
    .to(callback(update => updates.take(update, update.total)));
  await p.run();
  return { checksum: updates.checksum, records: input.length };
}

function plainLoop(input: readonly Event[]): Outcome {
  const updates = new Updates<Update>();
  const accounts = new Map<string, { total: number }>();
  for (const event of input) {
    if (!isLarge(event)) continue;
    const payment = toPayment(event);
    let account = accounts.get(payment.account);
    if (account === undefined) accounts.set(payment.account, (account = { total: 0 }));
    account.total += payment.cents;
    const update = { key: payment.account, total: account.total };
    updates.take(update, update.total);
  }
  return { checksum: updates.checksum, records: input.length };
}

/** The keyed sum as one scan over a Map of all keys, which costs a tenth of a group and a subscription for each key. */
function rxjs(input: readonly Event[]): Outcome {
  const updates = new Updates<Update>();
  const totals = new Map<string, number>();
  from(input)
    .pipe(
      filter(isLarge),
      map(toPayment),
      scan(
        (_: Update, { account, cents }: Payment): Update => {
          const total = (totals.get(account) ?? 0) + cents;
          totals.set(account, total);
          return { key: account, total };
        },
        { key: '', total: 0 },
      ),
    )
    .subscribe(update => updates.take(update, update.total));
  return { checksum: updates.checksum, records: input.length };
}

async function millraceReduce(input: readonly Event[]): Promise<Outcome> {
  const updates = new Updates<Payment>();
  const p = pipeline('chain');
  p.from(fromArray(input))
    .filter(isLarge)
    .map(toPayment)
    .keyBy(payment => payment.account)
    .reduce(addPayments)
    .to(callback(update => updates.take(update, update.cents)));
  await p.run();
  return { checksum: updates.checksum, records: input.length };
}

function plainLoopReduce(input: readonly Event[]): Outcome {
  const updates = new Updates<Payment>();
  const accounts = new Map<string, Payment>();
  for (const event of input) {
    if (!isLarge(event)) continue;
    const payment = toPayment(event);
    const before = accounts.get(payment.account);
    const update = before === undefined ? payment : addPayments(before, payment);
    accounts.set(payment.account, update);
    updates.take(update, update.cents);
  }
  return { checksum: updates.checksum, records: input.length };
}

const input = (scale: Scale) => repeated(events({ count: 4 * KEYS, keys: KEYS, perSecond: 100_000 }), COUNT * scale);

export const chain: BenchCase = {
  name: 'chain',
  title: 'filter, map and a running sum for each of 10,000 keys',
  warmUps: 1,
  runs: 3,
  contenders: [
    { name: 'millrace, aggregate', prepare: scale => running(millrace, input(scale)) },
    { name: 'plain loop', prepare: scale => running(plainLoop, input(scale)) },
    { name: 'RxJS', prepare: scale => running(rxjs, input(scale)) },
    { name: 'millrace, reduce', prepare: scale => running(millraceReduce, input(scale)) },
    { name: 'plain loop, reduce', prepare: scale => running(plainLoopReduce, input(scale)) },
    {
      name: 'millrace without code generation',
      nodeOptions: ['--disallow-code-generation-from-strings'],
      prepare: scale => running(millrace, input(scale)),
    },
  ],
  claims: [
    { kind: 'ratio', of: 'millrace, aggregate', to: 'plain loop', atLeast: 0.6 },
    { kind: 'ratio', of: 'millrace, reduce', to: 'plain loop, reduce', atLeast: 0.6 },
    { kind: 'ratio', of: 'millrace, aggregate', to: 'RxJS', atLeast: 2 },
    { kind: 'ratio', of: 'plain loop', to: 'RxJS' },
    { kind: 'ratio', of: 'millrace without code generation', to: 'plain loop' },
  ],
};
