import { compile } from '../../base/codegen.ts';
import { type Batch, NO_TIME } from '../../types/batch.ts';
import type { OpenSchema, RecordShape } from '../../types/schema.ts';
import { StringCache } from '../string-cache.ts';
import type { Layout, LayoutEntry } from './layout.ts';
import { INT64_BYTES, JsonScanner, SPECIAL_IN_STRING } from './scan.ts';

/**
 * Decodes lines into the batch while they have the layout it was made for. Returns the offset of the first line it could not decode,
 * or the offset after the last one.
 *
 * @param view the same memory as `bytes`
 * @param stop offset after a line end; the `margin` bytes from there on can be read, whatever they hold
 */
export type RunLayout = (bytes: Buffer, view: DataView, from: number, stop: number, basePosition: number, batch: Batch<unknown>) => number;

export interface CompiledLayout {
  readonly layout: Layout;
  readonly run: RunLayout;
  /** Bytes after the last line that `run` may touch. */
  readonly margin: number;
}

/**
 * Exact in a double, so that digits scaled by one of them are rounded once (Clinger, "How to read floating point numbers accurately",
 * 1990).
 */
const POWERS_OF_TEN = Array.from({ length: 17 }, (_, i) => 10 ** i);

const TRUE = 0x65757274;
const FALS = 0x736c6166;
const NULL = 0x6c6c756e;

/** Generates the code for a layout of the schema's records. */
export function compileLayout(layout: Layout, shape: RecordShape, schema: OpenSchema<unknown>, maxRecordBytes: number): CompiledLayout {
  const generator = new Generator();
  const value = generator.object(layout, shape);
  const validate = generator.readsWhole ? schema.validate : schema.validateDecoded;
  const text = `return function (bytes, view, from, stop, basePosition, batch) {
  const { values, times, positions, capacity } = batch;
  let n = batch.length, p = from;
  while (n < capacity && p < stop) {
    const begin = p;
    record: {
${generator.code}
      if (bytes[p] === 10) p++;
      else if (bytes[p] === 13 && bytes[p + 1] === 10) p += 2;
      else break record;
      if (p - begin > ${maxRecordBytes}) break record;
      ${validate ? `let value; try { value = validate(${value}); } catch { break record; }` : `const value = ${value};`}
      values[n] = value; times[n] = noTime; positions[n] = basePosition + begin; n++;
      continue;
    }
    batch.length = n;
    return begin;
  }
  batch.length = n;
  return p;
};`;
  const bound = { ...generator.bound, validate, noTime: NO_TIME, special: SPECIAL_IN_STRING, powers: POWERS_OF_TEN };
  return { layout, run: compile<RunLayout>(text, bound), margin: generator.margin };
}

class Generator {
  readonly bound: Record<string, unknown> = { scanner: new JsonScanner() };
  /** Room for the longest comparison, and for the words that literals and short strings are read in. */
  margin = 16 + INT64_BYTES;
  /** Whether nested values are parsed as they come, without regard to what the shape says of their inside. */
  readsWhole = false;
  private readonly lines: string[] = [];
  private names = 0;

  get code(): string {
    return this.lines.join('\n');
  }

  /** Emits code that reads an object at `p` and returns the expression of its value. */
  object(layout: Layout, shape: RecordShape): string {
    const values = new Map<string, string>();
    for (const [i, entry] of layout.entries.entries()) {
      const variable = entry.field === undefined ? undefined : this.name();
      if (variable !== undefined) {
        values.set(entry.name, variable);
        this.emit(`let ${variable};`);
      }
      this.emit(`if (${this.matches(entry.lead)}) {`, `p += ${entry.lead.length};`);
      if (variable === undefined) this.skipped();
      else this.read(entry, variable);
      // The lead of the first field holds the opening brace, which no document is without.
      this.emit(entry.skippable && i > 0 ? '}' : '} else break record;');
    }
    this.emit(`if (!(${this.matches(layout.close)})) break record;`, `p += ${layout.close.length};`);
    return this.literal(shape, values);
  }

  /** The record, its fields in the order of the schema so that all records have one hidden class. */
  private literal(shape: RecordShape, values: ReadonlyMap<string, string>): string {
    const literal: string[] = [];
    const added: string[] = [];
    const record = this.name();
    for (const { name, optional } of shape.fields) {
      const value = values.get(name);
      if (value === undefined) continue;
      const key = JSON.stringify(name);
      if (!optional && added.length === 0) literal.push(`${key}: ${value}`);
      else added.push(`if (${value} !== undefined) ${record}[${key}] = ${value};`);
    }
    this.emit(`const ${record} = { ${literal.join(', ')} };`, ...added);
    return record;
  }

