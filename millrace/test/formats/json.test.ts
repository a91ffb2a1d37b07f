import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { MAX_JSON_DEPTH } from '../../src/formats/json/depth.ts';
import { json, jsonDocument } from '../../src/formats/json/index.ts';
import { jsonLinesOrArray } from '../../src/formats/json/lines-or-array.ts';
import { decodeAll, valuesOf } from '../support/decode.ts';

const event = {
  type: 'object',
  properties: {
    id: { type: 'integer' },
    name: { type: 'string' },
    at: { type: 'object', properties: { lat: { type: 'number' } }, required: ['lat'] },
  },
  required: ['id', 'name'],
} as const;

describe('JSON Lines', () => {
  test('without a schema are any JSON values', () => {
    const decoded = decodeAll(json(), '{"a":1}\r\n\n[2]\n  "x" \nnull');
    expectTypeOf(decoded.records[0]!.value).toEqualTypeOf<unknown>();
    expect(decoded.records).toEqual([
      { value: { a: 1 }, position: 0 },
      { value: [2], position: 10 },
      { value: 'x', position: 14 },
      { value: null, position: 21 },
    ]);
  });

  test('with a schema are its records, many of one look or few of many', () => {
    const texts = [
      ...Array.from({ length: 20 }, (_, i) => `{"id":${i},"name":"n${i % 3}","other":[1,{"x":"}"}]}`),
      '{"name":"turned","id":20}',
      '{ "id": 21, "name": "spaced" }',
      '{"id":22,"name":"\\u00fcm\\n","at":{"lat":1.5,"lon":2}}',
      '{"id":23,"id":24,"name":"é😀"}',
      ...Array.from({ length: 20 }, (_, i) => `{"id":${100 + i},"name":"n","at":{"lat":-${i}.25,"lon":"?"}}`),
    ];
    const decoded = decodeAll(json({ schema: event }), texts.map(text => `${text}\n`).join(''));
    expect(decoded.rejects).toEqual([]);
    expect(decoded.records.map(r => r.value)).toStrictEqual([
      ...Array.from({ length: 20 }, (_, i) => ({ id: i, name: `n${i % 3}` })),
      { id: 20, name: 'turned' },
      { id: 21, name: 'spaced' },
      { id: 22, name: 'üm\n', at: { lat: 1.5 } },
      { id: 24, name: 'é😀' },
      ...Array.from({ length: 20 }, (_, i) => ({ id: 100 + i, name: 'n', at: { lat: -i - 0.25 } })),
    ]);
    expectTypeOf(decoded.records[0]!.value).toEqualTypeOf<{ id: number; name: string; at?: { lat: number } }>();
  });

  const regular = Array.from({ length: 20 }, (_, i) => `{"id":${i},"name":"n","skipped":"x"}\n`).join('');

  test.each<[string, string | Uint8Array, 'undecodable' | 'invalid', RegExp]>([
    ['text that is not JSON', '{"id":1,"name":"n"', 'undecodable', /JSON/],
    ['something behind the record', '{"id":1,"name":"n"}}', 'undecodable', /JSON/],
    ['broken JSON in a field that is not read', '{"id":1,"name":"n","skipped":tru}', 'undecodable', /JSON/],
    ['a control character', '{"id":1,"name":"\u0001"}', 'undecodable', /JSON/],
    ['a wrong escape', '{"id":1,"name":"n","skipped":"\\x"}', 'undecodable', /JSON/],
    ['bytes that are not UTF-8', Buffer.from('{"id":1,"name":"\xff"}', 'latin1'), 'undecodable', /UTF-8/],
    ['such bytes in a field that is not read', Buffer.from('{"id":1,"name":"n","skipped":"\xe4"}', 'latin1'), 'undecodable', /UTF-8/],
    [
      'a surrogate encoded by itself',
      Buffer.from([...Buffer.from('{"id":1,"name":"'), 0xed, 0xa0, 0x80, ...Buffer.from('"}')]),
      'undecodable',
      /UTF-8/,
    ],
    ['a missing field', '{"name":"n","skipped":"x"}', 'invalid', /^id: expected a value, got nothing$/],
    ['a null', '{"id":1,"name":null,"skipped":"x"}', 'invalid', /^name: expected string, got null$/],
    ['a wrong type', '{"id":"1","name":"n","skipped":"x"}', 'invalid', /^id: expected integer/],
    [
      'an integer that a double cannot hold',
      '{"id":9007199254740993,"name":"n","skipped":"x"}',
      'invalid',
      /^id: expected integer within 2\^53/,
    ],
    ['another kind of value', '[1]', 'invalid', /^expected object, got an array$/],
  ])('reject %s, with bytes and position', (_, line, reason, message) => {
    const bytes = Buffer.concat([Buffer.from(regular), Buffer.from(line), Buffer.from(`\n${regular}`)]);
    const { records, rejects } = decodeAll(json({ schema: event }), bytes);
    expect(records).toHaveLength(40);
    expect(rejects).toMatchObject([{ reason, position: regular.length }]);
    expect(rejects[0]!.message).toMatch(message);
    expect(Buffer.from(rejects[0]!.bytes!)).toEqual(Buffer.from(line));
  });

  test('take integers written otherwise for what they are', () => {
    const lines = ['1.0', '1e2', '-0', '9007199254740991', '0.0'].map(n => `{"id":${n},"name":"n","skipped":"x"}\n`).join('');
    expect(
      valuesOf(json({ schema: event }), regular + lines)
        .slice(20)
        .map(r => r.id),
    ).toEqual([1, 100, -0, 9007199254740991, 0]);
  });

  test('follow a Standard Schema with transformations and refinements', () => {
    const Zod = z.object({
      id: z.number().int(),
      at: z.coerce.date(),
      name: z
        .string()
        .min(2)
        .transform(s => s.toUpperCase()),
    });
    const lines = Array.from(
      { length: 30 },
      (_, i) => `{"id":${i},"more":0,"at":"2020-01-01","name":"${i % 10 === 0 ? 'x' : 'xy'}"}\n`,
    ).join('');
    const decoded = decodeAll(json({ schema: Zod }), lines);
    expect(decoded.records).toHaveLength(27);
    expect(decoded.records[0]?.value).toEqual({ id: 1, at: new Date('2020-01-01'), name: 'XY' });
    expect(decoded.rejects).toHaveLength(3);
    expect(decoded.rejects[2]).toMatchObject({
      reason: 'invalid',
      message: expect.stringContaining('name: ') as string,
      value: { id: 20 },
    });
  });

  test.each([
    ['valibot', v.object({ id: v.number(), name: v.string() })],
    ['arktype', type({ id: 'number', name: 'string' })],
  ])('follow %s', (_, schema) => {
    const decoded = decodeAll(json({ schema }), regular + '{"id":"x","name":"n","skipped":"x"}\n');
    expect(decoded.records.map(r => r.value)).toEqual(Array.from({ length: 20 }, (_, id) => ({ id, name: 'n' })));
    expect(decoded.rejects).toMatchObject([{ reason: 'invalid' }]);
  });

  test('stop the pipeline when the schema turns out to be asynchronous', () => {
    const schema = z.object({ id: z.number().refine(async () => true) });
    expect(() => decodeAll(json({ schema }), '{"id":1}\n')).toThrow(expect.objectContaining({ code: 'SCHEMA_ASYNC' }));
  });

  test('keep or refuse fields that are not declared when the schema says so', () => {
    const properties = { id: { type: 'integer' } } as const;
    const line = '{"id":1,"more":{"a":[1]}}\n'.repeat(12);
    expect(valuesOf(json({ schema: { type: 'object', properties, additionalProperties: true } }), line)).toEqual(
      Array(12).fill({ id: 1, more: { a: [1] } }),
    );
    const { rejects } = decodeAll(
      json({ schema: { type: 'object', properties, additionalProperties: false } }),
      '{"id":1}\n'.repeat(12) + line,
    );
    expect(rejects).toHaveLength(12);
    expect(rejects[0]).toMatchObject({ reason: 'invalid', message: 'more: expected no field of this name' });
  });

  test('read 64-bit integers exactly wherever the schema has them', () => {
    const int64 = { type: 'integer', format: 'int64' } as const;
    const schema = {
      type: 'object',
      properties: { id: int64, list: { type: 'array', items: int64 }, free: {} },
      required: ['id'],
    } as const;
    const line = '{"id":9007199254740993,"list":[9007199254740995,1],"free":9007199254740993}\n';
    const values = valuesOf(json({ schema }), line.repeat(12));
    expectTypeOf(values[0]!).toEqualTypeOf<{ id: bigint; list?: bigint[]; free?: unknown }>();
    expect(values).toEqual(Array(12).fill({ id: 9007199254740993n, list: [9007199254740995n, 1n], free: 9007199254740992 }));
  });

  test('pass over a byte order mark', () => {
    expect(valuesOf(json({ schema: event }), `\ufeff${regular}`)).toHaveLength(20);
  });

  test('reject a line over the bound once, with its beginning, and skip it without keeping it', () => {
    const long = `{"id":1,"name":"${'x'.repeat(100_000)}"}`;
    const { records, rejects } = decodeAll(json({ schema: event, maxRecordBytes: 1000 }), `${regular}${long}\n${regular}`, {
      pieces: [777],
    });
    expect(records).toHaveLength(40);
    expect(rejects).toMatchObject([{ reason: 'too-large', message: 'the record is longer than 1000 bytes', position: regular.length }]);
    expect(rejects[0]!.bytes!.length).toBeLessThan(2000);
  });

  test('apply the bound to lines that are there as a whole, whatever decodes them', () => {
    const lines = Array.from({ length: 20 }, (_, i) => `{"id":${i},"name":"${'n'.repeat(i)}"}\n`);
    const { records, rejects } = decodeAll(json({ schema: event, maxRecordBytes: 30 }), lines.join(''));
    expect(records.map(r => r.value.id)).toEqual(lines.flatMap((line, i) => (line.length - 1 <= 30 ? [i] : [])));
    expect(rejects.every(r => r.reason === 'too-large')).toBe(true);
    expect(records.length + rejects.length).toBe(20);
  });

  test.each([json(), json({ schema: { type: 'object', properties: { deep: {} } } })])('bound the depth of records', format => {
    const nested = (levels: number) => `{"deep":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}\n`;
    const shallow = '{"deep":[]}\n'.repeat(12);
    const { records, rejects } = decodeAll<unknown>(
      format,
      shallow + nested(MAX_JSON_DEPTH) + nested(MAX_JSON_DEPTH + 1) + '{"deep":"[[[["}\n',
    );
    expect(records).toHaveLength(14);
    expect(rejects).toMatchObject([{ reason: 'undecodable', message: `the record nests deeper than ${MAX_JSON_DEPTH} levels` }]);
  });

  test('are decoded alike through one format by many decoders at once', () => {
    const format = json({ schema: event });
    for (let i = 0; i < 20; i++) expect(valuesOf(format, `{"id":${i},"name":"n"}\n`)).toEqual([{ id: i, name: 'n' }]);
  });
});

