// Flags card payments by rules that change while the payments flow: a keyed stream that is connected to a broadcast stream.
//
//   npm run millrace -- run examples/fraud/fraud.ts
//
// There is no rule yet, so nothing is flagged. Post one, change it by posting it anew, and take it back:
//
//   curl -H content-type:application/json -d '{ "rule": "often", "withinMs": 10000, "maxCount": 20, "maxCents": 500000 }' http://127.0.0.1:8080/rules
//   curl -H content-type:application/json -d '{ "rule": "often", "off": true }' http://127.0.0.1:8080/rules
//
// Ctrl-C stops it. Another port: `... fraud.ts -- 8081`.

import { broadcastState, listState, pipeline } from 'millrace';
import { print } from 'millrace/connectors/console';
import { httpServer } from 'millrace/connectors/http';
import { z } from 'zod';
import { transactions } from './transactions.ts';

const HOUR_MS = 3_600_000;

/** At most so many payments, and so much money, with one card within a time. */
const Rule = z.object({ rule: z.string(), withinMs: z.number().max(HOUR_MS), maxCount: z.number(), maxCents: z.number() });
const Change = z.union([Rule, z.object({ rule: z.string(), off: z.literal(true) })]);

const port = Number(process.argv[2] ?? 8080);

const p = pipeline('fraud');

const tell = (at: { port: number }) => console.error(`rules: http://127.0.0.1:${at.port}/rules`);
const rules = p.from(httpServer({ port, path: '/rules', schema: Change, onListening: tell })).name('rules');

p.from(transactions)
  .name('transactions')
  .keyBy('card')
  .connect(rules.broadcast())
  .process({
    broadcastState: { rules: broadcastState<string, z.infer<typeof Rule>>('rules') },
    state: { recent: listState<{ at: number; cents: number }>('recent', { ttl: HOUR_MS }) },

    onBroadcast(change, { broadcastState }) {
      if ('off' in change) broadcastState.rules.delete(change.rule);
      else broadcastState.rules.set(change.rule, change);
    },

    *onRecord({ id, at, cents }, { key, state, broadcastState }) {
      state.recent.add({ at, cents });
      const recent = state.recent.get();
      for (const { rule, withinMs, maxCount, maxCents } of broadcastState.rules.values()) {
        const within = recent.filter(payment => payment.at > at - withinMs && payment.at <= at);
        const sum = within.reduce((total, payment) => total + payment.cents, 0);
        if (within.length > maxCount || sum > maxCents) yield { rule, card: key, id, count: within.length, cents: sum };
      }
    },
  })
  .to(print(), { name: 'flagged' });

export default p;
