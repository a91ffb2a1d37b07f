import type { JsonSchema } from './schema-json.ts';

/** `'any'` is a value of which nothing more is known; whoever decodes it takes it as it comes. */
export type ValueKind = 'string' | 'number' | 'integer' | 'int64' | 'boolean' | 'array' | 'object' | 'any';

/** What a schema says of the structure of a value: enough to generate decoders and to choose columns. */
export interface ValueShape {
  readonly kind: ValueKind;
  readonly nullable: boolean;
  /** Whether the shape says all that the schema says, so that a value decoded as the shape says needs no further check. */
  readonly complete: boolean;
  /** The elements of an array, when they are described. */
  readonly items?: ValueShape;
  /** The object, when it is one. */
  readonly object?: RecordShape;
}

export interface FieldShape extends ValueShape {
  readonly name: string;
  readonly optional: boolean;
}

/** The fields of an object, in the order in which the schema declares them. */
export interface RecordShape {
  readonly fields: readonly FieldShape[];
  /** What becomes of fields that are not declared. */
  readonly undeclared: 'drop' | 'keep' | 'refuse';
  readonly complete: boolean;
}

/** Shapes describe nested objects down to this depth and take what lies deeper as it comes. */
const MAX_SHAPE_DEPTH = 16;

const COMPLETE_KEYWORDS = new Set([
  'type',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'anyOf',
  'format',
  '$schema',
  '$id',
  '$comment',
  '$defs',
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
]);

const ANY: ValueShape = { kind: 'any', nullable: true, complete: false };

/** The shape of the records that a JSON Schema describes; undefined when it does not say that they are objects. */
export function shapeOfJsonSchema(schema: unknown): RecordShape | undefined {
  const shape = valueShape(schema, 0);
  return shape.kind === 'object' && !shape.nullable ? shape.object : undefined;
}

/** Whether any value within is a bigint. */
export function holdsInt64(shape: ValueShape | RecordShape): boolean {
  if ('fields' in shape) return shape.fields.some(holdsInt64);
  return (
    shape.kind === 'int64' ||
    (shape.items !== undefined && holdsInt64(shape.items)) ||
    (shape.object !== undefined && holdsInt64(shape.object))
  );
}

function valueShape(schema: unknown, depth: number): ValueShape {
  if (schema === true || depth > MAX_SHAPE_DEPTH) return ANY;
  if (typeof schema !== 'object' || schema === null) return ANY;
  const s = schema as JsonSchema;
  const complete = Object.keys(s).every(keyword => COMPLETE_KEYWORDS.has(keyword));
  const union = s.anyOf ?? s.oneOf;
  if (union !== undefined) {
    // A union with null alone is how a nullable value is written; any other union has no one kind.
    const others = union.filter(member => !isNull(member));
    if (others.length !== 1 || s.type !== undefined || s.enum !== undefined || s.const !== undefined) return ANY;
    const only = valueShape(others[0], depth);
    return { ...only, nullable: only.nullable || others.length < union.length, complete: only.complete && complete };
  }
  const literals = s.enum ?? (s.const === undefined ? undefined : [s.const]);
  if (s.type === undefined && literals !== undefined) return literalShape(literals);
  const types = Array.isArray(s.type) ? (s.type as readonly string[]) : [s.type ?? (s.properties ? 'object' : 'any')];
  const named = types.filter(type => type !== 'null');
  const nullable = named.length < types.length;
  if (named.length !== 1) return ANY;
  const only = named[0]!;
  if (only === 'object') {
    // A field of this name cannot be assigned like others.
    if (s.properties && Object.hasOwn(s.properties, '__proto__')) return { ...ANY, nullable };
    const object = objectShape(s, depth);
    if (object.undeclared === 'keep' && object.fields.length === 0) return { ...ANY, nullable };
    return { kind: 'object', nullable, complete: complete && object.complete, object };
  }
  if (only === 'array') {
    const items = s.items === undefined ? undefined : valueShape(s.items, depth + 1);
    return { kind: 'array', nullable, complete: complete && (items?.complete ?? true), ...(items && { items }) };
  }
  if (only === 'integer') return { kind: s.format === 'int64' ? 'int64' : 'integer', nullable, complete };
  if (only === 'string' || only === 'number' || only === 'boolean') return { kind: only, nullable, complete };
  return ANY;
}

function objectShape(schema: JsonSchema & { patternProperties?: unknown; propertyNames?: unknown }, depth: number): RecordShape {
  const required = new Set(schema.required);
  const properties: Record<string, unknown> = { ...schema.properties };
  for (const name of required) properties[name] ??= true;
  const fields = Object.entries(properties).map(([name, field]) => ({
    ...valueShape(field, depth + 1),
    name,
    optional: !required.has(name),
  }));
  const additional = schema.additionalProperties;
  const keeps = (additional !== undefined && additional !== false) || 'patternProperties' in schema || 'propertyNames' in schema;
  const undeclared = keeps ? 'keep' : additional === false ? 'refuse' : 'drop';
  return { fields, undeclared, complete: fields.every(field => field.complete) };
}

function literalShape(literals: readonly unknown[]): ValueShape {
  const kinds = new Set(literals.filter(literal => literal !== null).map(literal => typeof literal));
  const [kind] = kinds;
  if (kinds.size !== 1 || (kind !== 'string' && kind !== 'number' && kind !== 'boolean')) return ANY;
  return { kind, nullable: literals.includes(null), complete: false };
}

function isNull(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'null';
}
