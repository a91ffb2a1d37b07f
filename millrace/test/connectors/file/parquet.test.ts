import { createRequire } from 'node:module';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { parquetReadObjects } from 'hyparquet';
import { type BasicType, type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { file } from '../../../src/connectors/file/index.ts';
import type { JsonSchema } from '../../../src/types/schema.ts';
import { readAll, SourceHarness } from '../../support/source-harness.ts';
import { tempDir } from '../../support/temp-dir.ts';

const flightsPath = join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '../data/flights-3m.parquet');

const Flight = {
  type: 'object',
  properties: { date: { type: 'integer' }, delay: { type: ['integer', 'null'] }, origin: { type: 'string' } },
  required: ['date', 'delay', 'origin'],
} as const;

async function parquetOf(
  columnData: ColumnSource[],
  options: { rowGroupSize?: number; pageSize?: number; codec?: 'UNCOMPRESSED' | 'SNAPPY' } = {},
): Promise<string> {
  const path = join(await tempDir(), 'data.parquet');
  await writeFile(path, new Uint8Array(parquetWriteBuffer({ columnData, ...options })));
  return path;
}

const column = (name: string, type: BasicType, data: unknown[], more: Partial<ColumnSource> = {}): ColumnSource => ({
  name,
  type,
  data: data as never,
  ...more,
});
const objectOf = (properties: Record<string, JsonSchema>, required = Object.keys(properties)): JsonSchema => ({
  type: 'object',
  properties,
  required,
});

describe('three million real flights', () => {
  test('are read to the last, with the columns that the schema declares', async () => {
    const run = new SourceHarness(file({ path: flightsPath, schema: Flight }), { capacity: 65_536 });
    await run.finish();
    expect(run.records.length).toBe(3_000_000);
    expect(run.rejects).toEqual([]);
    expect(run.records[0]).toEqual({
      value: { date: Date.UTC(2001, 0, 1, 0, 1), delay: 33, origin: 'LAS' },
      time: NaN,
      position: 0,
      split: flightsPath,
    });
    expect(run.records.at(-1)!.position).toBe(2_999_999);
    expect(run.values.reduce((sum, flight) => sum + (flight.delay ?? 0), 0)).toBe(20_003_603);
  });

  test('are what another reader makes of them', async () => {
    const rowStart = 272_700;
    const rowEnd = 272_760;
    const bytes = await readFile(flightsPath);
    const { zstdDecompressSync } = await import('node:zlib');
    const expected = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
      rowStart,
      rowEnd,
      compressors: { ZSTD: packed => zstdDecompressSync(packed) },
    });
    const run = new SourceHarness(file({ path: flightsPath }), { positions: new Map([[flightsPath, rowStart]]), capacity: 60 });
    await run.until(() => run.records.length >= 60);
    await run.stop();
    const bigints = (record: object) =>
      Object.fromEntries(
        Object.entries(record).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : (value as unknown)]),
      );
    expect(run.values.slice(0, 60)).toEqual(expected.map(bigints));
  });
});

