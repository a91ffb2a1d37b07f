import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { planProgram } from './start-program.ts';

const folder = new URL('.', import.meta.url);
const names = readdirSync(folder, { withFileTypes: true })
  .filter(entry => entry.isDirectory() && entry.name !== 'node_modules' && entry.name !== 'out')
  .map(({ name }) => name);

test('every example is in docs/examples.md, and nothing else', () => {
  const page = readFileSync(new URL('../docs/examples.md', folder), 'utf8');
  const listed = [...page.matchAll(/\(\.\.\/examples\/([\w-]+)\/\1\.ts\)/g)].map(([, name]) => name);
  expect(new Set(listed)).toEqual(new Set(names));
});

// Node alone runs the one that embeds its pipeline.
test.each(names.filter(name => name !== 'embed'))('%s has a plan and says how it is run', async name => {
  const program = `${name}/${name}.ts`;
  const { code, stdout, stderr } = await planProgram(program).ended;
  expect(code, stderr).toBe(0);
  expect(stdout).toContain(`Pipeline ${name}:`);
  const comment = readFileSync(new URL(program, folder), 'utf8').split('\n\n')[0];
  expect(comment).toContain(`npm run millrace -- run examples/${program}`);
});
