import type { SchemaElement } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { JsonSchema } from '../../../src/types/schema.ts';
import { fileOf, parquetBytes, readParquet } from '../../support/parquet-files.ts';

type Kind = 'string' | 'number' | 'integer' | 'int64' | 'boolean';

const schemaOf = (kind: Kind): JsonSchema => ({
  type: 'object',
  properties: { v: kind === 'int64' ? { type: 'integer', format: 'int64' } : { type: kind } },
  required: ['v'],
});

const NOON = Date.UTC(2001, 0, 17, 12);
const MAX_INT64 = 2n ** 63n - 1n;
const leaf = (element: Omit<SchemaElement, 'name' | 'repetition_type'>): SchemaElement => ({
  name: 'v',
  repetition_type: 'OPTIONAL',
  ...element,
});
const bytes = (...values: number[]) => Uint8Array.from(values);

interface Case {
  name: string;
  element: SchemaElement;
  written: unknown[];
  /** What is read without a schema. */
  read: unknown[];
  /** What is read where the schema asks for a kind. */
  as?: Partial<Record<Kind, unknown[]>>;
}

const int64 = leaf({ type: 'INT64' });
const cases: Case[] = [
  { name: 'BOOLEAN', element: leaf({ type: 'BOOLEAN' }), written: [true, false], read: [true, false], as: { boolean: [true, false] } },
  {
    name: 'INT32',
    element: leaf({ type: 'INT32' }),
    written: [-1, 2 ** 31 - 1],
    read: [-1, 2 ** 31 - 1],
    as: { integer: [-1, 2 ** 31 - 1], number: [-1, 2 ** 31 - 1], int64: [-1n, 2n ** 31n - 1n] },
  },
  {
    name: 'UINT_32',
    element: leaf({ type: 'INT32', converted_type: 'UINT_32' }),
    written: [0, 2 ** 32 - 1],
    read: [0, 2 ** 32 - 1],
    as: { int64: [0n, 2n ** 32n - 1n] },
  },
  {
    name: 'INT64 within doubles',
    element: int64,
    written: [5n, -(2n ** 53n) + 1n, 2n ** 53n - 1n],
    read: [5, -(2 ** 53) + 1, 2 ** 53 - 1],
    as: { integer: [5, -(2 ** 53) + 1, 2 ** 53 - 1], int64: [5n, -(2n ** 53n) + 1n, 2n ** 53n - 1n] },
  },
  {
    name: 'INT64 beyond doubles',
    element: int64,
    written: [2n ** 53n, -(2n ** 53n), MAX_INT64, -MAX_INT64 - 1n],
    read: [2n ** 53n, -(2n ** 53n), MAX_INT64, -MAX_INT64 - 1n],
    as: { number: [2 ** 53, -(2 ** 53), 2 ** 63, -(2 ** 63)], int64: [2n ** 53n, -(2n ** 53n), MAX_INT64, -MAX_INT64 - 1n] },
  },
  {
    name: 'UINT_64',
    element: leaf({ type: 'INT64', converted_type: 'UINT_64' }),
    written: [1n, 2n ** 64n - 1n],
    read: [1, 2n ** 64n - 1n],
    as: { number: [1, 2 ** 64] },
  },
  { name: 'FLOAT', element: leaf({ type: 'FLOAT' }), written: [0.5, -Infinity], read: [0.5, -Infinity], as: { number: [0.5, -Infinity] } },
  { name: 'DOUBLE', element: leaf({ type: 'DOUBLE' }), written: [0.1, NaN], read: [0.1, NaN], as: { number: [0.1, NaN] } },
  {
    name: 'FLOAT16',
    element: leaf({ type: 'FIXED_LEN_BYTE_ARRAY', type_length: 2, logical_type: { type: 'FLOAT16' } }),
    written: [1.5, -2, 2 ** -24, Infinity, NaN, 65504],
    read: [1.5, -2, 2 ** -24, Infinity, NaN, 65504],
  },
  {
    name: 'STRING',
    element: leaf({ type: 'BYTE_ARRAY', converted_type: 'UTF8' }),
    written: ['a', '', 'żółw 🐢'],
    read: ['a', '', 'żółw 🐢'],
    as: { string: ['a', '', 'żółw 🐢'] },
  },
  { name: 'ENUM', element: leaf({ type: 'BYTE_ARRAY', converted_type: 'ENUM' }), written: [Buffer.from('RED')], read: ['RED'] },
  {
    name: 'bytes that are not marked',
    element: leaf({ type: 'BYTE_ARRAY' }),
    written: [bytes(0x61, 0x62), bytes()],
    read: [bytes(0x61, 0x62), bytes()],
    as: { string: ['ab', ''] },
  },
  {
    name: 'fixed bytes',
    element: leaf({ type: 'FIXED_LEN_BYTE_ARRAY', type_length: 3 }),
    written: [bytes(1, 2, 3)],
    read: [bytes(1, 2, 3)],
  },
  {
    name: 'JSON',
    element: leaf({ type: 'BYTE_ARRAY', converted_type: 'JSON' }),
    written: [{ a: [1, null] }, 'x'],
    read: [{ a: [1, null] }, 'x'],
  },
  {
    name: 'UUID',
    element: leaf({ type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, logical_type: { type: 'UUID' } }),
    written: ['01234567-89ab-cdef-0123-456789abcdef'],
    read: ['01234567-89ab-cdef-0123-456789abcdef'],
    as: { string: ['01234567-89ab-cdef-0123-456789abcdef'] },
  },
  {
    name: 'DATE',
    element: leaf({ type: 'INT32', converted_type: 'DATE' }),
    written: [11_339, -1],
    read: [new Date('2001-01-17'), new Date('1969-12-31')],
    as: { number: [11_339 * 86_400_000, -86_400_000], string: ['2001-01-17T00:00:00.000Z', '1969-12-31T00:00:00.000Z'] },
  },
  {
    name: 'TIMESTAMP_MILLIS',
    element: leaf({ type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' }),
    written: [BigInt(NOON), -1n, 253_402_300_799_999n],
    read: [new Date(NOON), new Date(-1), new Date('9999-12-31T23:59:59.999Z')],
    as: {
      number: [NOON, -1, 253_402_300_799_999],
      integer: [NOON, -1, 253_402_300_799_999],
      int64: [BigInt(NOON), -1n, 253_402_300_799_999n],
    },
  },
  {
    name: 'TIMESTAMP_MICROS, rounded down',
    element: leaf({ type: 'INT64', converted_type: 'TIMESTAMP_MICROS' }),
    written: [BigInt(NOON) * 1000n + 999n, -1n, -1000n, 2n ** 53n * 1000n + 999n],
    read: [new Date(NOON), new Date(-1), new Date(-1), new Date(NaN)],
    as: { number: [NOON, -1, -1, 2 ** 53] },
  },
  {
    name: 'TIMESTAMP of nanoseconds, rounded down',
    element: leaf({ type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'NANOS' } }),
    written: [BigInt(NOON) * 1_000_000n + 1n, -1n],
    read: [new Date(NOON), new Date(-1)],
    as: { number: [NOON, -1] },
  },
  {
    name: 'DECIMAL in INT32',
    element: leaf({ type: 'INT32', converted_type: 'DECIMAL', scale: 2, precision: 9 }),
    written: [0.35, -1.1],
    read: [0.35, -1.1],
    as: { number: [0.35, -1.1] },
  },
  {
    name: 'DECIMAL in INT64',
    element: leaf({ type: 'INT64', converted_type: 'DECIMAL', scale: 3, precision: 18 }),
    written: [0.057, 1e12],
    read: [0.057, 1e12],
  },
  {
    name: 'DECIMAL in bytes',
    element: leaf({ type: 'FIXED_LEN_BYTE_ARRAY', type_length: 9, converted_type: 'DECIMAL', scale: 2, precision: 20 }),
    written: [-12.34, 0],
    read: [-12.34, 0],
  },
  {
    name: 'GEOMETRY',
    element: leaf({ type: 'BYTE_ARRAY', logical_type: { type: 'GEOMETRY' } }),
    written: [{ type: 'Point', coordinates: [1.5, -2] }],
    read: [{ type: 'Point', coordinates: [1.5, -2] }],
  },
  { name: 'TIME_MILLIS', element: leaf({ type: 'INT32', converted_type: 'TIME_MILLIS' }), written: [43_200_000], read: [43_200_000] },
];

describe('values of a column', () => {
  for (const { name, element, written, read, as = {} } of cases) {
    test(`${name}`, async () => {
      // Twice, so that they are in a dictionary too, and among nulls.
      for (const times of [1, 20]) {
        const repeat = (values: unknown[]) => Array.from({ length: times }, () => [null, ...values]).flat();
        const path = await fileOf(parquetBytes([{ element, data: repeat(written) }]));
        expect((await readParquet(path)).values).toEqual(repeat(read).map(v => ({ v })));
        for (const [kind, expected] of Object.entries(as)) {
          const run = await readParquet(path, { schema: schemaOf(kind as Kind) });
          expect(run.values, kind).toEqual(
            expected.length === 0 ? [] : Array.from({ length: times }, () => expected.map(v => ({ v }))).flat(),
          );
          // The nulls, which the schema does not allow.
          expect(run.rejects.map(({ reason, position }) => [reason, position])).toEqual(
            Array.from({ length: times }, (_, i) => ['invalid', i * (written.length + 1)]),
          );
        }
      }
    });
  }

  test('are rejected one by one where the schema asks for integers that a double holds', async () => {
    const path = await fileOf(parquetBytes([{ element: int64, data: [1n, 2n ** 53n, 3n] }]));
    const run = await readParquet(path, { schema: schemaOf('integer') });
    expect(run.records.map(({ value, position }) => [value, position])).toEqual([
      [{ v: 1 }, 0],
      [{ v: 3 }, 2],
    ]);
    expect(run.rejects).toEqual([
      {
        reason: 'invalid',
        message: 'v: expected integer within 2^53, got 9007199254740992n',
        bytes: undefined,
        position: 1,
        value: { v: 2n ** 53n },
        split: path,
      },
    ]);
  });

  test('of zod schemas: dates, numbers, and numbers for times', async () => {
    const path = await fileOf(
      parquetBytes([
        {
          element: { name: 'at', type: 'INT64', converted_type: 'TIMESTAMP_MICROS', repetition_type: 'OPTIONAL' },
          data: [BigInt(NOON) * 1000n],
        },
        { element: { name: 'n', type: 'INT64', repetition_type: 'OPTIONAL' }, data: [7n] },
      ]),
    );
    expect((await readParquet(path, { schema: z.object({ at: z.date(), n: z.number() }) })).values).toEqual([{ at: new Date(NOON), n: 7 }]);
    expect((await readParquet(path, { schema: z.object({ at: z.number(), n: z.int() }) })).values).toEqual([{ at: NOON, n: 7 }]);
    expect((await readParquet(path, { schema: z.object({ at: z.iso.datetime(), n: z.coerce.bigint() }) })).values).toEqual([
      { at: new Date(NOON).toISOString(), n: 7n },
    ]);
  });

  test('are records of their own where they can be changed', async () => {
    const data = Array.from({ length: 100 }, () => BigInt(NOON));
    const path = await fileOf(
      parquetBytes([{ element: leaf({ type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' }), data, encoding: 'RLE_DICTIONARY' }]),
    );
    const dates = (await readParquet(path)).values.map(row => (row as { v: Date }).v);
    expect(new Set(dates).size).toBe(100);
  });

  test('that are not what the column says are rejected with their bytes', async () => {
    const texts = leaf({ type: 'BYTE_ARRAY' });
    const plain = parquetBytes([{ element: texts, data: [Buffer.from('ab'), Buffer.from([0xff, 0x62]), null, Buffer.from('\ufffd')] }]);
    const schema = { type: 'object', properties: { v: { type: ['string', 'null'] } }, required: ['v'] } as const;
    const run = await readParquet(await fileOf(plain), { schema });
    expect(run.values).toEqual([{ v: 'ab' }, { v: null }, { v: '\ufffd' }]);
    expect(run.rejects).toMatchObject([{ reason: 'undecodable', message: 'v: not UTF-8', bytes: bytes(0xff, 0x62), position: 1 }]);

    const json = { ...texts, logical_type: { type: 'JSON' } } as const;
    const broken = await readParquet(
      await fileOf(parquetBytes([{ element: json, data: ['{"a":1}', '{"a":', 'null'].map(t => Buffer.from(t)) }])),
    );
    expect(broken.values).toEqual([{ v: { a: 1 } }, { v: null }]);
    expect(broken.rejects).toMatchObject([{ reason: 'undecodable', position: 1 }]);
    expect(Buffer.from(broken.rejects[0]!.bytes!).toString()).toBe('{"a":');
  });
});
