import { deepStrictEqual } from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { json } from '../../src/formats/json/index.ts';
import { type JsonSchema, SchemaMismatch, validator } from '../../src/types/schema.ts';
import { decodeAll } from '../support/decode.ts';

/** What the decoder must give for one line: JSON.parse, then the schema. */
type Outcome = { value: unknown } | { reason: 'undecodable' | 'invalid' };

function reference(line: Uint8Array, validate: (value: unknown) => unknown): Outcome {
  if (!isUtf8(line)) return { reason: 'undecodable' };
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(line).toString());
  } catch {
    return { reason: 'undecodable' };
  }
  try {
    return { value: validate(value) };
  } catch (error) {
    if (error instanceof SchemaMismatch) return { reason: 'invalid' };
    throw error;
  }
}

const names = ['a', 'id', 'ts', 'delay', 'name with spaces', 'ünï', 'nested', 'constructor', 'toString', '', '0', 'veryLongNameOfAField'];

const scalarSchema: fc.Arbitrary<JsonSchema> = fc.oneof(
  fc.constantFrom<JsonSchema>(
    { type: 'string' },
    { type: 'number' },
    { type: 'integer' },
    { type: 'boolean' },
    { type: ['string', 'null'] },
    { type: ['null', 'number'] },
    { type: ['integer', 'null'] },
    { type: ['boolean', 'null'] },
    { anyOf: [{ type: 'number' }, { type: 'null' }] },
    { type: 'integer', minimum: 0 },
    { type: 'string', maxLength: 5 },
    { enum: ['x', 'y'] },
    { type: ['string', 'number'] },
    { type: 'array', items: { type: 'number' } },
    { type: 'array' },
    { type: 'object' },
    { type: 'object', additionalProperties: true },
    {},
  ),
);

const { schema: objectSchema } = fc.letrec<{ schema: JsonSchema; field: JsonSchema }>(tie => ({
  field: fc.oneof({ weight: 6, arbitrary: scalarSchema }, { weight: 1, arbitrary: tie('schema') }),
  schema: fc
    .tuple(
      fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 5 }),
      fc.array(tie('field'), { minLength: 5, maxLength: 5 }),
      fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
      fc.constantFrom<JsonSchema['additionalProperties']>(undefined, undefined, undefined, true, false),
    )
    .map(([fields, schemas, required, additionalProperties]) => ({
      type: 'object' as const,
      properties: Object.fromEntries(fields.map((name, i) => [name, schemas[i]!])),
      required: fields.filter((_, i) => required[i]),
      ...(additionalProperties !== undefined && { additionalProperties }),
    })),
}));

const oddNumber = fc.constantFrom(
  ...[
    '0',
    '-0',
    '0.0',
    '-0.0',
    '1e400',
    '-1e400',
    '1e-400',
    '0.1',
    '0.30000000000000004',
    '123456789012345',
    '1234567890123456',
    '9007199254740993',
  ],
  ...[
    '9007199254740991',
    '-9007199254740992',
    '123456789.123456',
    '1234567890.12345',
    '0.000001',
    '1E5',
    '1e+5',
    '1.5e-7',
    '12345678901234567890',
  ],
  ...[
    '01',
    '-',
    '1.',
    '.5',
    '+1',
    '1e',
    '1e+',
    '--1',
    '0x10',
    'NaN',
    'Infinity',
    '-01',
    '00',
    '1.e5',
    '999999999',
    '9999999999',
    '2147483648',
    '4294967296',
  ],
  ...[
    '0.1234567890123456',
    '1.7976931348623157e308',
    '5e-324',
    '2.2250738585072011e-308',
    '0.5000000000000000001',
    '100000000000000.5',
    '8.5',
    '-12.75',
  ],
);

const numberText = fc.oneof(
  oddNumber,
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(n => JSON.stringify(n)),
  fc.tuple(fc.integer(), fc.nat(99_999)).map(([whole, part]) => `${whole}.${part}`),
  fc.tuple(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), fc.nat(20)).map(([n, zeros]) => `${n}.${'0'.repeat(zeros)}${zeros}`),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
);

