import { toStandardJsonSchema } from '@valibot/to-json-schema';
import { type } from 'arktype';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { type InferSchema, type JsonSchema, openSchema, type Schema, validator } from '../../src/types/schema.ts';

describe('the record type', () => {
  const infer = <const S extends Schema>(_schema: S): InferSchema<S> => undefined as InferSchema<S>;

  test('of a Standard Schema is its output', () => {
    const ofZod = infer(
      z.object({ at: z.string().transform(text => new Date(text)), n: z.number().nullable(), tag: z.string().optional() }),
    );
    expectTypeOf(ofZod).toEqualTypeOf<{ at: Date; n: number | null; tag?: string | undefined }>();
    expectTypeOf(infer(v.object({ origin: v.string(), delay: v.pipe(v.string(), v.transform(Number)) }))).toEqualTypeOf<{
      origin: string;
      delay: number;
    }>();
    expectTypeOf(infer(type({ origin: 'string', 'delay?': 'number' }))).toEqualTypeOf<{ origin: string; delay?: number }>();
  });

  test('of a JSON Schema is read from its literal', () => {
    const flight = infer({
      type: 'object',
      properties: {
        origin: { type: 'string' },
        delay: { type: ['integer', 'null'] },
        id: { type: 'integer', format: 'int64' },
        cancelled: { type: 'boolean' },
        class: { enum: ['economy', 'first'] },
        version: { const: 1 },
        legs: { type: 'array', items: { type: 'object', properties: { to: { type: 'string' } }, required: ['to'] } },
        price: { anyOf: [{ type: 'number' }, { type: 'null' }] },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
        free: {},
      },
      required: ['origin', 'delay', 'id', 'class', 'version', 'legs', 'price', 'labels', 'free'],
    });
    expectTypeOf(flight).toEqualTypeOf<{
      origin: string;
      delay: number | null;
      id: bigint;
      cancelled?: boolean;
      class: 'economy' | 'first';
      version: 1;
      legs: { to: string }[];
      price: number | null;
      labels: { [name: string]: string };
      free: unknown;
    }>();
    expectTypeOf(infer({ oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'number' } }] })).toEqualTypeOf<string | number[]>();
    expectTypeOf(infer({ type: 'object' })).toEqualTypeOf<{ [name: string]: unknown }>();
  });

  test('of a JSON Schema that was declared apart needs `as const`', () => {
    const Flight = { type: 'object', properties: { origin: { type: 'string' } }, required: ['origin'] } as const;
    expectTypeOf(infer(Flight)).toEqualTypeOf<{ origin: string }>();
  });

  test('keeps a place for fields that are not declared when they are kept', () => {
    const open = infer({ type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: true });
    expectTypeOf<(typeof open)['a']>().toEqualTypeOf<string>();
    expectTypeOf<(typeof open)['other']>().toEqualTypeOf<unknown>();
  });
});

