import { type PipelineTest, testPipeline } from 'millrace/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startProgram } from '../start-program.ts';
import program from './fraud.ts';

let t: PipelineTest;

beforeEach(async () => {
  t = await testPipeline(program);
});

afterEach(() => t.abort());

const often = { rule: 'often', withinMs: 60_000, maxCount: 2, maxCents: 1_000_000 };
const much = { rule: 'much', withinMs: 600_000, maxCount: 1_000_000, maxCents: 50_000 };

const change = (...changes: readonly object[]) => t.source('rules').feed(...changes);
const pay = (id: number, card: string, at: number, cents = 1_000) => t.source('transactions').feed({ id, card, at, cents });

test('nothing is flagged without a rule, and what came before it counts', async () => {
  await pay(1, 'a', 0);
  await pay(2, 'a', 1_000);
  await pay(3, 'a', 2_000);
  expect(t.sink('flagged').records).toEqual([]);
  await change(often);
  await pay(4, 'a', 3_000);
  expect(t.sink('flagged').records).toEqual([{ rule: 'often', card: 'a', id: 4, count: 4, cents: 4_000 }]);
});

test('cards are counted apart, and only within the time of the rule', async () => {
  await change(often);
  await pay(1, 'a', 0);
  await pay(2, 'b', 0);
  await pay(3, 'a', 1);
  await pay(4, 'b', 1);
  await pay(5, 'a', 60_000);
  expect(t.sink('flagged').records).toEqual([]);
  await pay(6, 'b', 59_999);
  expect(t.sink('flagged').records).toEqual([{ rule: 'often', card: 'b', id: 6, count: 3, cents: 3_000 }]);
});

test('rules are changed, added and taken back while payments flow', async () => {
  await change(often);
  await pay(1, 'a', 0, 20_000);
  await pay(2, 'a', 1_000, 20_000);
  await change({ ...often, maxCount: 3 });
  await pay(3, 'a', 2_000, 20_000);
  expect(t.sink('flagged').take()).toEqual([]);
  await change(much);
  await pay(4, 'a', 3_000, 20_000);
  expect(t.sink('flagged').take()).toEqual([
    { rule: 'often', card: 'a', id: 4, count: 4, cents: 80_000 },
    { rule: 'much', card: 'a', id: 4, count: 4, cents: 80_000 },
  ]);
  await change({ rule: 'often', off: true }, { rule: 'much', off: true });
  await pay(5, 'a', 4_000, 20_000);
  expect(t.sink('flagged').take()).toEqual([]);
});

test('what is flagged is what a search of all payments flags', async () => {
  const random = (n: number) => (n * 2_654_435_761) % 2 ** 32;
  const payments = Array.from({ length: 2_000 }, (_, id) => ({
    id,
    card: `card-${random(id) % 50}`,
    at: id * 500,
    cents: random(id + 7) % 40_000,
  }));
  const rules = [{ ...often, maxCount: 5 }, much];
  await change(...rules);
  await t.source('transactions').feed(...payments);

  const expected = payments.flatMap((payment, i) =>
    rules.flatMap(({ rule, withinMs, maxCount, maxCents }) => {
      const before = payments.slice(0, i + 1).filter(other => other.card === payment.card && payment.at - other.at < withinMs);
      const cents = before.map(other => other.cents).reduce((a, b) => a + b, 0);
      const broken = before.length > maxCount || cents > maxCents;
      return broken ? [{ rule, card: payment.card, id: payment.id, count: before.length, cents }] : [];
    }),
  );
  expect(expected.length).toBeGreaterThan(100);
  expect(t.sink('flagged').records).toEqual(expected);
});

test('runs, and takes rules over HTTP', async () => {
  const running = startProgram('fraud/fraud.ts', '0');
  const url = await running.says(/rules: (\S+)/);
  const post = (body: object) =>
    fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  expect((await post({ rule: 'any', withinMs: 1_000, maxCount: 0, maxCents: 0 })).status).toBe(202);
  const [line = ''] = await running.lines(1);
  expect(JSON.parse(line)).toMatchObject({ rule: 'any', card: expect.stringMatching(/^card-\d+$/) });
  expect((await post({ rule: 'any', withinMs: 'a minute' })).status).toBe(400);
  running.process.kill('SIGINT');
  expect((await running.ended).code).toBe(0);
});