const stringText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }).map(s => JSON.stringify(s)),
  fc.string({ unit: 'grapheme', maxLength: 40 }).map(s => `"${s.replace(/["\\]/g, '')}"`),
  fc.constantFrom(
    '"x"',
    '"y"',
    '""',
    '"plain text"',
    '"\\u00e9\\n\\/"',
    '"\\ud83d\\ude00"',
    '"\\ud800"',
    '"\\x"',
    '"\\"',
    '"tab\there"',
    '"a\\',
    '"ÿ"',
    '"\ufffd"',
    '"é"',
  ),
);

/** Text of a value that mostly fits the schema. */
function valueText(schema: JsonSchema, depth = 0): fc.Arbitrary<string> {
  const anything = fc.oneof(
    numberText,
    stringText,
    fc.constantFrom(
      'true',
      'false',
      'null',
      '{}',
      '[]',
      'nul',
      'tru',
      'truex',
      '[1,2]',
      '{"a":{"b":[]}}',
      '[',
      '{"a":1',
      '[1,]',
      '{"a" :1}',
      '[ "]" ]',
      '',
    ),
    fc.json({ maxDepth: 3 }),
  );
  const types = schema.type === undefined ? [] : typeof schema.type === 'string' ? [schema.type] : schema.type;
  const fitting = types.map(type => {
    switch (type) {
      case 'string':
        return stringText;
      case 'number':
        return numberText;
      case 'integer':
        return fc.oneof(fc.integer().map(String), fc.maxSafeInteger().map(String), numberText);
      case 'boolean':
        return fc.constantFrom('true', 'false');
      case 'null':
        return fc.constant('null');
      case 'array':
        return fc.array(numberText, { maxLength: 3 }).map(items => `[${items.join(',')}]`);
      case 'object':
        return depth < 3 ? documentText(schema, depth + 1) : fc.constant('{}');
    }
  });
  return fitting.length === 0 ? anything : fc.oneof({ weight: 12, arbitrary: fc.oneof(...fitting) }, { weight: 1, arbitrary: anything });
}

interface Style {
  open: string;
  separator: string;
  colon: string;
  close: string;
}

const style: fc.Arbitrary<Style> = fc.constantFrom(
  { open: '{', separator: ',', colon: ':', close: '}' },
  { open: '{', separator: ',', colon: ':', close: '}' },
  { open: '{ ', separator: ', ', colon: ': ', close: ' }' },
  { open: '{', separator: ',\t', colon: ' :', close: '}' },
);

function documentText(schema: JsonSchema, depth = 0): fc.Arbitrary<string> {
  const fields = Object.entries(schema.properties ?? {});
  const entries = fields.map(([name, field]) =>
    fc.record({
      text: fc.tuple(fc.constant(name), valueText(field, depth)),
      present: fc.integer({ min: 0, max: schema.required?.includes(name) ? 40 : 3 }).map(n => n > 0),
    }),
  );
  const undeclared = fc.tuple(
    fc.constantFrom('other', 'zz', ...names),
    fc.oneof(fc.json({ maxDepth: 2 }), numberText, stringText, fc.constantFrom('{"x":[1,{"y":"}"}]}', '[[[]]]', 'nope')),
  );
  const order = fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.nat() });
  return fc
    .tuple(fc.tuple(...entries), fc.array(undeclared, { maxLength: 2 }), order, style)
    .map(([declared, extra, rotate, { open, separator, colon, close }]) => {
      const parts = [...declared.filter(entry => entry.present).map(entry => entry.text), ...extra];
      const turned =
        rotate === undefined || parts.length === 0
          ? parts
          : [...parts.slice(rotate % parts.length), ...parts.slice(0, rotate % parts.length)];
      return open + turned.map(([name, text]) => JSON.stringify(name) + colon + text).join(separator) + close;
    });
}

