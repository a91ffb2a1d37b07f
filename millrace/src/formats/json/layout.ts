import type { FieldShape, RecordShape } from '../../types/schema.ts';
import type { JsonScanner } from './scan.ts';

/** One field as it stands in documents. */
export interface LayoutEntry {
  readonly name: string;
  /** All bytes between the value before and this value, as latin1: `,"delay":`; of the first field with the opening brace. */
  readonly lead: string;
  /** What the schema says of it; undefined for a field that is not declared. */
  readonly field: FieldShape | undefined;
  /** The layout of the object that is its value. */
  readonly nested: Layout | undefined;
  /** Whether documents have been seen without it. */
  readonly skippable: boolean;
}

/** How documents that come from one writer look: their fields in order, with the bytes between the values. */
export interface Layout {
  readonly entries: readonly LayoutEntry[];
  /** The closing brace and whatever white space is before it. */
  readonly close: string;
}

/** Objects are laid out down to this depth; what lies deeper is parsed as a whole. */
const NESTED_LAYOUTS = 4;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The layout of the valid document `bytes[start, end)`; undefined when it is not one that generated code could read. */
export function layoutOf(bytes: Buffer, start: number, end: number, shape: RecordShape, scanner: JsonScanner): Layout | undefined {
  const reader = new LayoutReader(bytes, scanner);
  const layout = reader.object(start, shape, NESTED_LAYOUTS);
  return reader.p === end ? layout : undefined;
}

class LayoutReader {
  p = 0;
  private readonly bytes: Buffer;
  private readonly scanner: JsonScanner;

  constructor(bytes: Buffer, scanner: JsonScanner) {
    this.bytes = bytes;
    this.scanner = scanner;
  }

  object(start: number, shape: RecordShape, depth: number): Layout | undefined {
    const { bytes } = this;
    const entries: LayoutEntry[] = [];
    const names = new Set<string>();
    let leadStart = start;
    this.p = start + 1;
    if (bytes[start] !== 0x7b) return undefined;
    for (;;) {
      this.whiteSpace();
      if (bytes[this.p] !== QUOTE) break;
      const nameStart = this.p + 1;
      const nameEnd = bytes.indexOf(QUOTE, nameStart);
      if (bytes.subarray(nameStart, nameEnd).includes(BACKSLASH)) return undefined;
      const name = bytes.toString('utf8', nameStart, nameEnd);
      if (names.has(name)) return undefined;
      names.add(name);
      this.p = nameEnd + 1;
      this.whiteSpace();
      this.p++;
      this.whiteSpace();
      const lead = bytes.toString('latin1', leadStart, this.p);
      const field = shape.fields.find(candidate => candidate.name === name);
      if (field === undefined && shape.undeclared !== 'drop') return undefined;
      const nested = this.value(field, depth);
      if (this.p < 0) return undefined;
      entries.push({ name, lead, field, nested, skippable: field?.optional ?? true });
      leadStart = this.p;
      this.whiteSpace();
      if (bytes[this.p] !== 0x2c) break;
      this.p++;
    }
    if (bytes[this.p] !== 0x7d || entries.length === 0) return undefined;
    this.p++;
    return { entries, close: bytes.toString('latin1', leadStart, this.p) };
  }

  /** Moves past a value; to -1 when generated code could not read it. */
  private value(field: FieldShape | undefined, depth: number): Layout | undefined {
    const start = this.p;
    if (field?.object !== undefined && field.object.undeclared === 'drop' && depth > 0 && this.bytes[start] === 0x7b) {
      const nested = this.object(start, field.object, depth - 1);
      if (nested === undefined) this.p = -1;
      return nested;
    }
    this.p = this.scanner.skip(this.bytes, start);
    return undefined;
  }

  private whiteSpace(): void {
    while (this.bytes[this.p] === 0x20 || this.bytes[this.p] === 0x09) this.p++;
  }
}

/**
 * One layout for the documents of both, when their fields stand in the same order; a field that only one has becomes skippable.
 * Undefined when they cannot be one, as when a required field is missing or white space differs.
 */
export function mergeLayouts(a: Layout, b: Layout): Layout | undefined {
  if (a.close !== b.close || a.entries[0]!.lead !== b.entries[0]!.lead) return undefined;
  const entries: LayoutEntry[] = [];
  const known = new Map(b.entries.map((entry, i) => [entry.lead, i]));
  let next = 0;
  for (const entry of a.entries) {
    const at = known.get(entry.lead);
    if (at === undefined) {
      entries.push(entry);
      continue;
    }
    if (at < next) return undefined;
    entries.push(...b.entries.slice(next, at));
    const other = b.entries[at]!;
    const nested = entry.nested !== undefined && other.nested !== undefined ? mergeLayouts(entry.nested, other.nested) : entry.nested;
    if (entry.nested !== undefined && other.nested !== undefined && nested === undefined) return undefined;
    entries.push({ ...entry, nested: nested ?? other.nested });
    next = at + 1;
  }
  entries.push(...b.entries.slice(next));
  const names = new Set(entries.map(entry => entry.name));
  const onlyOnce = names.size === entries.length;
  const inBoth = (entry: LayoutEntry) => a.entries.some(e => e.lead === entry.lead) && known.has(entry.lead);
  return onlyOnce && entries.every(entry => entry.skippable || inBoth(entry)) ? { entries, close: a.close } : undefined;
}

/** Whether code for the layout reads documents of the other one too. */
export function covers(layout: Layout, other: Layout): boolean {
  const merged = mergeLayouts(layout, other);
  return merged !== undefined && sameEntries(merged, layout);
}

function sameEntries(a: Layout, b: Layout): boolean {
  return (
    a.entries.length === b.entries.length &&
    a.entries.every((entry, i) => {
      const other = b.entries[i]!;
      if (entry.lead !== other.lead) return false;
      return entry.nested === undefined || (other.nested !== undefined && sameEntries(entry.nested, other.nested));
    })
  );
}
