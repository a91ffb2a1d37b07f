import { codeGenerationAllowed, compile } from '../../../base/codegen.ts';
import { type Batch, NO_TIME } from '../../../types/batch.ts';
import type { FieldShape, ValueKind } from '../../../types/schema.ts';
import type { ColumnCursor } from './column-cursor.ts';

/** How a column becomes a field. */
export interface FieldPlan {
  readonly name: string;
  readonly kind: ValueKind;
  readonly nullable: boolean;
  readonly optional: boolean;
}

/** Takes a record that may not be valid; gives what the schema makes of it, or undefined when it was rejected. */
export type CheckRecord = (record: unknown, row: number, doubtful: boolean) => unknown;

/** Makes `count` records of the cursors' values and adds those that are valid to the batch. */
export type MakeRecords = (batch: Batch<unknown>, row: number, count: number, cursors: readonly ColumnCursor[]) => void;

/** Without a schema every column is a field, null where it has no value. */
export function planOf(field: FieldShape | undefined, name: string): FieldPlan {
  return field ?? { name, kind: 'any', nullable: true, optional: false };
}

/** @param check absent when a record whose values are of the right kinds is valid; it is then called for others alone */
export function recordMaker(fields: readonly FieldPlan[], check: CheckRecord, checkAll: boolean): MakeRecords {
  return codeGenerationAllowed() ? generate(fields, check, checkAll) : assemble(fields, check, checkAll);
}

const IS_KIND: Readonly<Record<ValueKind, (value: unknown) => boolean>> = {
  string: value => typeof value === 'string',
  number: value => typeof value === 'number',
  integer: Number.isSafeInteger,
  int64: value => typeof value === 'bigint',
  boolean: value => typeof value === 'boolean',
  array: Array.isArray,
  object: value => typeof value === 'object',
  any: () => true,
};

function assemble(fields: readonly FieldPlan[], check: CheckRecord, checkAll: boolean): MakeRecords {
  return (batch, row, count, cursors) => {
    for (let i = 0; i < count; i++) {
      const made: Record<string, unknown> = {};
      let doubtful = false;
      fields.forEach(({ name, kind, nullable, optional }, f) => {
        const { current, index } = cursors[f]!;
        const isNull = current.nulls?.[index + i] === 1;
        if (isNull && !nullable && optional) return;
        const value = isNull ? null : current.values[index + i];
        if (isNull ? !nullable : !IS_KIND[kind](value)) doubtful = true;
        Object.defineProperty(made, name, { value, enumerable: true, writable: true, configurable: true });
      });
      const record = checkAll || doubtful ? check(made, row + i, doubtful) : made;
      if (record !== undefined) batch.push(record, NO_TIME, row + i);
    }
  };
}

const DOUBT: Readonly<Record<ValueKind, ((v: string) => string) | undefined>> = {
  string: v => `typeof ${v} !== 'string'`,
  number: v => `typeof ${v} !== 'number'`,
  integer: v => `!Number.isSafeInteger(${v})`,
  int64: v => `typeof ${v} !== 'bigint'`,
  boolean: v => `typeof ${v} !== 'boolean'`,
  array: v => `!Array.isArray(${v})`,
  object: v => `typeof ${v} !== 'object'`,
  any: undefined,
};

/** As `assemble`, with records of one hidden class and each column's values in a variable of its own. */
function generate(fields: readonly FieldPlan[], check: CheckRecord, checkAll: boolean): MakeRecords {
  const columns: string[] = [];
  const reads: string[] = [];
  const literal: string[] = [];
  const added: string[] = [];
  fields.forEach(({ name, kind, nullable, optional }, f) => {
    columns.push(`const { current: { values: values${f}, nulls: nulls${f} }, index: index${f} } = cursors[${f}];`);
    const value = `v${f}`;
    const ofNull = nullable ? 'null' : optional ? 'undefined' : '(doubtful = true, null)';
    reads.push(`let ${value}; if (nulls${f} !== undefined && nulls${f}[index${f} + i] === 1) ${value} = ${ofNull}; else { ${value} = values${f}[index${f} + i];`);
    const doubt = DOUBT[kind]?.(value);
    reads.push(doubt === undefined ? '}' : `if (${doubt}) doubtful = true; }`);
    // Computed, so that a column named `__proto__` is a field like any other.
    const key = `[${JSON.stringify(name)}]`;
    const mayBeAbsent = optional && !nullable;
    if (!mayBeAbsent && added.length === 0) literal.push(`${key}: ${value}`);
    else added.push(`if (${value} !== undefined) made${key} = ${value};`);
  });
  const text = `return function (batch, row, count, cursors) {
  ${columns.join('\n')}
  for (let i = 0; i < count; i++) {
    let doubtful = false;
    ${reads.join('\n')}
    const made = { ${literal.join(', ')} };
    ${added.join('\n')}
    const record = ${checkAll ? 'check(made, row + i, doubtful)' : 'doubtful ? check(made, row + i, true) : made'};
    if (record !== undefined) batch.push(record, noTime, row + i);
  }
};`;
  return compile<MakeRecords>(text, { check, noTime: NO_TIME });
}