  private read(entry: LayoutEntry, variable: string): void {
    const field = entry.field!;
    const orNull = field.nullable
      ? `else if (view.getInt32(p, true) === ${NULL}) { ${variable} = null; p += 4; } else break record;`
      : 'else break record;';
    switch (field.kind) {
      case 'string':
        return this.string(variable, orNull);
      case 'number':
        return this.number(variable, orNull.replace('if (', 'if (!sign && '), true);
      case 'integer':
        return this.number(variable, orNull.replace('if (', 'if (!sign && '), false);
      case 'int64':
        return this.int64(variable, orNull);
      case 'boolean':
        return this.emit(
          `if (view.getInt32(p, true) === ${TRUE}) { ${variable} = true; p += 4; }`,
          `else if (view.getInt32(p, true) === ${FALS} && bytes[p + 4] === 101) { ${variable} = false; p += 5; }`,
          orNull,
        );
      case 'object':
        if (entry.nested !== undefined) {
          this.emit('if (bytes[p] === 123) {');
          const value = this.object(entry.nested, field.object!);
          return this.emit(`${variable} = ${value}; }`, orNull);
        }
        return this.whole(variable, 123, orNull);
      case 'array':
        return this.whole(variable, 91, orNull);
      case 'any':
        return this.emit(`${variable} = scanner.value(bytes, p);`, `if (${variable} === undefined) break record;`, 'p = scanner.end;');
    }
  }

  /** A nested value that is parsed as a whole. */
  private whole(variable: string, opening: number, orNull: string): void {
    this.readsWhole = true;
    this.emit(
      `if (bytes[p] === ${opening}) {`,
      `${variable} = scanner.nested(bytes, p); if (${variable} === undefined) break record;`,
      'p = scanner.end; }',
      orNull,
    );
  }

  private string(variable: string, orNull: string): void {
    const cache = this.name();
    this.bound[cache] = new StringCache();
    this.emit(
      'if (bytes[p] === 34) {',
      'const start = p + 1; do { p++; } while (special[bytes[p]] === 0);',
      `if (bytes[p] === 34) { ${variable} = ${cache}.ascii(bytes, view, start, p); p++; }`,
      `else { ${variable} = scanner.string(bytes, start, p); if (${variable} === undefined) break record; p = scanner.end; } }`,
      orNull,
    );
  }

  /**
   * Up to fifteen digits, which a double holds exactly, are read in two portions that fit 32 bits; a decimal point then takes one
   * division. All else is left to the scanner.
   */
  private number(variable: string, orNull: string, fractions: boolean): void {
    this.emit(
      'const first = p; let sign = false; if (bytes[p] === 45) { sign = true; p++; }',
      'const digits = p; let digit = bytes[p] - 48;',
      'if (digit >>> 0 < 10) {',
      'let high = digit; digit = bytes[++p] - 48;',
      'if (high === 0 && digit >>> 0 < 10) break record;',
      'const ninth = digits + 9; while (digit >>> 0 < 10 && p < ninth) { high = (high * 10 + digit) | 0; digit = bytes[++p] - 48; }',
      'let number = high;',
      'if (digit >>> 0 < 10) {',
      'const tenth = p, last = digits + 15; let low = 0;',
      'do { low = (low * 10 + digit) | 0; digit = bytes[++p] - 48; } while (digit >>> 0 < 10 && p < last);',
      'number = high * powers[p - tenth] + low; }',
    );
    if (fractions) {
      this.emit(
        'if (digit === -2) {',
        'const point = p; digit = bytes[++p] - 48; if (digit >>> 0 > 9) break record;',
        'const last = digits + 16; while (digit >>> 0 < 10 && p < last) { number = number * 10 + digit; digit = bytes[++p] - 48; }',
        'number /= powers[p - point - 1]; }',
        // More digits, or an exponent.
        'if (digit >>> 0 < 10 || digit === 53 || digit === 21) {',
        `${variable} = scanner.number(bytes, first); if (${variable} === undefined) break record; p = scanner.end;`,
        `} else ${variable} = sign ? -number : number; }`,
      );
    } else {
      this.emit(
        'if (digit >>> 0 < 10 || digit === -2 || digit === 53 || digit === 21) break record;',
        `${variable} = sign ? -number : number; }`,
      );
    }
    this.emit(orNull);
  }

  private int64(variable: string, orNull: string): void {
    this.emit(
      'if (bytes[p] === 45 || (bytes[p] - 48) >>> 0 < 10) {',
      `${variable} = scanner.int64(bytes, p); if (${variable} === undefined) break record; p = scanner.end; }`,
      orNull,
    );
  }

  /** A field that is not declared: it is checked and left out. */
  private skipped(): void {
    this.emit(
      'if (bytes[p] === 34) {',
      'const start = p + 1; do { p++; } while (special[bytes[p]] === 0);',
      'if (bytes[p] === 34) p++; else p = scanner.skipString(bytes, start, p);',
      '} else p = scanner.skip(bytes, p);',
      'if (p < 0) break record;',
    );
  }

  /** The condition that the bytes from `p` on are these: four at a time, the last four overlapping those before. */
  private matches(latin1: string): string {
    const expected = Buffer.from(latin1, 'latin1');
    this.margin = Math.max(this.margin, expected.length + 16);
    if (expected.length < 4) return [...expected].map((byte, i) => `bytes[p + ${i}] === ${byte}`).join(' && ');
    const conditions: string[] = [];
    for (let i = 0; i < expected.length; i += 4) {
      const at = Math.min(i, expected.length - 4);
      conditions.push(`view.getInt32(p + ${at}, true) === ${expected.readInt32LE(at)}`);
    }
    return conditions.join(' && ');
  }

  private name(): string {
    return `v${this.names++}`;
  }

  private emit(...lines: string[]): void {
    this.lines.push(...lines);
  }
}
