import { appendFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import {
  asyncBufferFromFile,
  type CompressionCodec,
  type Encoding,
  parquetMetadata,
  parquetReadObjects,
  type SchemaElement,
} from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { MillraceError } from '../../../src/base/errors.ts';
import { checkCodec, decompressors } from '../../../src/formats/parquet/codecs.ts';
import { fileOf, parquetBytes, type ParquetColumn, parquetSource, readParquet } from '../../support/parquet-files.ts';
import { parquetV1 } from '../../support/parquet-v1.ts';
import { SourceHarness } from '../../support/source-harness.ts';
import { tempDir } from '../../support/temp-dir.ts';

const optional = { repetition_type: 'OPTIONAL' } as const;
const required = { repetition_type: 'REQUIRED' } as const;

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(MillraceError);
  return (error as MillraceError).code;
}

/** As hyparquet reads it, with the numbers and nulls of records. */
async function byHyparquet(bytes: Uint8Array): Promise<unknown[]> {
  const buffer = new Uint8Array(bytes).buffer;
  const file = { byteLength: buffer.byteLength, slice: (from: number, to?: number) => buffer.slice(from, to) };
  return (await parquetReadObjects({ file, compressors: decompressors, utf8: false })).map(plain);
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (value instanceof Date || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, plain(held)]));
  return value ?? null;
}

/** A nested column. */
function listOfTexts(name: string, data: unknown[]): ParquetColumn {
  const within: SchemaElement[] = [
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', type: 'BYTE_ARRAY', converted_type: 'UTF8', ...optional },
  ];
  return { element: { name, ...optional, num_children: 1, converted_type: 'LIST' }, within, data };
}

