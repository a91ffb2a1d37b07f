// A pipeline inside of an ordinary Node program: `for await` starts it, takes its results one by one, and stops it when the loop ends.
//
//   node --conditions=millrace-source examples/embed/embed.ts          in this repository
//   node embed.ts                                                      where millrace is installed

import { count, pipeline, sum } from 'millrace';
import { fromIterable } from 'millrace/connectors/memory';
import { orders } from './orders.ts';

const totals = pipeline('customers')
  .from(fromIterable(orders))
  .keyBy('customer')
  .aggregate({ bought: count(), cents: sum(order => order.cents) });

// The orders have no end. What is taken of them is what the loop asks for.
for await (const { key, bought, cents } of totals) {
  if (cents < 100_000) continue;
  console.log(`${key} is the first to have spent 1,000: with order number ${bought}, ${(cents / 100).toFixed(2)} in all`);
  break;
}
