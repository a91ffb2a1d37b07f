import { codeGenerationAllowed, compile } from '../base/codegen.ts';
import { MillraceError } from '../base/errors.ts';
import type { JsonSchema } from './schema-json.ts';
import { mismatch, SchemaMismatch } from './schema-mismatch.ts';

/** Gives the value as the schema describes it, or throws a SchemaMismatch. Never changes the value it is given. */
export type Conform = (value: unknown) => unknown;

const KEYWORDS = new Set([
  'type',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'enum',
  'const',
  'anyOf',
  'oneOf',
  'format',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
]);

const ANNOTATIONS = new Set([
  '$schema',
  '$id',
  '$comment',
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  'contentEncoding',
  'contentMediaType',
]);

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/**
 * The function that checks values against a JSON Schema. Fields that are not declared are dropped, unless `additionalProperties`
 * says otherwise; whole numbers must be exact in a double, except those of format `int64`, which become bigint.
 *
 * @throws MillraceError `SCHEMA_INVALID` for a schema that is contradictory or uses a keyword that is not checked
 */
export function conformToJsonSchema(schema: JsonSchema): Conform {
  return conformValue(schema, 'schema');
}

function invalid(where: string, expected: string, got: unknown, cause?: unknown): never {
  throw new MillraceError('SCHEMA_INVALID', {
    where,
    expected,
    got: got === undefined ? 'nothing' : JSON.stringify(got),
    ...(cause !== undefined && { cause }),
  });
}

function conformValue(schema: JsonSchema, where: string): Conform {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) invalid(where, 'a JSON Schema object', schema);
  for (const keyword of Object.keys(schema)) {
    if (!KEYWORDS.has(keyword) && !ANNOTATIONS.has(keyword)) {
      throw new MillraceError('SCHEMA_INVALID', {
        where,
        expected: `keywords out of ${[...KEYWORDS].join(', ')}`,
        got: `'${keyword}'`,
        hint: 'leave the keyword away, or use a Standard Schema library (zod, valibot, arktype) for what it says',
      });
    }
  }
  const checks = [...typeChecks(schema, where), ...literalChecks(schema, where), ...unionChecks(schema, where)];
  if (checks.length === 0) return value => (value === undefined ? mismatch('a value', value) : value);
  if (checks.length === 1) return checks[0]!;
  return value => checks.reduce((conformed, check) => check(conformed), value);
}

function typeChecks(schema: JsonSchema, where: string): Conform[] {
  const types = Array.isArray(schema.type)
    ? (schema.type as readonly string[])
    : [(schema.type as string | undefined) ?? (schema.properties || schema.required || schema.additionalProperties ? 'object' : undefined)];
  if (types.length === 0) invalid(`${where}.type`, 'at least one type', schema.type);
  const byType = types.filter(type => type !== undefined).map(type => typeCheck(type, schema, where));
  if (byType.length < 2) return byType;
  if (types[1] === 'null' && types.length === 2) return [value => (value === null ? null : byType[0]!(value))];
  if (types[0] === 'null' && types.length === 2) return [value => (value === null ? null : byType[1]!(value))];
  return [firstOf(byType, types.join(' or '))];
}

function typeCheck(type: string, schema: JsonSchema, where: string): Conform {
  switch (type) {
    case 'string':
      return stringCheck(schema, where);
    case 'number':
      return withNumberBounds(schema, where, value =>
        typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : mismatch('number', value),
      );
    case 'integer':
      return withNumberBounds(schema, where, schema.format === 'int64' ? conformInt64 : conformInteger);
    case 'boolean':
      return value => (typeof value === 'boolean' ? value : mismatch('boolean', value));
    case 'null':
      return value => (value === null ? value : mismatch('null', value));
    case 'array':
      return arrayCheck(schema, where);
    case 'object':
      return objectCheck(schema, where);
    default:
      return invalid(`${where}.type`, "one of 'string', 'number', 'integer', 'boolean', 'null', 'array', 'object'", type);
  }
}

/** A whole number that a double holds exactly. */
function conformInteger(value: unknown): number {
  if (typeof value === 'bigint' && Number.isSafeInteger(Number(value))) return Number(value);
  return Number.isSafeInteger(value) ? (value as number) : mismatch('integer within 2^53', value);
}

/** A whole number of 64 bits. A double is taken when it is exact. */
function conformInt64(value: unknown): bigint {
  if (Number.isSafeInteger(value)) return BigInt(value as number);
  return typeof value === 'bigint' && value >= INT64_MIN && value <= INT64_MAX ? value : mismatch('integer of 64 bits', value);
}

