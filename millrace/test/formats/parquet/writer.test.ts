import fc from 'fast-check';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { decompressors } from '../../../src/formats/parquet/codecs.ts';
import { ParquetFileWriter } from '../../../src/formats/parquet/writer.ts';
import { fileOf, readParquet } from '../../support/parquet-files.ts';

/** Writes records as a sink does. */
function write(records: readonly unknown[], takeEvery = Infinity): { bytes: Uint8Array<ArrayBuffer>; refused: string[] } {
  const writer = new ParquetFileWriter();
  const refused: string[] = [];
  const parts: Uint8Array[] = [];
  records.forEach((record, i) => {
    try {
      writer.add(record);
    } catch (error) {
      refused.push((error as Error).message);
    }
    if (writer.ready || i % takeEvery === takeEvery - 1) parts.push(writer.take());
  });
  parts.push(writer.end());
  return { bytes: new Uint8Array(Buffer.concat(parts)), refused };
}

async function readBack(bytes: Uint8Array): Promise<unknown[]> {
  const run = await readParquet(await fileOf(bytes));
  expect(run.rejects).toEqual([]);
  return run.values;
}

function typesOf(bytes: Uint8Array<ArrayBuffer>): Record<string, string> {
  const [, ...columns] = parquetMetadata(bytes.buffer).schema;
  return Object.fromEntries(columns.map(({ name, type, converted_type: converted }) => [name, converted ?? type!]));
}

describe('the columns', () => {
  test('take their types from the first records', async () => {
    const at = new Date('2001-01-17T12:00:00.123Z');
    const records = [
      {
        flag: true,
        count: 1,
        mean: 2,
        big: 2n ** 60n,
        name: 'SEA',
        at,
        raw: Uint8Array.of(1, 2),
        window: { start: 1, end: 2 },
        tags: ['a'],
        mixed: 1,
        none: null,
      },
      {
        flag: false,
        count: -5,
        mean: 0.5,
        big: 3,
        name: '',
        at: null,
        raw: Uint8Array.of(),
        window: { start: 2 },
        tags: [],
        mixed: 'x',
        none: undefined,
      },
    ];
    const { bytes, refused } = write(records);
    expect(refused).toEqual([]);
    expect(typesOf(bytes)).toEqual({
      flag: 'BOOLEAN',
      count: 'INT64',
      mean: 'DOUBLE',
      big: 'INT64',
      name: 'UTF8',
      at: 'TIMESTAMP_MILLIS',
      raw: 'BYTE_ARRAY',
      window: 'JSON',
      tags: 'JSON',
      mixed: 'JSON',
      none: 'JSON',
    });
    expect(await readBack(bytes)).toEqual(records.map(record => ({ ...record, none: null })));
    // As other readers see it.
    const rows = await parquetReadObjects({ file: bytes.buffer, compressors: decompressors, utf8: false });
    expect(rows[0]).toMatchObject({ count: 1n, mean: 2, name: 'SEA', at, window: { start: 1, end: 2 }, tags: ['a'], mixed: 1 });
    expect(parquetMetadata(bytes.buffer).created_by).toBe('millrace');
  });

  test('are those of all records of the first row group', async () => {
    const { bytes } = write([{ a: 1 }, { b: 'x' }, {}, { a: 2.5, b: null }]);
    expect(await readBack(bytes)).toEqual([
      { a: 1, b: null },
      { a: null, b: 'x' },
      { a: null, b: null },
      { a: 2.5, b: null },
    ]);
  });

  test('hold what JSON holds where values are of several types, or only null at first', async () => {
    const at = new Date('2001-01-17T12:00:00Z');
    const { bytes } = write(
      [
        { a: 1, b: null },
        { a: [2n ** 60n], b: null },
        { a: at, b: 5 },
        { a: 2n ** 60n, b: { c: 1 } },
      ],
      2,
    );
    expect(await readBack(bytes)).toEqual([
      { a: 1, b: null },
      { a: [2 ** 60], b: null },
      { a: at.toISOString(), b: 5 },
      { a: 2 ** 60, b: { c: 1 } },
    ]);
  });

  test('keep what a record held when it was written', async () => {
    const record = { at: new Date(1), raw: Uint8Array.of(1), nested: { n: 1 } };
    const writer = new ParquetFileWriter();
    writer.add(record);
    record.at.setTime(2);
    record.raw[0] = 2;
    record.nested.n = 2;
    expect(await readBack(writer.end())).toEqual([{ at: new Date(1), raw: Uint8Array.of(1), nested: { n: 1 } }]);
  });

  test('may be none', async () => {
    const { bytes } = write([]);
    expect(await readBack(bytes)).toEqual([]);
    expect(await parquetReadObjects({ file: bytes.buffer })).toEqual([]);
  });
});