describe('the shape', () => {
  const flightShape = {
    undeclared: 'drop',
    fields: [
      { name: 'origin', kind: 'string', nullable: false, optional: false },
      { name: 'delay', kind: 'number', nullable: true, optional: false },
      { name: 'tag', kind: 'string', nullable: false, optional: true },
      { name: 'where', kind: 'object', object: { undeclared: 'drop', fields: [{ name: 'lat', kind: 'number', nullable: false }] } },
    ],
  };

  test.each<[string, Schema]>([
    [
      'zod',
      z.object({ origin: z.string(), delay: z.number().nullable(), tag: z.string().optional(), where: z.object({ lat: z.number() }) }),
    ],
    [
      'valibot with JSON Schema',
      toStandardJsonSchema(
        v.object({ origin: v.string(), delay: v.nullable(v.number()), tag: v.optional(v.string()), where: v.object({ lat: v.number() }) }),
      ),
    ],
    [
      'JSON Schema',
      {
        type: 'object',
        properties: {
          origin: { type: 'string' },
          delay: { type: ['number', 'null'] },
          tag: { type: 'string' },
          where: { type: 'object', properties: { lat: { type: 'number' } }, required: ['lat'] },
        },
        required: ['origin', 'delay', 'where'],
      },
    ],
  ])('of %s tells fields, kinds, nulls and what is optional', (_, schema) => {
    expect(openSchema(schema).shape).toMatchObject(flightShape);
  });

  test('of arktype tells fields and kinds', () => {
    const shape = openSchema(type({ origin: 'string', delay: 'number | null', 'tag?': 'string', where: { lat: 'number' } })).shape!;
    const { delay, origin, tag, where } = Object.fromEntries(shape.fields.map(field => [field.name, field]));
    expect(origin).toMatchObject({ kind: 'string', optional: false });
    expect(delay).toMatchObject({ kind: 'number', nullable: true });
    expect(tag).toMatchObject({ kind: 'string', optional: true });
    expect(where?.object?.fields).toMatchObject([{ name: 'lat', kind: 'number' }]);
  });

  test('takes what JSON cannot hold as it comes', () => {
    const shape = openSchema(z.object({ at: z.date(), n: z.number() })).shape;
    expect(shape?.fields).toMatchObject([
      { name: 'at', kind: 'any' },
      { name: 'n', kind: 'number' },
    ]);
  });

  test('is absent where the library does not tell', () => {
    expect(openSchema(v.object({ a: v.string() })).shape).toBeUndefined();
    expect(openSchema(z.string()).shape).toBeUndefined();
  });

  test('keeps fields of loose objects and refuses those of strict ones', () => {
    expect(openSchema(z.looseObject({ a: z.string() })).shape?.undeclared).toBe('keep');
    expect(openSchema(z.strictObject({ a: z.string() })).shape?.undeclared).toBe('refuse');
  });

  test('suffices only when the schema says no more', () => {
    const suffices = (schema: JsonSchema) => openSchema({ type: 'object', properties: { a: schema } }).validateDecoded === undefined;
    expect(suffices({ type: ['string', 'null'], description: 'text' })).toBe(true);
    expect(suffices({ type: 'string', minLength: 1 })).toBe(false);
    expect(suffices({ enum: ['a'] })).toBe(false);
    expect(suffices({})).toBe(false);
  });
});

describe('validation with a Standard Schema', () => {
  test.each<[string, Schema]>([
    ['zod', z.object({ n: z.number().min(1) })],
    ['valibot', v.object({ n: v.pipe(v.number(), v.minValue(1)) })],
    ['arktype', type({ n: 'number >= 1' })],
  ])('of %s gives its output or says what is wrong', (_, schema) => {
    const validate = validator(schema);
    expect(validate({ n: 2 })).toEqual({ n: 2 });
    expect(() => validate({ n: 0 })).toThrow(/^n\b.*1/);
    expect(() => validate('text')).toThrow(/object/i);
  });

  test('runs transformations and refinements', () => {
    const Range = z.object({ from: z.coerce.number(), to: z.coerce.number() }).refine(r => r.from <= r.to, 'from is after to');
    expect(validator(Range)({ from: '1', to: '2' })).toEqual({ from: 1, to: 2 });
    expect(() => validator(Range)({ from: 3, to: 2 })).toThrow('from is after to');
  });

  test('leaves fields out that are not declared, whatever the library would do', () => {
    expect(validator(type({ a: 'string' }))({ a: 'x', b: 1 })).toEqual({ a: 'x' });
    expect(validator(z.looseObject({ a: z.string() }))({ a: 'x', b: 1 })).toEqual({ a: 'x', b: 1 });
  });

  test('shows the first issues and how many more there are', () => {
    const fields = Object.fromEntries(Array.from('abcde', name => [name, z.string()]));
    expect(() => validator(z.object(fields))({})).toThrow(/^a: .*; b: .*; c: .*; and 2 more$/);
  });

  test('is refused when it is asynchronous', async () => {
    const slow = v.objectAsync({
      a: v.pipeAsync(
        v.string(),
        v.checkAsync(async () => true),
      ),
    });
    expect(() => openSchema(slow)).toThrow(expect.objectContaining({ code: 'SCHEMA_ASYNC' }));
    const hidden = openSchema(z.object({ a: z.string().refine(async () => false) }));
    expect(() => hidden.validate({ a: 'x' })).toThrow(expect.objectContaining({ code: 'SCHEMA_ASYNC' }));
    // What was started ends without an unhandled rejection.
    await new Promise(resolve => setImmediate(resolve));
  });
});