/** Regular documents, after which code has been generated, and among them anything. */
function lines(schema: JsonSchema): fc.Arbitrary<Uint8Array[]> {
  const document = documentText(schema).map(text => Buffer.from(text));
  const mutated = fc
    .tuple(document, fc.nat(), fc.nat(255), fc.constantFrom('replace', 'insert', 'delete', 'cut'))
    .map(([line, where, byte, how]) => {
      const at = where % (line.length + 1);
      const tail = how === 'cut' ? Buffer.alloc(0) : line.subarray(how === 'insert' ? at : at + 1);
      const piece = how === 'delete' ? [] : [byte];
      return Buffer.concat([line.subarray(0, at), Buffer.from(piece), tail]);
    });
  return fc
    .tuple(
      fc.array(document, { minLength: 1, maxLength: 3 }),
      fc.array(fc.oneof({ weight: 2, arbitrary: document }, { weight: 1, arbitrary: mutated }), { maxLength: 25 }),
    )
    .map(([regular, rest]) => [...Array.from({ length: 12 }, (_, i) => regular[i % regular.length]!), ...rest])
    .map(all => all.filter(line => !line.includes(0x0a)));
}

const run = objectSchema.chain(schema =>
  fc.record({
    schema: fc.constant(schema),
    lines: lines(schema),
    pieces: fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1 }),
    padding: fc.constantFrom(0, 5, 512),
  }),
);

describe('generated decoders of JSON Lines', () => {
  test('give what JSON.parse and the schema give, for any line', () => {
    fc.assert(
      fc.property(run, ({ schema, lines, pieces, padding }) => {
        const validate = validator(schema);
        const decoded = decodeAll(json({ schema }), Buffer.concat(lines.flatMap(line => [line, Buffer.from('\n')])), { pieces, padding });
        const values: { value: unknown; position: number }[] = [];
        const rejects: { reason: string; position: number }[] = [];
        let position = 0;
        for (const line of lines) {
          // A carriage return before the line end belongs to the line end; an empty line is none.
          const content = line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
          const outcome = content.length === 0 ? undefined : reference(content, validate);
          if (outcome !== undefined && 'value' in outcome) values.push({ value: outcome.value, position });
          else if (outcome !== undefined) rejects.push({ reason: outcome.reason, position });
          position += line.length + 1;
        }
        // vitest's own comparison takes a field named 'constructor' for the type of the object.
        deepStrictEqual(
          decoded.rejects.map(({ reason, position }) => ({ reason, position })),
          rejects,
        );
        deepStrictEqual(decoded.records, values);
      }),
      { numRuns: 1500 },
    );
  });

  test('read numbers as JSON.parse does, to the last bit', () => {
    fc.assert(
      fc.property(fc.array(numberText, { minLength: 30, maxLength: 60 }), texts => {
        const schema = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] } as const;
        const warmUp = Array.from({ length: 10 }, (_, i) => String(i));
        const all = [...warmUp, ...texts];
        const decoded = decodeAll(json({ schema }), all.map(text => `{"n":${text}}\n`).join(''));
        const expected = all.flatMap(text => {
          try {
            return [JSON.parse(text) as number];
          } catch {
            return [];
          }
        });
        expect(decoded.records.map(record => record.value.n)).toStrictEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test('read 64-bit integers exactly', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }), { minLength: 12 }), numbers => {
        const schema = { type: 'object', properties: { n: { type: 'integer', format: 'int64' } }, required: ['n'] } as const;
        const decoded = decodeAll(json({ schema }), numbers.map(n => `{"n":${n},"skipped":"x"}\n`).join(''));
        expect(decoded.records.map(record => record.value.n)).toEqual(numbers.filter(n => BigInt.asIntN(64, n) === n));
        expect(decoded.rejects.every(reject => reject.reason === 'invalid')).toBe(true);
        expect(decoded.records.length + decoded.rejects.length).toBe(numbers.length);
      }),
    );
  });
});