const columnKinds: { element: Omit<SchemaElement, 'name'>; value: fc.Arbitrary<unknown>; encodings: (Encoding | undefined)[] }[] = [
  { element: { type: 'BOOLEAN' }, value: fc.boolean(), encodings: [undefined, 'RLE', 'PLAIN'] },
  {
    element: { type: 'INT32' },
    value: fc.integer(),
    encodings: [undefined, 'PLAIN', 'RLE_DICTIONARY', 'DELTA_BINARY_PACKED', 'BYTE_STREAM_SPLIT'],
  },
  {
    element: { type: 'INT64' },
    value: fc.oneof(fc.bigInt({ min: -100n, max: 100n }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    encodings: [undefined, 'PLAIN', 'RLE_DICTIONARY', 'DELTA_BINARY_PACKED', 'BYTE_STREAM_SPLIT'],
  },
  { element: { type: 'DOUBLE' }, value: fc.double({ noDefaultInfinity: true }), encodings: [undefined, 'PLAIN', 'BYTE_STREAM_SPLIT'] },
  { element: { type: 'FLOAT' }, value: fc.float(), encodings: ['PLAIN', 'BYTE_STREAM_SPLIT'] },
  {
    element: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
    value: fc.oneof(fc.constantFrom('SEA', 'ANC', 'DFW'), fc.string({ unit: 'grapheme' })),
    encodings: [undefined, 'PLAIN', 'RLE_DICTIONARY', 'DELTA_LENGTH_BYTE_ARRAY', 'DELTA_BYTE_ARRAY'],
  },
  { element: { type: 'BYTE_ARRAY' }, value: fc.uint8Array({ maxLength: 9 }), encodings: [undefined, 'PLAIN', 'DELTA_BYTE_ARRAY'] },
  {
    element: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
    value: fc.date({ noInvalidDate: true }),
    encodings: [undefined, 'PLAIN', 'RLE_DICTIONARY'],
  },
];

const column = (name: string, rows: number): fc.Arbitrary<ParquetColumn> =>
  fc
    .record({ kind: fc.constantFrom(...columnKinds), nulls: fc.boolean(), repeats: fc.integer({ min: 1, max: 20 }) })
    .chain(({ kind, nulls, repeats }) =>
      fc
        .record({
          element: fc.constant({ name, ...kind.element, ...(nulls ? optional : required) }),
          // Values in runs, as sorted columns have them.
          data: fc
            .array(nulls ? fc.option(kind.value) : kind.value, {
              minLength: Math.ceil(rows / repeats),
              maxLength: Math.ceil(rows / repeats),
            })
            .map(values => values.flatMap(value => new Array<unknown>(repeats).fill(value)).slice(0, rows)),
          encoding: fc.constantFrom(...kind.encodings),
        })
        .map(({ element, data, encoding }) => ({ element, data, ...(encoding && { encoding }) })),
    );

const parquetFile = fc.integer({ min: 1, max: 200 }).chain(rows =>
  fc.record({
    columns: fc.tuple(column('a', rows), column('b', rows), column('c', rows)),
    codec: fc.constantFrom<CompressionCodec>('UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI', 'ZSTD'),
    rowGroupSize: fc.integer({ min: 1, max: 200 }),
    pageSize: fc.constantFrom(1, 50, 1_000_000),
    position: fc.nat(rows),
    capacity: fc.integer({ min: 1, max: 2000 }),
  }),
);

describe('rows', () => {
  test('are those that hyparquet reads, from any position on', async () => {
    const path = await fileOf('');
    await fc.assert(
      fc.asyncProperty(parquetFile, async ({ columns, position, capacity, ...options }) => {
        const bytes = parquetBytes(columns, options);
        await writeFile(path, bytes);
        const expected = await byHyparquet(bytes);
        const run = await readParquet(path, { position, capacity });
        expect(run.values).toEqual(expected.slice(position));
        expect(run.records.map(record => record.position)).toEqual(expected.slice(position).map((_, i) => position + i));
        expect(run.positions()).toEqual(new Map([[path, expected.length]]));
        expect(run.rejects).toEqual([]);
      }),
      { numRuns: 80 },
    );
  });

  test('of pages of the first version', async () => {
    const path = await fileOf('');
    const text: SchemaElement = { name: 'v', type: 'BYTE_ARRAY', converted_type: 'UTF8', ...optional };
    const letters = fc.constantFrom('a', 'b', 'c', 'żółw', 'longer text');
    const page = fc.record({ values: fc.array(fc.option(letters), { minLength: 1, maxLength: 50 }), indexed: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(page, { minLength: 1, maxLength: 5 }),
        fc.constantFrom<CompressionCodec>('GZIP', 'UNCOMPRESSED'),
        fc.nat(),
        async (pages, codec, start) => {
          await writeFile(path, parquetV1(text, pages, ['a', 'b', 'c', 'żółw', 'longer text'], codec));
          const expected = pages.flatMap(({ values }) => values).map(v => ({ v }));
          const position = start % (expected.length + 1);
          expect((await readParquet(path, { position })).values).toEqual(expected.slice(position));
        },
      ),
      { numRuns: 60 },
    );
    const flags = Array.from({ length: 40 }, (_, i) => (i % 7 === 0 ? null : i % 3 === 0));
    await writeFile(path, parquetV1({ name: 'v', type: 'BOOLEAN', ...optional }, [{ values: flags }, { values: [true, null] }]));
    expect((await readParquet(path)).values).toEqual([...flags, true, null].map(v => ({ v })));
    await writeFile(path, parquetV1({ name: 'v', type: 'INT32', ...required }, [{ values: [1, 2] }, { values: [3] }]));
    expect((await readParquet(path)).values).toEqual([1, 2, 3].map(v => ({ v })));
  });

  test('are read from columns that are larger than what is read at a time', async () => {
    const rows = 300_000;
    const numbers = Float64Array.from({ length: rows }, (_, i) => Math.sin(i));
    const texts = Array.from({ length: rows }, (_, i) => (i % 50_000 === 0 ? 'x'.repeat(1_500_000) : `row ${i}`));
    const columns: ParquetColumn[] = [
      { element: { name: 'small', type: 'DOUBLE', ...required }, data: numbers },
      { element: { name: 'large', type: 'DOUBLE', ...required }, data: numbers },
      { element: { name: 'text', type: 'BYTE_ARRAY', converted_type: 'UTF8', ...optional }, data: texts },
    ];
    const path = await fileOf(parquetBytes(columns, { rowGroupSize: 200_000, pageSize: 60_000 }));
    const harness = await readParquet(path);
    expect(harness.records.length).toBe(rows);
    for (let i = 0; i < rows; i++) {
      const row = harness.records[i]!.value as { small: number; large: number; text: string };
      if (row.small !== numbers[i] || row.large !== numbers[i] || row.text !== texts[i])
        expect({ i, row }).toEqual({ i, row: [numbers[i], texts[i]] });
    }
  });

  test('of a real file, which Polars has written', async () => {
    const path = join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '../data/flights-3m.parquet');
    const position = 2_995_000;
    const expected = await parquetReadObjects({ file: await asyncBufferFromFile(path), compressors: decompressors, rowStart: position });
    const schema = z.object({ date: z.date(), delay: z.number(), origin: z.string(), destination: z.string() });
    const run = await readParquet(path, { schema, position });
    expect(run.values.length).toBe(5000);
    expect(run.values).toEqual(
      expected.map(row => plain({ date: row.date, delay: row.delay, origin: row.origin, destination: row.destination })),
    );
    expect(run.rejects).toEqual([]);
  });

  test('have lists, maps and structs', async () => {
    const at = new Date('2001-01-17T12:00:00Z');
    const rows = Array.from({ length: 50 }, (_, i) => ({
      id: i,
      tags: i % 3 === 0 ? null : ['a', null, `t${i}`],
      place: i % 5 === 0 ? null : { at, count: i },
      counts: i % 7 === 0 ? null : { x: i, y: null },
    }));
    const columns: ParquetColumn[] = [
      { element: { name: 'id', type: 'INT64', ...required }, data: rows.map(row => BigInt(row.id)) },
      listOfTexts(
        'tags',
        rows.map(row => row.tags),
      ),
      {
        element: { name: 'place', ...optional, num_children: 2 },
        within: [
          { name: 'at', type: 'INT64', converted_type: 'TIMESTAMP_MICROS', ...optional },
          { name: 'count', type: 'INT64', ...optional },
        ],
        data: rows.map(row => row.place && { ...row.place, count: BigInt(row.place.count) }),
      },
      {
        element: { name: 'counts', ...optional, num_children: 1, converted_type: 'MAP' },
        within: [
          { name: 'key_value', repetition_type: 'REPEATED', num_children: 2 },
          { name: 'key', type: 'BYTE_ARRAY', converted_type: 'UTF8', ...required },
          { name: 'value', type: 'INT64', ...optional },
        ],
        data: rows.map(row => row.counts && { x: BigInt(row.counts.x), y: null }),
      },
    ];
    const path = await fileOf(parquetBytes(columns, { rowGroupSize: 20 }));
    expect((await readParquet(path)).values).toEqual(rows);
    expect((await readParquet(path, { position: 27, capacity: 4 })).values).toEqual(rows.slice(27));
    const schema = z.object({
      id: z.number(),
      tags: z.array(z.string().nullable()).nullable(),
      place: z.object({ count: z.number() }).nullable(),
    });
    expect((await readParquet(path, { schema })).values).toEqual(
      rows.map(({ id, tags, place }) => ({ id, tags, place: place && { count: place.count } })),
    );
  });

  test('with lists are rejected when a text within is not UTF-8', async () => {
    const data = [['a'], ['b', Buffer.from([0xff])], null, [null]];
    const run = await readParquet(await fileOf(parquetBytes([listOfTexts('tags', data)])));
    expect(run.records.map(({ value, position }) => [value, position])).toEqual([
      [{ tags: ['a'] }, 0],
      [{ tags: null }, 2],
      [{ tags: [null] }, 3],
    ]);
    expect(run.rejects).toMatchObject([{ reason: 'undecodable', message: 'tags: not UTF-8', bytes: Uint8Array.of(0xff), position: 1 }]);
  });

  test('have maps of keys that are not marked as text', async () => {
    const column: ParquetColumn = {
      element: { name: 'm', ...optional, num_children: 1, converted_type: 'MAP' },
      within: [
        { name: 'key_value', repetition_type: 'REPEATED', num_children: 2 },
        { name: 'key', type: 'BYTE_ARRAY', ...required },
        { name: 'value', type: 'BYTE_ARRAY', ...optional },
      ],
      data: [new Map([[Buffer.from('k'), Buffer.from('v')]])],
    };
    expect((await readParquet(await fileOf(parquetBytes([column])))).values).toEqual([{ m: { k: Uint8Array.of(0x76) } }]);
  });

  test('that are all rejected leave time for others', async () => {
    const path = await fileOf(
      parquetBytes([{ element: { name: 'v', type: 'INT32', ...required }, data: Int32Array.from({ length: 5000 }) }]),
    );
    const run = new SourceHarness(parquetSource(path, z.object({ v: z.string() })), { capacity: 100 });
    await run.until(() => run.rejects.length > 0);
    expect(run.rejects.length).toBe(100);
    await run.finish();
    expect(run.rejects.length).toBe(5000);
    expect(run.records).toEqual([]);
  });
});

describe('the columns that are read', () => {
  const columns: ParquetColumn[] = [
    { element: { name: 'origin', type: 'BYTE_ARRAY', converted_type: 'UTF8', ...optional }, data: ['SEA', null, 'DFW'] },
    { element: { name: 'delay', type: 'INT64', ...optional }, data: [5n, 7n, null] },
    { element: { name: '__proto__', type: 'INT32', ...required }, data: [1, 2, 3] },
  ];
  const file = () => fileOf(parquetBytes(columns));

  test('are those of the schema, in its order', async () => {
    const schema = {
      type: 'object',
      properties: { delay: { type: ['number', 'null'] }, origin: { type: ['string', 'null'] } },
      required: ['delay', 'origin'],
    } as const;
    const run = await readParquet(await file(), { schema });
    expect(run.values).toEqual([
      { delay: 5, origin: 'SEA' },
      { delay: 7, origin: null },
      { delay: null, origin: 'DFW' },
    ]);
    expect(Object.keys(run.values[1] as object)).toEqual(['delay', 'origin']);
  });

  test('may be missing or null where a field is optional', async () => {
    const schema = {
      type: 'object',
      properties: { delay: { type: 'number' }, gate: { type: 'string' }, origin: { type: 'string' } },
    } as const;
    const run = await readParquet(await file(), { schema });
    expect(run.values).toEqual([{ delay: 5, origin: 'SEA' }, { delay: 7 }, { origin: 'DFW' }]);
    const zod = z.object({ delay: z.number().optional(), gate: z.string().optional(), origin: z.string().nullish() });
    expect((await readParquet(await file(), { schema: zod })).values).toEqual([
      { delay: 5, origin: 'SEA' },
      { delay: 7, origin: null },
      { origin: 'DFW' },
    ]);
  });

  test('are all of them without a structure, fields named __proto__ included', async () => {
    const run = await readParquet(await file());
    expect(run.values.map(row => Object.entries(row as object))).toEqual([
      [
        ['origin', 'SEA'],
        ['delay', 5],
        ['__proto__', 1],
      ],
      [
        ['origin', null],
        ['delay', 7],
        ['__proto__', 2],
      ],
      [
        ['origin', 'DFW'],
        ['delay', null],
        ['__proto__', 3],
      ],
    ]);
    const keep = {
      type: 'object',
      properties: { delay: { type: ['number', 'null'] } },
      required: ['delay'],
      additionalProperties: { type: ['string', 'integer'] },
    } as const;
    const kept = await readParquet(await file(), { schema: keep });
    expect(kept.records.map(({ position }) => position)).toEqual([0, 2]);
    expect(kept.rejects).toMatchObject([{ reason: 'invalid', position: 1 }]);
  });

  test('must be there where a field is required', async () => {
    const schema = { type: 'object', properties: { orign: { type: 'string' } }, required: ['orign'] } as const;
    await expect(readParquet(await file(), { schema })).rejects.toMatchObject({
      code: 'SCHEMA_COLUMNS',
      details: { expected: "a column 'orign'", got: "'origin', 'delay', '__proto__'", hint: "did you mean 'origin'?" },
    });
    await expect(readParquet(await file(), { schema: z.strictObject({ origin: z.string() }) })).rejects.toMatchObject({
      code: 'SCHEMA_COLUMNS',
      details: { expected: "no columns but 'origin'", got: "'delay', '__proto__'" },
    });
  });

  test('must have values of the kind that a JSON Schema says, while a library may coerce them', async () => {
    const texts = { type: 'object', properties: { delay: { type: 'string' } } } as const;
    await expect(readParquet(await file(), { schema: texts })).rejects.toMatchObject({
      code: 'SCHEMA_COLUMNS',
      details: { expected: "a column 'delay' of text", got: 'one of numbers: INT64' },
    });
    const path = await fileOf(
      parquetBytes([{ element: { name: 'n', type: 'BYTE_ARRAY', converted_type: 'UTF8', ...optional }, data: ['5', 'x'] }]),
    );
    const run = await readParquet(path, { schema: z.object({ n: z.coerce.number() }) });
    expect(run.values).toEqual([{ n: 5 }]);
    expect(run.rejects).toMatchObject([{ reason: 'invalid', position: 1 }]);
    const nothing = { name: 'n', type: 'INT32', logical_type: { type: 'NULL' }, ...optional } as const;
    const nullable = { type: 'object', properties: { n: { type: ['string', 'null'] } }, required: ['n'] } as const;
    expect((await readParquet(await fileOf(parquetBytes([{ element: nothing, data: [null] }])), { schema: nullable })).values).toEqual([
      { n: null },
    ]);
  });

  test('need not be there in a file without rows', async () => {
    const path = await fileOf(parquetBytes([{ element: { name: 'a', type: 'INT32', ...optional }, data: [] }]));
    expect((await readParquet(path, { schema: z.object({ b: z.string() }) })).values).toEqual([]);
  });

  test('may be none', async () => {
    expect((await readParquet(await file(), { schema: { type: 'object', properties: { gate: { type: 'string' } } } })).values).toEqual([
      {},
      {},
      {},
    ]);
  });
});

describe('a file that is not as it should be', () => {
  const columns = (): ParquetColumn[] => [
    {
      element: { name: 'id', type: 'INT64', ...optional },
      data: Array.from({ length: 60 }, (_, i) => (i % 9 === 0 ? null : BigInt(i) ** 9n)),
    },
    {
      element: { name: 'name', type: 'BYTE_ARRAY', converted_type: 'UTF8', ...optional },
      data: Array.from({ length: 60 }, (_, i) => `name ${i % 10}`),
    },
    listOfTexts(
      'tags',
      Array.from({ length: 60 }, (_, i) => (i % 4 === 0 ? null : [`t${i}`, null])),
    ),
  ];

  test('is corrupt wherever it was cut off', async () => {
    const bytes = parquetBytes(columns(), { codec: 'SNAPPY', rowGroupSize: 25 });
    const path = await fileOf(bytes);
    for (let length = bytes.length - 1; length >= 0; length -= 1 + (length % 5)) {
      await truncate(path, length);
      expect(await codeOf(readParquet(path)), `cut off at ${length}`).toBe('FILE_CORRUPT');
    }
  });

  test('is told by a message that names it', async () => {
    const path = await fileOf('origin,delay\nSEA,5\n');
    await expect(readParquet(path)).rejects.toMatchObject({
      code: 'FILE_CORRUPT',
      details: { where: path, expected: 'a Parquet file', got: '19 bytes without the footer of one' },
    });
  });

  test('never does worse than fail, whatever its bytes are', async () => {
    const path = await fileOf('');
    const unhandled: unknown[] = [];
    const listener = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', listener);
    const bytes = [
      parquetBytes(columns(), { codec: 'SNAPPY', rowGroupSize: 25 }),
      parquetV1(columns()[1]!.element, [{ values: ['a', null, 'b'], indexed: true }], ['a', 'b']),
    ];
    const damage = fc.array(fc.record({ at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), byte: fc.nat(255) }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...bytes), damage, async (whole, changes) => {
        const damaged = whole.slice();
        for (const { at, byte } of changes) damaged[Math.floor(at * damaged.length)] = byte;
        await writeFile(path, damaged);
        const error = await readParquet(path).then(
          () => undefined,
          (e: unknown) => e,
        );
        if (error !== undefined) expect(error).toBeInstanceOf(MillraceError);
      }),
      { numRuns: 250 },
    );
    await new Promise(resolve => setImmediate(resolve));
    process.off('unhandledRejection', listener);
    expect(unhandled).toEqual([]);
  });

  test('ends at once when its schema leads in a circle', async () => {
    const bytes = parquetBytes(columns());
    const footer = parquetMetadata(bytes.slice().buffer);
    const [root, ...elements] = footer.schema;
    const damaged = elements.map(element => (element.name === 'list' ? { ...element, num_children: -2 } : element));
    const writer = new ByteWriter();
    writer.appendBytes(bytes.subarray(0, bytes.length - footer.metadata_length - 8));
    writeMetadata(writer, { ...footer, num_rows: 0n, row_groups: [], schema: [root!, ...damaged] });
    writer.appendUint32(0x31524150);
    await expect(readParquet(await fileOf(writer.getBytes().slice()))).rejects.toMatchObject({
      code: 'FILE_CORRUPT',
      details: { got: "a schema in which 'list' has -2 children" },
    });
  });

  test('gives what comes before the damage first', async () => {
    const bytes = parquetBytes(
      [{ element: { name: 'v', type: 'INT32', ...required }, data: Int32Array.from({ length: 6000 }, (_, i) => i) }],
      { rowGroupSize: 2000 },
    );
    // The header of the first page of the last row group.
    bytes.fill(0xff, bytes.length - 9000, bytes.length - 5000);
    const run = new SourceHarness(parquetSource(await fileOf(bytes)));
    await expect(run.finish()).rejects.toMatchObject({ code: 'FILE_CORRUPT' });
    expect(run.records.length).toBeGreaterThanOrEqual(2000);
  });

  test('may use a codec that cannot be unpacked', async () => {
    const path = await fileOf(parquetBytes(columns(), { codec: 'LZ4' }));
    await expect(readParquet(path)).rejects.toMatchObject({
      code: 'FILE_READ_FAILED',
      details: { where: `${path}, column 'id'`, expected: 'one of the codecs UNCOMPRESSED, SNAPPY, GZIP, BROTLI, ZSTD', got: 'LZ4' },
    });
    expect(() => checkCodec(path, 'id', 'ZSTD', false)).toThrow(/Node 22\.15/);
    expect(() => checkCodec(path, 'id', 'ZSTD')).not.toThrow();
  });

  test('may not be there, or be something else', async () => {
    const path = await fileOf('');
    expect(await codeOf(readParquet(`${path}.none`))).toBe('FILE_NOT_FOUND');
    expect(await codeOf(readParquet(await tempDir()))).toBe('FILE_READ_FAILED');
  });

  test('has changed when it has fewer rows than were read before', async () => {
    const path = await fileOf(parquetBytes(columns()));
    expect(await codeOf(readParquet(path, { position: 61 }))).toBe('FILE_CHANGED');
    expect((await readParquet(path, { position: 60 })).values).toEqual([]);
  });

  test('is read to its end when it vanishes meanwhile, and has changed when it is cut off meanwhile', async () => {
    const data = Float64Array.from({ length: 500_000 }, (_, i) => Math.sin(i));
    const bytes = parquetBytes([{ element: { name: 'v', type: 'DOUBLE', ...required }, data }], { rowGroupSize: 250_000 });
    const path = await fileOf(bytes);
    const vanishing = new SourceHarness(parquetSource(path));
    await vanishing.until(() => vanishing.records.length > 0);
    await rm(path);
    await vanishing.finish();
    expect(vanishing.records.length).toBe(500_000);

    await writeFile(path, bytes);
    const shrinking = new SourceHarness(parquetSource(path));
    await shrinking.until(() => shrinking.records.length > 0);
    await truncate(path, 1_000_000);
    await appendFile(path, 'PAR1');
    expect(await codeOf(shrinking.finish())).toBe('FILE_CHANGED');
    await shrinking.stop();
  });
});
