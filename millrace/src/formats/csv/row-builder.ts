import { codeGenerationAllowed, compile } from '../../base/codegen.ts';
import type { OpenSchema, Validate } from '../../types/schema.ts';
import type { CsvDialect } from './dialect.ts';
import { type FieldReader, fieldReader, type Row, textReader } from './field-reader.ts';

/** Makes the record of a row, or throws what the schema has against it. */
export type BuildRow = (row: Row) => unknown;

interface Column {
  readonly name: string;
  readonly index: number;
  readonly read: FieldReader;
  readonly optional: boolean;
}

/** The function that makes records of rows with these columns. Of columns with the same name the last one counts. */
export function rowBuilder(columns: readonly string[], dialect: CsvDialect, schema: OpenSchema<unknown> | undefined): BuildRow {
  const quote = String.fromCharCode(dialect.quote);
  const indexes = new Map(columns.map((name, index) => [name, index]));
  const chosen: Column[] = [];
  const shape = schema?.shape;
  for (const field of shape?.fields ?? []) {
    const index = indexes.get(field.name);
    if (index === undefined) continue;
    chosen.push({ name: field.name, index, read: fieldReader(field, quote, dialect.nullText), optional: field.optional });
    indexes.delete(field.name);
  }
  if (shape === undefined || shape.undeclared !== 'drop') {
    for (const [name, index] of indexes) chosen.push({ name, index, read: textReader(quote), optional: false });
  }
  const make = codeGenerationAllowed() ? generate(chosen) : assemble(chosen);
  if (schema === undefined) return make;
  const { validate } = schema;
  const complete = shape?.undeclared === 'drop' && shape.fields.every(field => field.optional || columns.includes(field.name));
  // Nested values are parsed from their text without regard to the schema, so they are always looked at.
  const nested = shape?.fields.some(field => field.kind === 'array' || field.kind === 'object') ?? false;
  const validateDecoded: Validate<unknown> | undefined = complete && !nested ? schema.validateDecoded : validate;
  return row => {
    row.doubtful = false;
    const record = make(row);
    const check = row.doubtful ? validate : validateDecoded;
    return check === undefined ? record : check(record);
  };
}

function assemble(columns: readonly Column[]): BuildRow {
  return row => {
    const record: Record<string, unknown> = {};
    for (const { name, index, read } of columns) {
      const value = read(row, index);
      if (value !== undefined) set(record, name, value);
    }
    return record;
  };
}

/** An assignment to `__proto__` would not make a field. */
function set(record: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') Object.defineProperty(record, name, { value, enumerable: true, writable: true, configurable: true });
  else record[name] = value;
}

/** As `assemble`, with records of one hidden class. */
function generate(columns: readonly Column[]): BuildRow {
  const bound: Record<string, unknown> = { set };
  const literal: string[] = [];
  const added: string[] = [];
  columns.forEach(({ name, index, read, optional }, i) => {
    bound[`read${i}`] = read;
    const key = JSON.stringify(name);
    // Computed, so that a column named `__proto__` is a field like any other.
    if (!optional && added.length === 0) literal.push(`[${key}]: read${i}(row, ${index})`);
    else added.push(`{ const value = read${i}(row, ${index}); if (value !== undefined) set(record, ${key}, value); }`);
  });
  return compile(`return row => { const record = { ${literal.join(', ')} };\n${added.join('\n')}\nreturn record; };`, bound);
}