function withNumberBounds(schema: JsonSchema, where: string, conform: (value: unknown) => number | bigint): Conform {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const bounds = { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf };
  for (const [keyword, bound] of Object.entries(bounds)) {
    if (bound !== undefined && !Number.isFinite(bound)) invalid(`${where}.${keyword}`, 'a finite number', bound);
  }
  if (multipleOf !== undefined && multipleOf <= 0) invalid(`${where}.multipleOf`, 'a number above 0', multipleOf);
  if (Object.values(bounds).every(bound => bound === undefined)) return conform;
  return value => {
    const n = conform(value);
    if (minimum !== undefined && n < minimum) mismatch(`at least ${minimum}`, n);
    if (maximum !== undefined && n > maximum) mismatch(`at most ${maximum}`, n);
    if (exclusiveMinimum !== undefined && n <= exclusiveMinimum) mismatch(`more than ${exclusiveMinimum}`, n);
    if (exclusiveMaximum !== undefined && n >= exclusiveMaximum) mismatch(`less than ${exclusiveMaximum}`, n);
    if (multipleOf !== undefined && !Number.isInteger(Number(n) / multipleOf)) mismatch(`a multiple of ${multipleOf}`, n);
    return n;
  };
}

function stringCheck(schema: JsonSchema, where: string): Conform {
  const { pattern } = schema;
  const minLength = schema.minLength ?? 0;
  const maxLength = schema.maxLength ?? Infinity;
  let expression: RegExp | undefined;
  if (pattern !== undefined) {
    try {
      expression = new RegExp(pattern, 'u');
    } catch (error) {
      invalid(`${where}.pattern`, 'a regular expression', pattern, error);
    }
  }
  if (minLength === 0 && maxLength === Infinity && expression === undefined) {
    return value => (typeof value === 'string' ? value : mismatch('string', value));
  }
  return value => {
    if (typeof value !== 'string') mismatch('string', value);
    // Code points never outnumber code units, so counting them is rarely needed.
    if (value.length < minLength || value.length > maxLength || (minLength > 0 && value.length < 2 * minLength)) {
      const codePoints = [...value].length;
      if (codePoints < minLength) mismatch(`at least ${minLength} characters`, value);
      if (codePoints > maxLength) mismatch(`at most ${maxLength} characters`, value);
    }
    if (expression !== undefined && !expression.test(value)) mismatch(`text that matches ${expression}`, value);
    return value;
  };
}

function arrayCheck(schema: JsonSchema, where: string): Conform {
  const { minItems = 0, maxItems = Infinity } = schema;
  const item = schema.items === undefined ? undefined : conformValue(schema.items, `${where}.items`);
  return value => {
    if (!Array.isArray(value)) mismatch('array', value);
    if (value.length < minItems) mismatch(`at least ${minItems} elements`, value);
    if (value.length > maxItems) mismatch(`at most ${maxItems} elements`, value);
    return item === undefined ? value : value.map((element, i) => inside(i, item, element));
  };
}

function literalChecks(schema: JsonSchema, where: string): Conform[] {
  const checks: Conform[] = [];
  const literals: unknown = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (literals !== undefined) {
    if (!Array.isArray(literals) || literals.length === 0) invalid(`${where}.enum`, 'a list of values', literals);
    if (literals.some(literal => typeof literal === 'object' && literal !== null)) {
      invalid(`${where}.enum`, 'strings, numbers, booleans or null', literals);
    }
    const allowed = new Set<unknown>(literals);
    const expected = literals.map(literal => JSON.stringify(literal)).join(' or ');
    checks.push(value => (allowed.has(value) ? value : mismatch(expected, value)));
  }
  return checks;
}

function unionChecks(schema: JsonSchema, where: string): Conform[] {
  const checks: Conform[] = [];
  if (schema.anyOf !== undefined) {
    checks.push(
      firstOf(
        schema.anyOf.map((member, i) => conformValue(member, `${where}.anyOf[${i}]`)),
        'a value that fits one of the alternatives',
      ),
    );
  }
  if (schema.oneOf !== undefined) {
    const members = schema.oneOf.map((member, i) => conformValue(member, `${where}.oneOf[${i}]`));
    checks.push(value => {
      const fitting = members.filter(member => fits(member, value));
      if (fitting.length !== 1) mismatch(`a value that fits one alternative and not ${fitting.length}`, value);
      return fitting[0]!(value);
    });
  }
  return checks;
}

function fits(conform: Conform, value: unknown): boolean {
  try {
    conform(value);
    return true;
  } catch (error) {
    if (error instanceof SchemaMismatch) return false;
    throw error;
  }
}

