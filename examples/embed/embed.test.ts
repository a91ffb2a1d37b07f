import { expect, test } from 'vitest';
import { startWithNode } from '../start-program.ts';
import { orders } from './orders.ts';

test('finds the first customer who has spent 1,000, and ends', async () => {
  const { code, stdout, stderr } = await startWithNode('embed/embed.ts').ended;
  expect(code, stderr).toBe(0);

  const spent = new Map<string, number[]>();
  for (const { customer, cents } of orders()) {
    const all = [...(spent.get(customer) ?? []), cents];
    spent.set(customer, all);
    const total = all.reduce((a, b) => a + b);
    if (total < 100_000) continue;
    expect(stdout).toBe(
      `${customer} is the first to have spent 1,000: with order number ${all.length}, ${(total / 100).toFixed(2)} in all\n`,
    );
    break;
  }
});
