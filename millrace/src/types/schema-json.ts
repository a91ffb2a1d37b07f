type JsonTypeName = 'string' | 'number' | 'integer' | 'boolean' | 'null' | 'object' | 'array';

/**
 * A JSON Schema (draft 2020-12), as far as schemas of records need it. A schema that is declared apart from where it is used is
 * written `{ ... } as const`, so that its literal types are kept. Keywords that are not listed here are refused when the schema is
 * opened, because a condition that is not checked would be worse than none.
 *
 * `format: 'int64'` with `type: 'integer'` gives a bigint; other formats are annotations, as the specification says.
 */
export interface JsonSchema {
  readonly type?: JsonTypeName | readonly JsonTypeName[];
  readonly properties?: { readonly [name: string]: JsonSchema };
  readonly required?: readonly string[];
  /** Absent: fields that are not declared are dropped. `true` or a schema: they are kept. `false`: they make the record invalid. */
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly enum?: readonly (string | number | boolean | null)[];
  readonly const?: string | number | boolean | null;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  /** In Unicode code points, as is `maxLength`. */
  readonly minLength?: number;
  readonly maxLength?: number;
  /** An ECMAScript regular expression that must match somewhere. */
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly title?: string;
  readonly description?: string;
}

/** The type of the values that a JSON Schema describes. */
export type InferJsonSchema<S> = S extends { readonly const: infer C }
  ? C
  : S extends { readonly enum: readonly (infer E)[] }
    ? E
    : S extends { readonly anyOf: readonly (infer U)[] }
      ? InferEach<U>
      : S extends { readonly oneOf: readonly (infer U)[] }
        ? InferEach<U>
        : S extends { readonly type: infer T }
          ? InferType<T extends readonly (infer U)[] ? U : T, S>
          : S extends { readonly properties: unknown }
            ? InferObject<S>
            : unknown;

type InferEach<U> = U extends unknown ? InferJsonSchema<U> : never;

type InferType<T, S> = T extends 'string'
  ? string
  : T extends 'number'
    ? number
    : T extends 'integer'
      ? S extends { readonly format: 'int64' }
        ? bigint
        : number
      : T extends 'boolean'
        ? boolean
        : T extends 'null'
          ? null
          : T extends 'array'
            ? S extends { readonly items: infer I }
              ? InferJsonSchema<I>[]
              : unknown[]
            : T extends 'object'
              ? InferObject<S>
              : never;

type RequiredNames<S> = S extends { readonly required: readonly (infer K)[] } ? K : never;

type InferObject<S> = S extends { readonly properties: infer P }
  ? Flat<
      { -readonly [K in keyof P as K extends RequiredNames<S> ? K : never]: InferJsonSchema<P[K]> } & {
        -readonly [K in keyof P as K extends RequiredNames<S> ? never : K]?: InferJsonSchema<P[K]>;
      } & (S extends { readonly additionalProperties: true | object } ? { [name: string]: unknown } : unknown)
    >
  : S extends { readonly additionalProperties: infer A extends object }
    ? { [name: string]: InferJsonSchema<A> }
    : { [name: string]: unknown };

type Flat<T> = { [K in keyof T]: T[K] };
