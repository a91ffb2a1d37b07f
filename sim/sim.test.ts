import { describe, expect, test } from 'vitest';
import { drawCase } from './case/draw.ts';
import { shrink } from './case/shrink.ts';
import { ends } from './operators/ends.ts';
import { operators } from './operators/index.ts';
import { canaries } from './run/canaries.ts';
import { runCase } from './run/run-case.ts';

/** The first seed whose run goes wrong. */
async function firstFailing(canary: string, seeds: number): Promise<number | undefined> {
  for (let seed = 1; seed <= seeds; seed++) {
    const { problem } = await runCase(drawCase(seed), canaries.get(canary));
    if (problem !== undefined) return seed;
  }
  return undefined;
}

describe('the simulator', () => {
  test('finds each result published once, whatever goes wrong', async () => {
    for (let seed = 1; seed <= 300; seed++) expect([seed, (await runCase(drawCase(seed))).problem]).toEqual([seed, undefined]);
  });

  test('does the same for the same seed, step by step', async () => {
    for (let seed = 1; seed <= 20; seed++) expect((await runCase(drawCase(seed))).trace).toEqual((await runCase(drawCase(seed))).trace);
  });

  test.each([...canaries.keys()])('finds the canary %s', async canary => {
    expect(await firstFailing(canary, 3000)).toBeDefined();
  });

  test('makes a failing case smaller', async () => {
    const canary = canaries.get('published-twice');
    const seed = await firstFailing('published-twice', 3000);
    const large = drawCase(seed!);
    const small = await shrink(large, async smaller => (await runCase(smaller, canary)).problem !== undefined);
    expect((await runCase(small, canary)).problem).toBeDefined();
    expect((await runCase(small)).problem).toBeUndefined();
    expect(JSON.stringify(small).length).toBeLessThan(JSON.stringify(large).length);
  });

  test('draws all operators and ends', () => {
    const cases = Array.from({ length: 1000 }, (_, seed) => drawCase(seed));
    const drawn = (names: readonly string[]) => [...new Set(names)].toSorted();
    expect(drawn(cases.flatMap(({ steps }) => steps.flatMap(step => ('operator' in step ? [step.operator] : []))))).toEqual(
      drawn([...operators.keys()]),
    );
    expect(drawn(cases.flatMap(({ sinks }) => sinks.map(({ end }) => end)))).toEqual(drawn([...ends.keys()]));
  });
});
