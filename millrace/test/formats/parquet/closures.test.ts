import { expect, test, vi } from 'vitest';
import { fileOf, parquetBytes, readParquet } from '../../support/parquet-files.ts';

vi.mock(import('../../../src/base/codegen.ts'), async original => ({
  ...(await original()),
  codeGenerationAllowed: () => false,
  compile: () => {
    throw new Error('code was generated');
  },
}));

test('rows are the same where code generation is forbidden', async () => {
  const optional = { repetition_type: 'OPTIONAL' } as const;
  const path = await fileOf(
    parquetBytes([
      { element: { name: 'a', type: 'INT32', ...optional }, data: [1, null] },
      { element: { name: '__proto__', type: 'BYTE_ARRAY', converted_type: 'UTF8', ...optional }, data: ['x', null] },
    ]),
  );
  const run = await readParquet(path);
  expect(run.values.map(row => Object.entries(row as object))).toEqual([
    [
      ['a', 1],
      ['__proto__', 'x'],
    ],
    [
      ['a', null],
      ['__proto__', null],
    ],
  ]);
});