describe('validation with a JSON Schema', () => {
  const check = (schema: JsonSchema, value: unknown) => validator(schema)(value);

  test.each<[JsonSchema, unknown, unknown]>([
    [{ type: 'string' }, 'x', 'x'],
    [{ type: 'number' }, -0, -0],
    [{ type: 'number' }, 5n, 5],
    [{ type: 'integer' }, 2 ** 53 - 1, 2 ** 53 - 1],
    [{ type: 'integer' }, 5n, 5],
    [{ type: 'integer', format: 'int64' }, 5, 5n],
    [{ type: 'integer', format: 'int64' }, 2n ** 63n - 1n, 2n ** 63n - 1n],
    [{ type: ['string', 'null'] }, null, null],
    [{ type: ['string', 'number'] }, 1, 1],
    [{ enum: ['a', 1, null] }, null, null],
    [{ const: true }, true, true],
    [{ anyOf: [{ type: 'string' }, { type: 'integer', format: 'int64' }] }, 7, 7n],
    [{ oneOf: [{ type: 'integer' }, { type: 'string' }] }, 's', 's'],
    [{ type: 'array', items: { type: 'integer', format: 'int64' } }, [1, 2], [1n, 2n]],
    [{ type: 'string', minLength: 1, maxLength: 1 }, '😀', '😀'],
    [{ type: 'string', pattern: '^a' }, 'abc', 'abc'],
    [{ type: 'number', multipleOf: 0.5 }, 1.5, 1.5],
    [{}, { anything: 1 }, { anything: 1 }],
  ])('%o takes %o', (schema, value, expected) => {
    expect(check(schema, value)).toStrictEqual(expected);
  });

  test.each<[JsonSchema, unknown, string]>([
    [{ type: 'string' }, 1, 'expected string, got 1'],
    [{ type: 'string' }, null, 'expected string, got null'],
    [{ type: 'number' }, '1', 'expected number, got "1"'],
    [{ type: 'integer' }, 1.5, 'expected integer within 2^53, got 1.5'],
    [{ type: 'integer' }, 2 ** 53, 'expected integer within 2^53, got 9007199254740992'],
    [{ type: 'integer', format: 'int64' }, 2 ** 53, 'expected integer of 64 bits, got 9007199254740992'],
    [{ type: 'integer', format: 'int64' }, 2n ** 63n, 'expected integer of 64 bits'],
    [{ type: 'boolean' }, 'true', 'expected boolean, got "true"'],
    [{ type: 'object' }, [], 'expected object, got an array'],
    [{ type: 'array', items: { type: 'number' } }, [1, 'x'], '[1]: expected number, got "x"'],
    [{ enum: ['a', 1] }, 'b', 'expected "a" or 1, got "b"'],
    [{ oneOf: [{ type: 'number' }, { type: 'integer' }] }, 1, 'fits one alternative and not 2'],
    [{ anyOf: [{ type: 'number' }, { type: 'boolean' }] }, 's', 'fits one of the alternatives'],
    [{ type: 'integer', minimum: 1 }, 0, 'at least 1'],
    [{ type: 'integer', format: 'int64', maximum: 5 }, 6, 'at most 5'],
    [{ type: 'number', exclusiveMinimum: 1 }, 1, 'more than 1'],
    [{ type: 'number', exclusiveMaximum: 1 }, 1, 'less than 1'],
    [{ type: 'string', maxLength: 1 }, 'ab', 'at most 1 characters'],
    [{ type: 'string', minLength: 2 }, '😀', 'at least 2 characters'],
    [{ type: 'array', minItems: 1 }, [], 'at least 1 elements'],
    [{}, undefined, 'expected a value, got nothing'],
  ])('%o refuses %o', (schema, value, message) => {
    expect(() => check(schema, value)).toThrow(message);
  });

  const nested = {
    type: 'object',
    properties: {
      window: { type: 'object', properties: { start: { type: 'integer' } }, required: ['start'] },
      legs: { type: 'array', items: { type: 'object', properties: { to: { type: 'string' } }, required: ['to'] } },
    },
    required: ['window'],
  } as const;

  test('names the place in the record', () => {
    expect(() => check(nested, { window: { start: 'x' } })).toThrow('window.start: expected integer within 2^53, got "x"');
    expect(() => check(nested, { window: { start: 1 }, legs: [{ to: 'a' }, { to: 1 }] })).toThrow('legs[1].to: expected string, got 1');
    expect(() => check(nested, {})).toThrow('window: expected a value, got nothing');
  });

  test('drops fields that are not declared, keeps or refuses them if told so', () => {
    const properties = { a: { type: 'string' } } as const;
    const value = JSON.parse('{"a":"x","b":1,"__proto__":{"polluted":true}}') as unknown;
    expect(check({ type: 'object', properties }, value)).toStrictEqual({ a: 'x' });
    expect(check({ type: 'object', properties, additionalProperties: true }, value)).toStrictEqual(value);
    expect(() => check({ type: 'object', properties, additionalProperties: { type: 'number' } }, value)).toThrow(
      '__proto__: expected number',
    );
    expect(() => check({ type: 'object', properties, additionalProperties: false }, value)).toThrow('b: expected no field of this name');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('does not take what objects inherit for a field', () => {
    expect(() => check({ type: 'object', properties: { constructor: {} }, required: ['constructor'] }, {})).toThrow('got nothing');
    expect(check({ type: 'object', properties: { toString: { type: 'string' as const } } }, {})).toStrictEqual({});
  });

  test('leaves its argument as it is', () => {
    const value = Object.freeze({ a: 1, b: Object.freeze([1]) });
    const schema = {
      type: 'object',
      properties: { a: { type: 'integer', format: 'int64' }, b: { type: 'array', items: { type: 'integer' } } },
    };
    expect(check(schema as JsonSchema, value)).toEqual({ a: 1n, b: [1] });
  });

  test.each<[unknown, string]>([
    [{ type: 'object', patternProperties: {} }, 'patternProperties'],
    [{ type: 'object', properties: { a: { $ref: '#/$defs/a' } } }, 'schema.properties.a'],
    [{ type: 'text' }, 'schema.type'],
    [{ type: 'string', pattern: '(' }, 'schema.pattern'],
    [{ type: 'object', properties: { a: 'string' } }, 'schema.properties.a'],
    [{ type: 'object', properties: JSON.parse('{"__proto__":{}}') }, '__proto__'],
    [{ enum: [] }, 'schema.enum'],
    [{ type: 'number', minimum: 'x' }, 'schema.minimum'],
    [null, 'Standard Schema or a JSON Schema'],
    ['string', 'Standard Schema or a JSON Schema'],
  ])('refuses the schema %o', (schema, message) => {
    expect(() => openSchema(schema as Schema)).toThrow(expect.objectContaining({ code: 'SCHEMA_INVALID' }));
    expect(() => openSchema(schema as Schema)).toThrow(message);
  });

  test('gives the declared fields of any object, or refuses it', () => {
    const kind = fc.constantFrom('string' as const, 'number' as const, 'boolean' as const);
    const fields = fc.dictionary(fc.constantFrom('a', 'b', 'valueOf', 'd'), fc.record({ kind, required: fc.boolean() }));
    fc.assert(
      fc.property(
        fields,
        fc.dictionary(fc.constantFrom('a', 'b', 'valueOf', 'd', 'e'), fc.oneof(fc.string(), fc.integer(), fc.boolean())),
        (fields, value) => {
          const schema: JsonSchema = {
            type: 'object',
            properties: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, { type: field.kind }])),
            required: Object.keys(fields).filter(name => fields[name]!.required),
          };
          const fits = Object.entries(fields).every(([name, field]) =>
            Object.hasOwn(value, name) ? typeof value[name] === field.kind : !field.required,
          );
          const kept = Object.fromEntries(
            Object.keys(fields)
              .filter(name => Object.hasOwn(value, name))
              .map(name => [name, value[name]]),
          );
          if (fits) expect(check(schema, value)).toEqual(kept);
          else expect(() => check(schema, value)).toThrow(/^(a|b|valueOf|d): expected/);
        },
      ),
    );
  });
});
