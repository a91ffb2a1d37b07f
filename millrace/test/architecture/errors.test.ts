import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { errorsPage } from '../../../scripts/errors-doc.ts';
import { errorCatalogue } from '../../src/base/error-catalogue.ts';
import { sourceFiles, syntaxNodes } from './source-files.ts';

const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
const codes = Object.keys(errorCatalogue);

test('docs/errors.md lists the codes of the catalogue and no others', () => {
  const documented = [...page.matchAll(/^## ([A-Z][A-Z0-9_]+)$/gm)].map(match => match[1]);
  expect(documented, 'run `npm run docs:errors`').toEqual(codes);
});

test('docs/errors.md says what the catalogue says', () => {
  expect(page, 'run `npm run docs:errors`').toBe(errorsPage());
});

test('every code is used', () => {
  const used = new Set<unknown>();
  for (const [path, text] of sourceFiles()) {
    if (path === 'base/error-catalogue.ts') continue;
    for (const { node } of syntaxNodes(text)) if (node.type === 'Literal') used.add(node.value);
  }
  expect(codes.filter(code => !used.has(code))).toEqual([]);
});