describe('writing JSON Lines', () => {
  const encoder = json().encoder();

  test('gives one line for each record, bigints with all digits', () => {
    expect(encoder.encode({ a: 1, b: 'x\ny' })).toBe('{"a":1,"b":"x\\ny"}\n');
    expect(encoder.encode({ id: 9007199254740993n, list: [1n] })).toBe('{"id":9007199254740993,"list":[1]}\n');
    expect(encoder.encode({ a: 1, t: new Date(0) })).toBe('{"a":1,"t":"1970-01-01T00:00:00.000Z"}\n');
  });

  test('refuses what JSON cannot hold', () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    expect(() => encoder.encode(cycle)).toThrow(TypeError);
    expect(() => encoder.encode(undefined)).toThrow('JSON has no form for undefined');
    expect(() => encoder.encode(() => 1)).toThrow('JSON has no form for a function');
  });
});

describe('a JSON document', () => {
  const text = JSON.stringify({ type: 'FeatureCollection', data: { features: [{ id: 1, name: 'a' }, { id: 'x' }, { id: 2, name: 'b' }] } });

  test('holds records in an array within it', () => {
    const { records, rejects } = decodeAll(jsonDocument({ path: 'data.features', schema: event }), text, { pieces: [3], capacity: 1 });
    expect(records).toEqual([
      { value: { id: 1, name: 'a' }, position: 0 },
      { value: { id: 2, name: 'b' }, position: 2 },
    ]);
    expect(rejects).toMatchObject([{ reason: 'invalid', position: 1, value: { id: 'x' } }]);
  });

  test('may be the array itself, spread over lines', () => {
    expect(valuesOf(jsonDocument(), '\ufeff[\n  1,\n  {"a": 2}\n]\n')).toEqual([1, { a: 2 }]);
    expect(valuesOf(jsonDocument(), '')).toEqual([]);
  });

  test.each([
    ['is not JSON', '{"features": [', 'undecodable', 'JSON'],
    ['lacks the array', '{"other": []}', 'invalid', "'features': expected array, got nothing"],
    ['has something else there', '{"features": {}}', 'invalid', "'features': expected array, got an object"],
    ['is not UTF-8', Buffer.from([0xff]), 'undecodable', 'UTF-8'],
    ['is too deep', '['.repeat(3000), 'undecodable', 'nests deeper'],
  ])('that %s is rejected', (_, document, reason, message) => {
    const { records, rejects } = decodeAll(jsonDocument({ path: 'features' }), document);
    expect(records).toEqual([]);
    expect(rejects).toMatchObject([{ reason, position: 0 }]);
    expect(rejects[0]!.message).toContain(message);
  });

  test('over the bound is rejected before it is read as a whole', () => {
    const { rejects } = decodeAll(jsonDocument({ maxDocumentBytes: 100 }), `[${'1,'.repeat(500)}1]`, { pieces: [60] });
    expect(rejects).toMatchObject([{ reason: 'too-large', position: 0 }]);
    expect(rejects[0]!.bytes!.length).toBe(120);
  });
});

describe('a .json file', () => {
  test.each([
    ['an array', ' [ {"id":1,"name":"a"} ,\n {"id":2,"name":"b"} ]'],
    ['lines', '{"id":1,"name":"a"}\n{"id":2,"name":"b"}\n'],
    ['lines behind a byte order mark and space', '\ufeff\n\n{"id":1,"name":"a"}\n{"id":2,"name":"b"}'],
  ])('may hold %s', (_, text) => {
    expect(valuesOf(jsonLinesOrArray(event), text, { pieces: [1] })).toEqual([
      { id: 1, name: 'a' },
      { id: 2, name: 'b' },
    ]);
  });

  test('may be empty', () => {
    expect(decodeAll(jsonLinesOrArray(undefined), '  \n ', { pieces: [1] }).records).toEqual([]);
  });
});
