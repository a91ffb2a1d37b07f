import { describe, expect, test, vi } from 'vitest';
import type * as codegen from '../../src/base/codegen.ts';
import type { JsonSchema } from '../../src/types/schema.ts';

vi.mock('../../src/base/codegen.ts', async importOriginal => ({
  ...(await importOriginal<typeof codegen>()),
  codeGenerationAllowed: () => false,
  compile: () => {
    throw new Error('code was generated');
  },
}));

const { validator } = await import('../../src/types/schema.ts');
const { json } = await import('../../src/formats/json/index.ts');
const { valuesOf } = await import('../support/decode.ts');

const schema = {
  type: 'object',
  properties: { a: { type: 'string' }, b: { type: 'integer', minimum: 0 }, c: { type: 'boolean' } },
  required: ['a', 'b'],
} as const satisfies JsonSchema;

describe('where code generation is forbidden', () => {
  test('a JSON Schema is checked by closures, with the same results', () => {
    const validate = validator(schema);
    expect(validate({ a: 'x', b: 1, d: 2 })).toStrictEqual({ a: 'x', b: 1 });
    expect(validate({ c: true, b: 1, a: 'x' })).toStrictEqual({ a: 'x', b: 1, c: true });
    expect(() => validate({ a: 'x', b: -1 })).toThrow('b: expected at least 0, got -1');
    expect(() => validate({ b: 1 })).toThrow('a: expected a value, got nothing');
  });

  test('JSON Lines are decoded without it', () => {
    const lines = Array.from({ length: 50 }, (_, i) => `{"a":"x","b":${i},"z":[]}\n`).join('');
    expect(valuesOf(json({ schema }), lines)).toStrictEqual(Array.from({ length: 50 }, (_, b) => ({ a: 'x', b })));
  });
});