function firstOf(members: readonly Conform[], expected: string): Conform {
  return value => {
    const member = members.find(m => fits(m, value));
    return member === undefined ? mismatch(expected, value) : member(value);
  };
}

/** Checks what stands in a field or an array, so that a message names the place. */
function inside(segment: string | number, conform: Conform, value: unknown): unknown {
  try {
    return conform(value);
  } catch (error) {
    throw error instanceof SchemaMismatch ? error.within(segment) : error;
  }
}

interface Field {
  readonly name: string;
  readonly required: boolean;
  readonly conform: Conform;
  /** The check is this `typeof` alone. */
  readonly plain: 'string' | 'number' | 'boolean' | undefined;
}

function objectCheck(schema: JsonSchema, where: string): Conform {
  const required = schema.required ?? [];
  if (!Array.isArray(required)) invalid(`${where}.required`, 'a list of names', required);
  const properties: Record<string, JsonSchema> = { ...schema.properties };
  for (const name of required) properties[name] ??= {};
  const fields: Field[] = Object.entries(properties).map(([name, field]) => {
    // Assigning to it would change the prototype of the record.
    if (name === '__proto__') invalid(where, "fields of other names than '__proto__'", name);
    const conform = conformValue(field, `${where}.properties.${name}`);
    return { name, required: required.includes(name), conform, plain: plainType(field) };
  });
  const { additionalProperties } = schema;
  const rest =
    additionalProperties === true
      ? (value: unknown) => value
      : typeof additionalProperties === 'object'
        ? conformValue(additionalProperties, `${where}.additionalProperties`)
        : undefined;
  const take = codeGenerationAllowed() ? generateFields(fields) : (value: Record<string, unknown>) => takeFields(fields, value);
  const declared = new Set(fields.map(field => field.name));
  return value => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) mismatch('object', value);
    const source = value as Record<string, unknown>;
    const record = take(source);
    if (rest !== undefined || additionalProperties === false) {
      for (const name of Object.keys(source)) {
        if (declared.has(name)) continue;
        if (rest === undefined) throw new SchemaMismatch('expected no field of this name').within(name);
        // Defined rather than assigned, since a document may name a field `__proto__`.
        Object.defineProperty(record, name, {
          value: inside(name, rest, source[name]),
          enumerable: true,
          writable: true,
          configurable: true,
        });
      }
    }
    return record;
  };
}

function plainType(schema: JsonSchema): Field['plain'] {
  const keywords = Object.keys(schema).filter(keyword => !ANNOTATIONS.has(keyword) && keyword !== 'format');
  if (keywords.length !== 1) return undefined;
  return schema.type === 'string' || schema.type === 'number' || schema.type === 'boolean' ? schema.type : undefined;
}

function takeFields(fields: readonly Field[], source: Record<string, unknown>): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const { name, required, conform } of fields) {
    const value = name in Object.prototype && !Object.hasOwn(source, name) ? undefined : source[name];
    if (value !== undefined) record[name] = inside(name, conform, value);
    else if (required) missing(name);
  }
  return record;
}

function missing(name: string): never {
  throw new SchemaMismatch('expected a value, got nothing').within(name);
}

/** As `takeFields`, in one function for the schema: each property access sees objects of one shape and the record is one literal. */
function generateFields(fields: readonly Field[]): (source: Record<string, unknown>) => Record<string, unknown> {
  const bound: Record<string, unknown> = { inside, missing };
  const read: string[] = [];
  const literal: string[] = [];
  const added: string[] = [];
  fields.forEach((field, i) => {
    const name = JSON.stringify(field.name);
    bound[`conform${i}`] = field.conform;
    const access = field.name in Object.prototype ? `Object.hasOwn(source, ${name}) ? source[${name}] : undefined` : `source[${name}]`;
    const check = `inside(${name}, conform${i}, v${i})`;
    const conformed = field.plain === undefined ? check : `typeof v${i} === '${field.plain}' ? v${i} : ${check}`;
    read.push(`let v${i} = ${access};`);
    if (field.required) {
      read.push(`if (v${i} === undefined) missing(${name}); v${i} = ${conformed};`);
    } else {
      read.push(`if (v${i} !== undefined) v${i} = ${conformed};`);
    }
    // Fields keep their order, so once one may be absent the rest is added one by one.
    if (field.required && added.length === 0) literal.push(`${name}: v${i}`);
    else added.push(`if (v${i} !== undefined) record[${name}] = v${i};`);
  });
  const text = `return function (source) {
  ${read.join('\n')}
  const record = { ${literal.join(', ')} };
  ${added.join('\n')}
  return record;
};`;
  return compile(text, bound);
}