describe('values of Parquet', () => {
  test('without a schema are what their columns are', async () => {
    const at = new Date(1_600_000_000_123);
    const path = await parquetOf([
      column('n', 'DOUBLE', [1.5, null]),
      column('f', 'FLOAT', [0.5, null]),
      column('i', 'INT32', [1, null]),
      column('l', 'INT64', [5n, 2n ** 60n]),
      column('s', 'STRING', ['ü', null]),
      column('b', 'BOOLEAN', [true, null]),
      column('t', 'TIMESTAMP', [at, null]),
      column('j', 'JSON', [{ a: [1] }, null]),
      column('u', 'UUID', ['01234567-89ab-cdef-0123-456789abcdef', null]),
    ]);
    expect((await readAll(file({ path }))).values).toEqual([
      { n: 1.5, f: 0.5, i: 1, l: 5, s: 'ü', b: true, t: at, j: { a: [1] }, u: '01234567-89ab-cdef-0123-456789abcdef' },
      { n: null, f: null, i: null, l: 2n ** 60n, s: null, b: null, t: null, j: null, u: null },
    ]);
  });

  test.each<[string, BasicType, unknown, JsonSchema, unknown]>([
    ['a double', 'DOUBLE', 1.5, { type: 'number' }, 1.5],
    ['a whole double', 'DOUBLE', 2, { type: 'integer' }, 2],
    ['a float', 'FLOAT', 0.25, { type: 'number' }, 0.25],
    ['32 bits', 'INT32', -7, { type: 'integer' }, -7],
    ['32 bits as 64', 'INT32', -7, { type: 'integer', format: 'int64' }, -7n],
    ['64 bits', 'INT64', 2n ** 53n - 1n, { type: 'integer' }, 2 ** 53 - 1],
    ['64 bits as a double', 'INT64', 2n ** 53n + 1n, { type: 'number' }, 2 ** 53],
    ['64 bits exactly', 'INT64', 2n ** 53n + 1n, { type: 'integer', format: 'int64' }, 2n ** 53n + 1n],
    ['negative 64 bits', 'INT64', -5n, { type: 'number' }, -5],
    ['an instant as a number', 'TIMESTAMP', new Date(1234), { type: 'number' }, 1234],
    ['an instant before 1970', 'TIMESTAMP', new Date(-1), { type: 'integer' }, -1],
    ['an instant as 64 bits', 'TIMESTAMP', new Date(1234), { type: 'integer', format: 'int64' }, 1234n],
    ['an instant as it is', 'TIMESTAMP', new Date(1234), {}, new Date(1234)],
    ['text', 'STRING', 'x', { type: 'string' }, 'x'],
    ['a boolean', 'BOOLEAN', false, { type: 'boolean' }, false],
    ['JSON as a list', 'JSON', [1, 2], { type: 'array', items: { type: 'integer', format: 'int64' } }, [1n, 2n]],
    ['JSON as an object', 'JSON', { a: 1, more: 2 }, objectOf({ a: { type: 'number' } }), { a: 1 }],
  ])('with a schema are converted: %s', async (_, type, value, schema, expected) => {
    const path = await parquetOf([column('x', type, [value]), column('y', type, [value, null].slice(0, 1))]);
    const run = await readAll(file({ path, schema: objectOf({ x: schema }) }));
    expect(run.rejects).toEqual([]);
    expect(run.values).toEqual([{ x: expected }]);
  });

  test('are null, absent or invalid as the schema says', async () => {
    const path = await parquetOf([column('a', 'INT32', [1, null]), column('b', 'STRING', ['x', null]), column('c', 'DOUBLE', [1, null])]);
    const schema = objectOf({ a: { type: ['integer', 'null'] }, b: { type: 'string' } }, ['a']);
    expect((await readAll(file({ path, schema }))).values).toStrictEqual([{ a: 1, b: 'x' }, { a: null }]);
    const strict = await readAll(file({ path, schema: objectOf({ c: { type: 'number' } }) }));
    expect(strict.values).toEqual([{ c: 1 }]);
    expect(strict.rejects).toMatchObject([{ reason: 'invalid', message: 'c: expected number, got null', position: 1, value: { c: null } }]);
  });

  test('that do not fit are rejected one by one', async () => {
    const path = await parquetOf([column('n', 'DOUBLE', [1, 1.5, 3]), column('l', 'INT64', [1n, 2n, 2n ** 60n])]);
    const { values, rejects } = await readAll(
      file({ path, schema: objectOf({ n: { type: 'integer', maximum: 5 }, l: { type: 'integer' } }) }),
    );
    expect(values).toEqual([{ n: 1, l: 1 }]);
    expect(rejects.map(reject => [reject.position, reject.message])).toEqual([
      [1, 'n: expected integer within 2^53, got 1.5'],
      [2, 'l: expected integer within 2^53, got 1152921504606846976n'],
    ]);
  });

  test('follow a Standard Schema', async () => {
    const path = await parquetOf([
      column('at', 'TIMESTAMP', [new Date(5), new Date(6)]),
      column('n', 'INT64', [1n, -1n]),
      column('s', 'STRING', ['x', 'y']),
    ]);
    const Zod = z.object({ at: z.date(), n: z.number().positive() });
    const zod = await readAll(file({ path, schema: Zod }));
    expect(zod.values).toEqual([{ at: new Date(5), n: 1 }]);
    expect(zod.rejects).toMatchObject([{ reason: 'invalid', position: 1 }]);
    const Valibot = v.object({ s: v.string(), n: v.number() });
    expect((await readAll(file({ path, schema: Valibot }))).values).toEqual([
      { s: 'x', n: 1 },
      { s: 'y', n: -1 },
    ]);
  });

  test('are objects of their own in each record', async () => {
    const path = await parquetOf([column('t', 'TIMESTAMP', Array(100).fill(new Date(5))), column('j', 'JSON', Array(100).fill({ a: 1 }))]);
    const { values } = await readAll(file({ path, schema: z.object({ t: z.date(), j: z.unknown() }) }));
    expect(new Set(values.map(record => record.t)).size).toBe(100);
    expect(new Set(values.map(record => record.j)).size).toBe(100);
  });

  test('may be lists', async () => {
    const path = join(await tempDir(), 'list.parquet');
    const buffer = parquetWriteBuffer({
      columnData: [
        { name: 'id', data: [1, 2, 3] as never },
        { name: 'l', data: [[1n, 2n], [], [3n]] as never },
      ],
      schema: [
        { name: 'root', num_children: 2 },
        { name: 'id', type: 'INT32', repetition_type: 'REQUIRED' },
        { name: 'l', converted_type: 'LIST', repetition_type: 'OPTIONAL', num_children: 1 },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', type: 'INT64', repetition_type: 'OPTIONAL' },
      ],
    });
    await writeFile(path, new Uint8Array(buffer));
    const schema = objectOf({ id: { type: 'integer' }, l: { type: 'array', items: { type: 'integer' } } });
    expect((await readAll(file({ path, schema }))).values).toEqual([
      { id: 1, l: [1, 2] },
      { id: 2, l: [] },
      { id: 3, l: [3] },
    ]);
  });

  test('are read whatever their encodings, codecs, pages and row groups', async () => {
    const value = {
      n: fc.option(fc.double({ noNaN: true })),
      s: fc.option(fc.string({ unit: 'grapheme', maxLength: 6 })),
      b: fc.option(fc.boolean()),
      l: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    };
    const nullable = (type: 'number' | 'string' | 'boolean'): JsonSchema => ({ type: [type, 'null'] });
    const schema = objectOf({
      n: nullable('number'),
      s: nullable('string'),
      b: nullable('boolean'),
      l: { type: ['integer', 'null'], format: 'int64' },
    });
    const encodings = fc.record({
      n: fc.constantFrom('PLAIN', 'RLE_DICTIONARY', 'BYTE_STREAM_SPLIT', undefined),
      s: fc.constantFrom('PLAIN', 'RLE_DICTIONARY', 'DELTA_BYTE_ARRAY', 'DELTA_LENGTH_BYTE_ARRAY', undefined),
      b: fc.constantFrom('PLAIN', 'RLE', undefined),
      l: fc.constantFrom('PLAIN', 'RLE_DICTIONARY', 'DELTA_BINARY_PACKED', undefined),
    } as const);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record(value), { minLength: 1, maxLength: 200 }),
        encodings,
        fc.constantFrom('UNCOMPRESSED' as const, 'SNAPPY' as const),
        fc.integer({ min: 1, max: 100 }),
        fc.constantFrom(16, 100, 100_000),
        async (rows, encoding, codec, rowGroupSize, pageSize) => {
          const types = { n: 'DOUBLE', s: 'STRING', b: 'BOOLEAN', l: 'INT64' } as const;
          const names = ['n', 's', 'b', 'l'] as const;
          const columns = names.map(name =>
            column(
              name,
              types[name],
              rows.map(row => row[name]),
              { encoding: encoding[name] },
            ),
          );
          const path = await parquetOf(columns, { codec, rowGroupSize, pageSize });
          const run = await readAll(file({ path, schema }), { capacity: 37 });
          expect(run.values).toEqual(rows);
          expect(run.records.map(record => record.position)).toEqual(rows.map((_, i) => i));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('going on in a Parquet file', () => {
  test('reads the rows after the position, in whatever row group they are', async () => {
    const path = await parquetOf(
      [
        column(
          'i',
          'INT32',
          Array.from({ length: 100 }, (_, i) => i),
        ),
      ],
      { rowGroupSize: 30 },
    );
    for (const stopAt of [0, 7, 30, 65, 99, 100]) {
      const first = new SourceHarness(file({ path, schema: objectOf({ i: { type: 'integer' } }) }), { capacity: 1 });
      await first.until(() => first.positions().size > 0 && first.records.length >= stopAt);
      const positions = first.positions();
      await first.stop();
      const second = await readAll(file({ path, schema: objectOf({ i: { type: 'integer' } }) }), { positions });
      expect([...first.values, ...second.values]).toEqual(Array.from({ length: 100 }, (_, i) => ({ i })));
    }
  });

  test('is refused when the file is another one', async () => {
    const path = await parquetOf([column('i', 'INT32', [1, 2, 3])]);
    const positions = new Map([[path, 4]]);
    await expect(readAll(file({ path }), { positions })).rejects.toThrow(expect.objectContaining({ code: 'FILE_CHANGED' }));
  });
});

describe('a Parquet file that cannot be read', () => {
  const code = (code: string) => expect.objectContaining({ code });

  test('because the schema asks for other columns', async () => {
    const path = await parquetOf([column('s', 'STRING', ['x']), column('n', 'DOUBLE', [1])]);
    const reading = (schema: JsonSchema) => expect(readAll(file({ path, schema }))).rejects;
    await reading(objectOf({ other: { type: 'string' } })).toThrow(/SCHEMA_COLUMNS[^]*a column 'other'[^]*'s', 'n'/);
    expect((await readAll(file({ path, schema: objectOf({ other: { type: 'string' }, n: { type: 'number' } }, ['n']) }))).values).toEqual([
      { n: 1 },
    ]);
  });

  test('because it is empty, no Parquet file, or has lost its end', async () => {
    const dir = await tempDir();
    const whole = await readFile(flightsPath);
    for (const [name, bytes] of [
      ['empty', ''],
      ['text', 'this is no Parquet file at all'],
      ['cut', whole.subarray(0, 1_000_000)],
      ['end', whole.subarray(-1_000_000)],
    ] as const) {
      const path = join(dir, `${name}.parquet`);
      await writeFile(path, bytes);
      await expect(readAll(file({ path }))).rejects.toThrow(code('FILE_CORRUPT'));
      await expect(readAll(file({ path }))).rejects.toThrow(path);
    }
  });

  test('because it is damaged anywhere: it is an error, or each row is a record or a reject', async () => {
    const rows = 300;
    const path = await parquetOf(
      [
        column(
          'i',
          'INT32',
          Array.from({ length: rows }, (_, i) => i % 50),
        ),
        column(
          's',
          'STRING',
          Array.from({ length: rows }, (_, i) => (i % 9 === 0 ? null : `text ${i % 20}`)),
        ),
      ],
      { rowGroupSize: 100 },
    );
    const sound = await readFile(path);
    await fc.assert(
      fc.asyncProperty(fc.nat(sound.length - 1), fc.integer({ min: 1, max: 255 }), async (where, change) => {
        const damaged = Buffer.from(sound);
        damaged[where]! ^= change;
        await writeFile(path, damaged);
        let seen = rows;
        try {
          const run = await readAll(file({ path }));
          seen = run.records.length + run.rejects.length;
        } catch (error) {
          expect(error).toMatchObject({ name: 'MillraceError' });
        }
        expect(seen).toBe(rows);
      }),
      { numRuns: 300 },
    );
  });

  test('because its codec is not known', async () => {
    const path = join(await tempDir(), 'lz4.parquet');
    const columnData = [column('i', 'INT32', [1, 2, 3], { codec: 'LZ4_RAW' })];
    await writeFile(path, new Uint8Array(parquetWriteBuffer({ columnData, compressors: { LZ4_RAW: bytes => bytes } })));
    await expect(readAll(file({ path }))).rejects.toThrow(/LZ4_RAW/);
  });
});
