import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import { MillraceError } from '../base/errors.ts';
import { conformToJsonSchema } from './schema-conform.ts';
import type { InferJsonSchema, JsonSchema } from './schema-json.ts';
import { SchemaMismatch } from './schema-mismatch.ts';
import { type RecordShape, shapeOfJsonSchema } from './schema-shape.ts';

export type { InferJsonSchema, JsonSchema } from './schema-json.ts';
export { SchemaMismatch } from './schema-mismatch.ts';
export type { FieldShape, RecordShape, ValueKind, ValueShape } from './schema-shape.ts';

/**
 * What records look like: a schema of any library that follows Standard Schema (zod, valibot, arktype), or a JSON Schema.
 *
 * @example
 * const Flight = z.object({ origin: z.string(), delay: z.number().nullable() });
 * const Flight = { type: 'object', properties: { origin: { type: 'string' } }, required: ['origin'] } as const;
 */
export type Schema = StandardSchemaV1 | JsonSchema;

/** The type of the records that a schema lets through; of a Standard Schema its output, after transformations. */
export type InferSchema<S> = S extends StandardSchemaV1<unknown, infer T> ? T : InferJsonSchema<S>;

/** Gives the value as the schema describes it. */
export type Validate<T> = (value: unknown) => T;

/** A schema made ready for use. */
export interface OpenSchema<T> {
  /**
   * The structure of records, as far as the schema tells: a JSON Schema always does, a Standard Schema when its library offers
   * Standard JSON Schema (zod 4, arktype).
   */
  readonly shape: RecordShape | undefined;
  /**
   * @throws SchemaMismatch for a value that is not valid
   * @throws MillraceError `SCHEMA_ASYNC` when the schema answers with a promise
   */
  readonly validate: Validate<T>;
  /** As `validate`, for a value that was decoded just as the shape says; undefined when nothing is left to check then. */
  readonly validateDecoded: Validate<T> | undefined;
}

/**
 * Makes a schema ready for use. With a JSON Schema, `validate` copies the declared fields and drops others unless
 * `additionalProperties` keeps or refuses them. With a Standard Schema that tells its structure, fields that are not declared are
 * left out before its own validation runs; refinements and transformations count.
 *
 * @throws MillraceError `SCHEMA_INVALID` when it is no schema, or a JSON Schema with keywords that are not checked
 * @throws MillraceError `SCHEMA_ASYNC` when the schema validates asynchronously, as far as that shows before the first record
 */
export function openSchema<S extends Schema>(schema: S): OpenSchema<InferSchema<S>> {
  if (isStandardSchema(schema)) return openStandardSchema(schema) as OpenSchema<InferSchema<S>>;
  if (schema === null || typeof schema !== 'object') {
    throw new MillraceError('SCHEMA_INVALID', { expected: 'a Standard Schema or a JSON Schema', got: String(schema) });
  }
  const validate = conformToJsonSchema(schema) as Validate<InferSchema<S>>;
  const shape = shapeOfJsonSchema(schema);
  return { shape, validate, validateDecoded: shape?.complete ? undefined : validate };
}

/**
 * The function that checks values against a schema; see `openSchema`.
 *
 * @example
 * validator({ type: 'object', properties: { n: { type: 'integer' } } })({ n: 1, other: 2 }) // { n: 1 }
 */
export function validator<S extends Schema>(schema: S): Validate<InferSchema<S>> {
  return openSchema(schema).validate;
}

function isStandardSchema(schema: unknown): schema is StandardSchemaV1 {
  // arktype's schemas are functions.
  return (typeof schema === 'object' || typeof schema === 'function') && schema !== null && '~standard' in schema;
}

function openStandardSchema(schema: StandardSchemaV1): OpenSchema<unknown> {
  const standard = schema['~standard'];
  const shape = shapeOfJsonSchema(jsonSchemaOf(schema));
  const result = standard.validate(undefined);
  if (result instanceof Promise) refuseAsync(standard.vendor, result);
  const validateDecoded = (value: unknown) => {
    const outcome = standard.validate(value);
    if (outcome instanceof Promise) refuseAsync(standard.vendor, outcome);
    if (outcome.issues === undefined) return outcome.value;
    throw issuesMismatch(outcome.issues);
  };
  const validate = shape === undefined ? validateDecoded : (value: unknown) => validateDecoded(onlyDeclared(value, shape));
  return { shape, validate, validateDecoded };
}

function refuseAsync(vendor: string, pending: Promise<unknown>): never {
  // Nobody waits for it, so its failure must not end the process.
  pending.catch(() => {});
  throw new MillraceError('SCHEMA_ASYNC', { where: `a schema of ${vendor}` });
}

/** The JSON Schema of what the schema accepts, from a library that can tell. */
function jsonSchemaOf(schema: StandardSchemaV1): unknown {
  const standard = schema['~standard'] as StandardSchemaV1['~standard'] & Partial<StandardJSONSchemaV1['~standard']>;
  if (standard.jsonSchema === undefined) return undefined;
  // zod refuses whole schemas for one field that JSON cannot hold, such as a Date, unless it is told to call that field unknown.
  for (const libraryOptions of [undefined, { unrepresentable: 'any' }]) {
    try {
      return standard.jsonSchema.input({ target: 'draft-2020-12', ...(libraryOptions && { libraryOptions }) });
    } catch {
      // A schema without a JSON Schema is used for validation alone.
    }
  }
  return undefined;
}

/** The value without the fields that the shape does not declare. */
function onlyDeclared(value: unknown, shape: RecordShape): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const source = value as Record<string, unknown>;
  const record: Record<string, unknown> = shape.undeclared === 'drop' ? {} : { ...source };
  for (const field of shape.fields) {
    if (!Object.hasOwn(source, field.name)) continue;
    const held = source[field.name];
    record[field.name] = field.object === undefined ? held : onlyDeclared(held, field.object);
  }
  return record;
}

const ISSUES_SHOWN = 3;

function issuesMismatch(issues: readonly StandardSchemaV1.Issue[]): SchemaMismatch {
  const shown = issues.slice(0, ISSUES_SHOWN).map(({ message, path = [] }) => {
    const place = path.map(segment => String(typeof segment === 'object' ? segment.key : segment)).join('.');
    // Some libraries begin their messages with the place.
    return place === '' || message.startsWith(place) ? message : `${place}: ${message}`;
  });
  const more = issues.length - shown.length;
  return new SchemaMismatch(shown.join('; ') + (more > 0 ? `; and ${more} more` : ''));
}
