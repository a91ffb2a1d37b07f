import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { csv } from '../../src/formats/csv/index.ts';
import type { Format } from '../../src/spi/format.ts';
import { Batch } from '../../src/types/batch.ts';
import { decodeAll, valuesOf } from '../support/decode.ts';

const flight = {
  type: 'object',
  properties: {
    origin: { type: 'string' },
    delay: { type: ['number', 'null'] },
    distance: { type: 'integer' },
    cancelled: { type: 'boolean' },
  },
  required: ['origin', 'delay', 'distance'],
} as const;

function encodeAll<T>(format: Format<T>, records: readonly T[]): string {
  const encoder = format.encoder();
  const header = encoder.header?.(records[0]) ?? new Uint8Array();
  return Buffer.from(header).toString() + records.map(record => encoder.encode(record)).join('');
}

describe('reading CSV', () => {
  test('without a schema gives every column as text', () => {
    const decoded = decodeAll(csv(), 'a,b\r\n1,x y\n\n,"q ""u"" , \r\nz"\r\n');
    expectTypeOf(decoded.records[0]!.value).toEqualTypeOf<Record<string, string>>();
    expect(decoded).toEqual({
      records: [
        { value: { a: '1', b: 'x y' }, position: 5 },
        { value: { a: '', b: 'q "u" , \r\nz' }, position: 12 },
      ],
      rejects: [],
    });
  });

  test('with a schema converts the declared columns in whatever order they stand', () => {
    const text = 'x,distance,cancelled,delay,origin\n?,10,TRUE,-1.5e1,LAS\n?,9007199254740991,0,,""\n?,007,,+3,"S,F"\n';
    const values = valuesOf(csv({ schema: flight }), text);
    expectTypeOf(values[0]!).toEqualTypeOf<{ origin: string; delay: number | null; distance: number; cancelled?: boolean }>();
    expect(values).toStrictEqual([
      { origin: 'LAS', delay: -15, distance: 10, cancelled: true },
      { origin: '', delay: null, distance: 9007199254740991, cancelled: false },
      { origin: 'S,F', delay: 3, distance: 7 },
    ]);
  });

  test('rejects what the schema does not take, and goes on', () => {
    const text = 'origin,delay,distance\nLAS,1,x\nLAS,1e,2\n,1,\nLAS,2,9007199254740992\nLAS,3,4\n';
    const { records, rejects } = decodeAll(csv({ schema: flight }), text);
    expect(records.map(r => r.value)).toStrictEqual([{ origin: 'LAS', delay: 3, distance: 4 }]);
    expect(rejects.map(r => [r.reason, r.position, r.message])).toEqual([
      ['invalid', 22, 'distance: expected integer within 2^53, got "x"'],
      ['invalid', 30, 'delay: expected number, got "1e"'],
      ['invalid', 39, 'distance: expected integer within 2^53, got null'],
      ['invalid', 43, 'distance: expected integer within 2^53, got "9007199254740992"'],
    ]);
  });

  test('rejects every row when the header lacks a required column', () => {
    const { records, rejects } = decodeAll(csv({ schema: flight }), 'origin,delay\nLAS,1\n');
    expect(records).toEqual([]);
    expect(rejects[0]?.message).toBe('distance: expected a value, got nothing');
  });

  test('reads 64-bit integers, arrays and objects', () => {
    const schema = {
      type: 'object',
      properties: {
        id: { type: 'integer', format: 'int64' },
        tags: { type: 'array', items: { type: 'string' } },
        at: { type: 'object', properties: { lat: { type: 'number' } }, required: ['lat'] },
      },
      required: ['id', 'tags', 'at'],
    } as const;
    const text =
      'id,tags,at\n9223372036854775807,"[""x""]","{""lat"":1,""more"":2}"\n9223372036854775808,[],{}\n1,"[1]","{""lat"":1}"\n1,[,{}\n';
    const { records, rejects } = decodeAll(csv({ schema }), text);
    expect(records.map(r => r.value)).toEqual([{ id: 9223372036854775807n, tags: ['x'], at: { lat: 1 } }]);
    expect(rejects.map(r => r.message)).toEqual([
      'id: expected integer of 64 bits, got "9223372036854775808"',
      'tags[0]: expected string, got 1',
      'tags: expected array, got "["',
    ]);
  });

  test('gives text to a Standard Schema that does not tell its structure, and fitting values to one that does', () => {
    const text = 'n,at\n5,2020-01-01\nx,2020-01-02\n';
    const Valibot = v.object({ n: v.pipe(v.string(), v.transform(Number), v.number()), at: v.string() });
    expect(decodeAll(csv({ schema: Valibot }), text)).toMatchObject({
      records: [{ value: { n: 5, at: '2020-01-01' } }],
      rejects: [{ reason: 'invalid', position: 18 }],
    });
    const Zod = z.object({ n: z.number(), at: z.coerce.date() });
    expect(decodeAll(csv({ schema: Zod }), text)).toMatchObject({
      records: [{ value: { n: 5, at: new Date('2020-01-01') } }],
      rejects: [{ reason: 'invalid', position: 18 }],
    });
  });

  test('takes another delimiter, quote and text for null', () => {
    const schema = {
      type: 'object',
      properties: { a: { type: ['string', 'null'] }, b: { type: 'string' } },
      required: ['a', 'b'],
    } as const;
    const format = csv({ delimiter: ';', quote: "'", nullText: 'NULL', schema });
    expect(decodeAll(format, "a;b\nNULL;'it''s;'\n'NULL';\nx;NULL\n")).toMatchObject({
      records: [{ value: { a: null, b: "it's;" } }, { value: { a: 'NULL', b: '' } }],
      rejects: [{ reason: 'invalid', message: 'b: expected string, got null' }],
    });
  });

  test('tells a number that stands for null from numbers', () => {
    const schema = { type: 'object', properties: { a: { type: ['integer', 'null'] } }, required: ['a'] } as const;
    expect(valuesOf(csv({ nullText: '-999', schema }), 'a\n-999\n-998\n')).toEqual([{ a: null }, { a: -998 }]);
  });

  test('takes the names of the columns from the program', () => {
    expect(valuesOf(csv({ columns: ['a', 'b'] }), '1,2\n3,4')).toEqual([
      { a: '1', b: '2' },
      { a: '3', b: '4' },
    ]);
    expect(valuesOf(csv({ columns: ['a', 'b'], header: true }), 'x,y\n3,4')).toEqual([{ a: '3', b: '4' }]);
  });

  test('passes over a byte order mark', () => {
    expect(valuesOf(csv(), '\ufeffa\n1\n')).toEqual([{ a: '1' }]);
    expect(valuesOf(csv({ columns: ['a'] }), '\ufeff1\n')).toEqual([{ a: '1' }]);
  });

  test('keeps an empty line of a single column and skips it otherwise', () => {
    expect(valuesOf(csv(), 'a\n\n1\n')).toEqual([{ a: '' }, { a: '1' }]);
    expect(valuesOf(csv(), 'a,b\n\n\r\n1,2\n')).toEqual([{ a: '1', b: '2' }]);
  });

  test('of columns with one name the last counts, and any name is a name', () => {
    expect(valuesOf(csv(), 'a,a,constructor\n1,2,3\n')).toEqual([{ a: '2', constructor: '3' }]);
    const [record] = valuesOf(csv(), '__proto__,b\nx,y\n');
    expect(Object.entries(record!)).toEqual([
      ['__proto__', 'x'],
      ['b', 'y'],
    ]);
  });

  test.each([
    ['too few fields', '1', 'the row has 1 fields for 2 columns'],
    ['too many fields', '1,2,3', 'the row has 3 fields for 2 columns'],
    ['text behind a closing quote', '"1"x,2', 'after a closing quote there is neither a delimiter nor a line end'],
    ['bytes that are not UTF-8', Buffer.from([0x31, 0x2c, 0xff]), 'the record is not UTF-8'],
    ['bytes in quotes that are not UTF-8', Buffer.from([0x31, 0x2c, 0x22, 0xc3, 0x22]), 'the record is not UTF-8'],
  ])('rejects a row with %s, with its bytes and position', (_, row, message) => {
    const bytes = Buffer.concat([Buffer.from('a,b\n'), Buffer.from(row), Buffer.from('\n3,4\n')]);
    const { records, rejects } = decodeAll(csv(), bytes);
    expect(records.map(r => r.value)).toEqual([{ a: '3', b: '4' }]);
    expect(rejects).toMatchObject([{ reason: 'undecodable', message, position: 4 }]);
    expect(Buffer.from(rejects[0]!.bytes!).toString('latin1').trimEnd()).toBe(Buffer.from(row).toString('latin1'));
  });

  test('gives up only the first line of a row whose quote is never closed', () => {
    const { records, rejects } = decodeAll(csv(), 'a,b\n1,"x\n2,y\n3,z');
    expect(records.map(r => r.value)).toEqual([
      { a: '2', b: 'y' },
      { a: '3', b: 'z' },
    ]);
    expect(rejects).toMatchObject([{ reason: 'undecodable', message: 'a quoted field is not closed', position: 4 }]);
  });

  test('does not wait for a closing quote beyond the bound', () => {
    const rows = Array.from({ length: 100 }, (_, i) => `${i},y\n`).join('');
    const { records, rejects } = decodeAll(csv({ maxRecordBytes: 64 }), `a,b\n1,"x\n${rows}`, { pieces: [16] });
    expect(records).toHaveLength(100);
    expect(rejects).toMatchObject([{ message: 'a quoted field is not closed within 64 bytes', position: 4 }]);
  });

  test('rejects a line over the bound once, and skips it', () => {
    const decoder = csv({ maxRecordBytes: 10 });
    const { records, rejects } = decodeAll(decoder, `a,b\n1,${'x'.repeat(5000)}\n2,y\n3,${'z'.repeat(20)}`, { pieces: [7] });
    expect(records.map(r => r.value)).toEqual([{ a: '2', b: 'y' }]);
    expect(rejects.map(r => [r.reason, r.position])).toEqual([
      ['too-large', 4],
      ['too-large', 5011],
    ]);
  });

  test('can go on in the middle once it has seen the header', () => {
    const decoder = csv().decoder({ reject: () => expect.unreachable() });
    const bytes = Buffer.from('a,b\n1,2\n3,4\n');
    expect(decoder.decode(bytes, 0, bytes.length, false, 0, new Batch(0))).toBe(4);
    const batch = new Batch<Record<string, string>>();
    expect(decoder.decode(bytes, 8, bytes.length, true, 0, batch)).toBe(12);
    expect(batch.values.slice(0, batch.length)).toEqual([{ a: '3', b: '4' }]);
  });

  test('loses nothing where the header cannot be read', () => {
    const { records, rejects } = decodeAll(csv(), Buffer.from([0xff, 0x0a, 0x31, 0x0a, 0x32]));
    expect(records).toEqual([]);
    expect(rejects.map(r => r.position)).toEqual([0, 2, 4]);
  });

  test('refuses options that cannot be', () => {
    for (const options of [
      { delimiter: ',,' },
      { delimiter: 'é' },
      { quote: ',' },
      { header: false },
      { columns: ['a', 'a'] },
      { maxRecordBytes: 0 },
    ]) {
      expect(() => csv(options)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
    }
  });
});

/** A row by the rules of RFC 4180, one character at a time. */
function naiveRows(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = '';
  let i = 0;
  const endRow = () => {
    rows.push([...row, field]);
    row = [];
    field = '';
  };
  while (i < text.length) {
    if (text[i] === '"' && field === '') {
      for (i++; text[i] !== '"' || text[i + 1] === '"'; i++) {
        if (text[i] === '"') i++;
        field += text[i];
      }
      i++;
    }
    if (text[i] === ',') {
      row.push(field);
      field = '';
      i++;
    } else if (text[i] === '\n' || (text[i] === '\r' && text[i + 1] === '\n')) {
      i += text[i] === '\r' ? 2 : 1;
      endRow();
    } else if (i < text.length) {
      field += text[i++];
    }
  }
  if (row.length > 0 || field !== '') endRow();
  return rows;
}

const fieldText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }).map(s => s.replace(/[",\r\n]/g, '') || 'e'),
  fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r\n', 'é', ' '), maxLength: 8 }).map(s => `"${s.replaceAll('"', '""')}"`),
  fc.nat().map(String),
);

describe('CSV of any content', () => {
  const document = fc
    .tuple(fc.array(fc.array(fieldText, { minLength: 3, maxLength: 3 }), { minLength: 1 }), fc.constantFrom('\n', '\r\n'), fc.boolean())
    .map(([rows, lineEnd, ended]) => rows.map(row => row.join(',')).join(lineEnd) + (ended ? lineEnd : ''));

  test('is read as the rules say, in whatever pieces it comes', () => {
    fc.assert(
      fc.property(document, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (text, pieces) => {
        const columns = ['a', 'b', 'c'];
        const { records, rejects } = decodeAll(csv({ columns }), text, { pieces, padding: 0 });
        expect(rejects).toEqual([]);
        expect(records.map(r => Object.values(r.value))).toEqual(naiveRows(text));
      }),
      { numRuns: 500 },
    );
  });

  test('is read back as it was written', () => {
    const record = fc.record({
      s: fc.string({ unit: 'grapheme' }),
      q: fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', 'x') }),
      n: fc.double({ noNaN: true, noDefaultInfinity: true }).map(n => n + 0),
      b: fc.boolean(),
      maybe: fc.option(fc.string()),
    });
    const schema = {
      type: 'object',
      properties: {
        s: { type: 'string' },
        q: { type: 'string' },
        n: { type: 'number' },
        b: { type: 'boolean' },
        maybe: { type: ['string', 'null'] },
      },
      required: ['s', 'q', 'n', 'b', 'maybe'],
    } as const;
    fc.assert(
      fc.property(fc.array(record, { minLength: 1 }), fc.constantFrom('', 'NULL'), (records, nullText) => {
        const format = csv({ schema, nullText });
        const { records: read, rejects } = decodeAll(format, encodeAll(format, records));
        expect(rejects).toEqual([]);
        expect(read.map(r => r.value)).toEqual(records.map(r => ({ ...r, n: r.n === 0 ? 0 : r.n })));
      }),
    );
  });

  test('is never lost: after any damage every byte is in a row, a reject or skipped as empty', () => {
    const damaged = fc.tuple(document, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 })).map(([text, damage]) => {
      const bytes = Buffer.from(text);
      for (const [where, byte] of damage) bytes[where % bytes.length] = byte;
      return bytes;
    });
    fc.assert(
      fc.property(damaged, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (bytes, pieces) => {
        const inPieces = decodeAll(csv({ columns: ['a', 'b', 'c'] }), bytes, { pieces, padding: 0 });
        const atOnce = decodeAll(csv({ columns: ['a', 'b', 'c'] }), bytes);
        expect(inPieces).toEqual(atOnce);
        const starts = [...atOnce.records, ...atOnce.rejects].map(r => r.position).sort((a, b) => a - b);
        expect(new Set(starts).size).toBe(starts.length);
        // Every line with content begins a row, or belongs to a quoted field that began before it.
        const first = bytes.findIndex(byte => byte !== 0x0a && byte !== 0x0d);
        if (first >= 0 && !bytes.subarray(0, first).includes(0x0d)) expect(starts[0]).toBeLessThanOrEqual(first);
      }),
      { numRuns: 500 },
    );
  });
});

describe('writing CSV', () => {
  test('takes the columns from the first record and flattens nested objects', () => {
    const records = [
      { key: 'LAS', window: { start: 1, end: 2 }, at: new Date(0), tags: ['a', 'b'], none: null, big: 2n ** 60n },
      { key: 'S"F', window: { start: 3, end: 4 }, at: new Date(1), tags: [], none: undefined, big: 1n },
    ];
    expect(encodeAll<unknown>(csv(), records)).toBe(
      'key,window.start,window.end,at,tags,none,big\n' +
        'LAS,1,2,1970-01-01T00:00:00.000Z,"[""a"",""b""]",,1152921504606846976\n' +
        '"S""F",3,4,1970-01-01T00:00:00.001Z,[],,1\n',
    );
  });

  test('leaves fields out that were not asked for, and refuses unforeseen ones', () => {
    expect(encodeAll<unknown>(csv({ columns: ['b', 'c'], header: true }), [{ a: 1, b: 2 }])).toBe('b,c\n2,\n');
    const encoder = (csv() as Format<unknown>).encoder();
    encoder.header?.({ a: 1 });
    expect(() => encoder.encode({ a: 1, b: 2 })).toThrow("'b' is not one of the columns a");
    expect(encoder.encode({})).toBe('""\n');
  });

  test('tells empty text from null', () => {
    expect(encodeAll<unknown>(csv(), [{ a: '', b: null }])).toBe('a,b\n"",\n');
    expect(encodeAll<unknown>(csv({ nullText: '-' }), [{ a: '-', b: null, c: '' }])).toBe('a,b,c\n"-",-,\n');
  });

  test.each([[null], [1], [[1]], ['text'], [{ f: () => 1 }]])('refuses %o', value => {
    expect(() => encodeAll<unknown>(csv(), [value])).toThrow(TypeError);
  });
});