describe('a record that has no row', () => {
  test('is refused and leaves nothing behind', async () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const first = { n: 1, name: 'a', at: new Date(0) };
    const misfits: [unknown, RegExp][] = [
      [{ n: 0.5 }, /'n': expected a whole number, as in the rows before, got 0\.5/],
      [{ n: 'x' }, /'n': expected a whole number, as in the rows before, got "x"/],
      [{ n: 2, name: { a: 1 } }, /'name': expected a string, as in the rows before, got \{"a":1\}/],
      [{ at: 'now' }, /'at': expected a Date/],
      [{ more: 1 }, /'more' is not one of the columns 'n', 'name', 'at'/],
      [{ n: 2n ** 63n }, /'n': 9223372036854775808 does not fit into 64 bits/],
      [{ at: new Date(NaN) }, /'at' is an invalid Date/],
      [{ name: 'half \ud83d' }, /'name' is not well-formed text/],
      [{ name: () => 1 }, /'name': Parquet has no form for a function/],
      [{ name: cycle }, /circular/],
      ['text', /a row of Parquet is made of an object, got "text"/],
      [null, /got null/],
      [[1], /got an array/],
      [new Date(0), /got a Date/],
    ];
    for (const [misfit, message] of misfits) {
      const { bytes, refused } = write([first, misfit, { n: 2, more: null }], 1);
      expect(refused).toEqual([expect.stringMatching(message)]);
      expect(await readBack(bytes)).toEqual([first, { n: 2, name: null, at: null }]);
    }
    expect(write([{}]).refused).toEqual(['a record without fields makes no row']);
  });
});

describe('any records', () => {
  const text = fc.string({ unit: 'grapheme' });
  const columns = {
    flag: fc.boolean(),
    // Of the two zeros, whole numbers have one.
    number: fc.double().map(n => (n === 0 ? 0 : n)),
    whole: fc.maxSafeInteger().map(n => (n === 0 ? 0 : n)),
    text,
    at: fc.date({ noInvalidDate: true }),
    raw: fc.uint8Array(),
    nested: fc.oneof(
      fc.array(fc.integer()),
      text.map(t => ({ a: [t, null] })),
    ),
  };
  // One record of values that tell the types; any may be null after it.
  const first = fc.record({ ...columns, number: fc.constant(0.5) });
  const others = fc.array(
    fc.record(Object.fromEntries(Object.entries(columns).map(([name, value]) => [name, fc.option<unknown>(value)]))),
    { maxLength: 60 },
  );

  test('are read back, by this reader and by hyparquet', async () => {
    await fc.assert(
      fc.asyncProperty(first, others, fc.integer({ min: 1, max: 70 }), async (one, more, takeEvery) => {
        const records: Record<string, unknown>[] = [one, ...more];
        const { bytes, refused } = write(records, takeEvery);
        expect(refused).toEqual([]);
        expect(await readBack(bytes)).toEqual(records);
        const rows = await parquetReadObjects({ file: bytes.buffer, compressors: decompressors, utf8: false });
        expect(rows.map(row => ({ ...row, whole: typeof row.whole === 'bigint' ? Number(row.whole) : row.whole }))).toEqual(records);
      }),
      { numRuns: 60 },
    );
  });

  test('are written in row groups of a bounded size', async () => {
    const few = Array.from({ length: 100_000 }, (_, i) => ({ i, name: `n${i % 10}` }));
    const metadata = parquetMetadata(write(few).bytes.buffer);
    expect(metadata.row_groups.map(group => Number(group.num_rows))).toEqual([65_536, 34_464]);
    const long = Array.from({ length: 40 }, (_, i) => ({ text: String(i).repeat(1024 * 1024) }));
    expect(parquetMetadata(write(long).bytes.buffer).row_groups.length).toBeGreaterThan(1);
  });
});
