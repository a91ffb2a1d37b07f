import { MillraceError, messageOf } from '../../base/errors.ts';
import type { DecodeContext } from '../../spi/format.ts';
import type { OpenSchema, RecordShape, ValueShape } from '../../types/schema.ts';
import { holdsInt64 } from '../../types/schema-shape.ts';
import { utf8Text } from '../bytes.ts';
import { isTooDeep, MAX_JSON_DEPTH } from './depth.ts';
import { INT64_BYTES } from './scan.ts';

/** What stands for a record that was rejected. */
export const REJECTED = Symbol('rejected');

/** Parses any record, in the general way that defines what generated code must give too. */
export class RecordParser {
  private readonly schema: OpenSchema<unknown> | undefined;
  private readonly exact: RecordShape | undefined;

  constructor(schema: OpenSchema<unknown> | undefined) {
    this.schema = schema;
    this.exact = schema?.shape !== undefined && holdsInt64(schema.shape) ? schema.shape : undefined;
  }

  /** The record in `bytes[start, end)`, or REJECTED when it was. */
  parse(bytes: Buffer, start: number, end: number, position: number, context: DecodeContext): unknown {
    const undecodable = (message: string) => {
      context.reject('undecodable', message, bytes.subarray(start, end), position);
      return REJECTED;
    };
    if (isTooDeep(bytes, start, end)) return undecodable(`the record nests deeper than ${MAX_JSON_DEPTH} levels`);
    const text = utf8Text(bytes, start, end);
    if (text === undefined) return undecodable('the record is not UTF-8');
    let value: unknown;
    try {
      value = this.exact === undefined ? JSON.parse(text) : parseExactly(text, this.exact);
    } catch (error) {
      return undecodable(messageOf(error));
    }
    return this.validate(value, bytes.subarray(start, end), position, context);
  }

  /** The value as the schema describes it, or REJECTED when it was. */
  validate(value: unknown, bytes: Uint8Array | undefined, position: number, context: DecodeContext): unknown {
    if (this.schema === undefined) return value;
    try {
      return this.schema.validate(value);
    } catch (error) {
      // An error of the schema itself stops the pipeline, as no record could ever pass it.
      if (error instanceof MillraceError) throw error;
      context.reject('invalid', messageOf(error), bytes, position, value);
      return REJECTED;
    }
  }
}

/**
 * As JSON.parse, with whole numbers that a double cannot hold as bigint where the shape asks for 64-bit integers. Elsewhere they
 * become doubles, as they do without it.
 */
function parseExactly(text: string, shape: RecordShape): unknown {
  return inexactElsewhere(JSON.parse(text, bigintOfUnsafe), shape);
}

function bigintOfUnsafe(_name: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  return source.length <= INT64_BYTES && /^-?\d+$/.test(source) ? BigInt(source) : value;
}

function inexactElsewhere(value: unknown, shape: RecordShape | ValueShape | undefined): unknown {
  if (typeof value === 'bigint') return shape !== undefined && 'kind' in shape && shape.kind === 'int64' ? value : Number(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = shape !== undefined && 'items' in shape ? shape.items : undefined;
    return value.map(element => inexactElsewhere(element, items));
  }
  const object = shape === undefined || 'fields' in shape ? shape : shape.object;
  const record = value as Record<string, unknown>;
  for (const name of Object.keys(record)) {
    const field = object?.fields.find(candidate => candidate.name === name);
    const held = record[name];
    const converted = inexactElsewhere(held, field);
    if (converted !== held) Object.defineProperty(record, name, { value: converted, enumerable: true, writable: true, configurable: true });
  }
  return record;
}
