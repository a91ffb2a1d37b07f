import { codeGenerationAllowed } from '../../base/codegen.ts';
import type { DecodeContext, Decoder } from '../../spi/format.ts';
import { type Batch, NO_TIME } from '../../types/batch.ts';
import type { OpenSchema } from '../../types/schema.ts';
import { asBuffer, NEWLINE } from '../bytes.ts';
import { Lines } from '../lines.ts';
import { type CompiledLayout, compileLayout } from './generate.ts';
import { covers, layoutOf, mergeLayouts } from './layout.ts';
import { RecordParser, REJECTED } from './record-parser.ts';
import { JsonScanner } from './scan.ts';

/** Layouts that are tried one after another. */
const MAX_LAYOUTS = 4;
/** Records that the general way has decoded before code is generated, so that a single request does not pay for it. */
const RECORDS_BEFORE_LAYOUT = 8;
/** Every record is looked at until so many went the general way, then one in so many. */
const LOOKS = 64;
const MAX_COMPILATIONS = 32;

/** What the decoders of one format share: the schema and the code that was generated for documents seen so far. */
export class LineProgram {
  readonly parser: RecordParser;
  readonly maxRecordBytes: number;
  /** The one that decoded the last record comes first. */
  readonly layouts: CompiledLayout[] = [];
  private readonly schema: OpenSchema<unknown> | undefined;
  private readonly scanner = new JsonScanner();
  private parsed = 0;
  private compilations = 0;

  constructor(schema: OpenSchema<unknown> | undefined, maxRecordBytes: number) {
    this.schema = schema;
    this.parser = new RecordParser(schema);
    this.maxRecordBytes = maxRecordBytes;
  }

  /** Learns from a valid record that no generated code could decode. */
  learn(bytes: Buffer, start: number, end: number): void {
    const shape = this.schema?.shape;
    if (shape === undefined || this.compilations >= MAX_COMPILATIONS || !codeGenerationAllowed()) return;
    const count = ++this.parsed;
    if (count < RECORDS_BEFORE_LAYOUT || (count > LOOKS && count % LOOKS !== 0)) return;
    const seen = layoutOf(bytes, start, end, shape, this.scanner);
    if (seen === undefined || this.layouts.some(({ layout }) => covers(layout, seen))) return;
    for (const [i, { layout }] of this.layouts.entries()) {
      const merged = mergeLayouts(layout, seen);
      if (merged === undefined) continue;
      this.layouts[i] = this.compile(merged);
      return;
    }
    this.layouts.unshift(this.compile(seen));
    this.layouts.splice(MAX_LAYOUTS);
  }

  private compile(layout: CompiledLayout['layout']): CompiledLayout {
    this.compilations++;
    return compileLayout(layout, this.schema!.shape!, this.schema!, this.maxRecordBytes);
  }
}

/**
 * Decodes JSON Lines. Records that look as others before them are decoded by code generated for that look; any other record, and any
 * doubt, goes the general way of JSON.parse and the schema. Both give the same.
 */
export class JsonLineDecoder implements Decoder<unknown> {
  private readonly program: LineProgram;
  private readonly context: DecodeContext;
  private readonly lines: Lines;
  private buffer: Buffer | undefined;
  private view: DataView | undefined;

  constructor(program: LineProgram, context: DecodeContext) {
    this.program = program;
    this.context = context;
    this.lines = new Lines(context, program.maxRecordBytes);
  }

  get skipping(): boolean {
    return this.lines.skipping;
  }

  decode(bytes: Uint8Array, from: number, to: number, last: boolean, basePosition: number, batch: Batch<unknown>): number {
    const { lines, program, context } = this;
    const buffer = asBuffer(bytes);
    let at = from;
    while (!batch.full) {
      if (program.layouts.length > 0 && !lines.skipping) at = this.runLayouts(buffer, at, to, basePosition, batch);
      if (batch.full) break;
      const found = lines.find(buffer, at, to, last, basePosition);
      at = lines.after;
      if (!found) break;
      const { start, end } = lines;
      if (start === end) continue;
      const position = basePosition + start;
      const value = program.parser.parse(buffer, start, end, position, context);
      if (value === REJECTED) continue;
      batch.push(value, NO_TIME, position);
      program.learn(buffer, start, end);
    }
    return at;
  }

  /** Decodes as much as generated code can, up to the last line end that leaves it its margin. */
  private runLayouts(buffer: Buffer, from: number, to: number, basePosition: number, batch: Batch<unknown>): number {
    const { layouts } = this.program;
    const margin = layouts.reduce((most, layout) => Math.max(most, layout.margin), 0);
    const lastSafe = Math.min(to - 1, buffer.length - margin);
    if (lastSafe < from) return from;
    const stop = buffer.lastIndexOf(NEWLINE, lastSafe) + 1;
    if (stop <= from) return from;
    const view = this.viewOf(buffer);
    let at = from;
    for (let i = 0; i < layouts.length && at < stop && !batch.full; i++) {
      const layout = layouts[i]!;
      const next = layout.run(buffer, view, at, stop, basePosition, batch);
      if (next === at) continue;
      at = next;
      if (i > 0) {
        layouts.splice(i, 1);
        layouts.unshift(layout);
      }
      i = -1;
    }
    return at;
  }

  private viewOf(buffer: Buffer): DataView {
    if (this.buffer !== buffer) {
      this.buffer = buffer;
      this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    }
    return this.view!;
  }
}
