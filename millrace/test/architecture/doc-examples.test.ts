import { stripTypeScriptTypes } from 'node:module';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { docExamples } from './doc-examples.ts';
import { sourceFiles } from './source-files.ts';

const AsyncFunction = (async () => {}).constructor as new (...parametersAndBody: string[]) => (...args: unknown[]) => Promise<void>;

async function run(program: string, names: Record<string, unknown>): Promise<number> {
  let checks = 0;
  const check = (actual: unknown, expected: unknown) => {
    checks++;
    expect(actual).toEqual(expected);
  };
  const bound = { ...names, check };
  await new AsyncFunction(...Object.keys(bound), stripTypeScriptTypes(program))(...Object.values(bound));
  return checks;
}

describe('an example in a docstring comes to the result it states', () => {
  const examples = [...sourceFiles()].flatMap(([path, text]) => docExamples(text).map(example => ({ path, ...example })));

  test.each(examples)('$path:$line', async ({ path, program }) => {
    const file = new URL(`../../src/${path}`, import.meta.url).pathname;
    const names = { z, ...(await import('../../src/index.ts')), ...(await import(/* @vite-ignore */ file)) };
    expect(await run(program, names)).toBeGreaterThan(0);
  });
});

describe('the reading of examples', () => {
  const docstring = (...lines: string[]) =>
    ['/**', ' * Adds.', ' *', ...lines.map(line => ` * ${line}`), ' */', 'export const x = 1;'].join('\n');

  test('takes lines with a literal result, and the lines before them', async () => {
    const [example, ...others] = docExamples(
      docstring('@example', 'const two = 1 + 1;', 'two * 3 // 6', "[two] // [2, 'no']", '@returns a sum'),
    );
    expect(others).toEqual([]);
    expect(example?.line).toBe(4);
    expect(example?.program.split('\n').slice(0, 2)).toEqual(['const two = 1 + 1;', 'check((two * 3), (6));']);
    await expect(run(example?.program ?? '', {})).rejects.toThrow("[ 2, 'no' ]");
  });

  test('takes objects, negative numbers, undefined and awaited values', async () => {
    const [example] = docExamples(docstring('@example', '({ a: -f(1 as number) }) // { a: -2 }', 'await g() // undefined'));
    expect(await run(example?.program ?? '', { f: (n: number) => n + 1, g: async () => undefined })).toBe(2);
  });

  test('leaves sketches alone', () => {
    expect(docExamples(docstring('@example', 'stream.filter(f => f.ok) // keeps the good', 'stream.map(f) // a type'))).toEqual([]);
    expect(docExamples(docstring('Five: f(2) // 5'))).toEqual([]);
  });
});
