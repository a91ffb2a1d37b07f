import { isUtf8 } from 'node:buffer';
import { MillraceError, messageOf } from '../../base/errors.ts';
import type { DecodeContext, Decoder } from '../../spi/format.ts';
import type { RejectReason } from '../../spi/reject.ts';
import { type Batch, NO_TIME } from '../../types/batch.ts';
import type { OpenSchema } from '../../types/schema.ts';
import { asBuffer, hasByteOrderMark, NEWLINE } from '../bytes.ts';
import type { CsvDialect } from './dialect.ts';
import type { Row } from './field-reader.ts';
import { type BuildRow, rowBuilder } from './row-builder.ts';
import { RowScanner, type Scanned } from './row-scanner.ts';

/** Headers whose code is kept. */
const MAX_BUILDERS = 16;

/** What the decoders of one format share. */
export class CsvProgram {
  readonly dialect: CsvDialect;
  /** Names of the columns; undefined when the header has them. */
  readonly columns: readonly string[] | undefined;
  readonly header: boolean;
  readonly maxRecordBytes: number;
  private readonly schema: OpenSchema<unknown> | undefined;
  private readonly builders = new Map<string, BuildRow>();

  constructor(
    dialect: CsvDialect,
    columns: readonly string[] | undefined,
    header: boolean,
    schema: OpenSchema<unknown> | undefined,
    maxRecordBytes: number,
  ) {
    this.dialect = dialect;
    this.columns = columns;
    this.header = header;
    this.schema = schema;
    this.maxRecordBytes = maxRecordBytes;
  }

  builder(columns: readonly string[]): BuildRow {
    const key = JSON.stringify(columns);
    let builder = this.builders.get(key);
    if (builder === undefined) {
      if (this.builders.size === MAX_BUILDERS) this.builders.clear();
      builder = rowBuilder(columns, this.dialect, this.schema);
      this.builders.set(key, builder);
    }
    return builder;
  }
}

/** Room after the bytes of a row that is decoded from a copy. */
const COPY_PADDING = 8;

export class CsvDecoder implements Decoder<unknown> {
  /** Whether the rest of a line over the bound is being skipped. */
  skipping = false;
  private readonly program: CsvProgram;
  private readonly context: DecodeContext;
  private readonly scanner: RowScanner;
  private headerPending: boolean;
  private columns: number | undefined;
  private build: BuildRow | undefined;
  private row: Row | undefined;
  /** Position of a row whose end was not found yet, and how many of its bytes hold no line end. */
  private unfinishedAt = -1;
  private unfinishedBytes = 0;

  constructor(program: CsvProgram, context: DecodeContext) {
    this.program = program;
    this.context = context;
    this.scanner = new RowScanner(program.dialect);
    this.headerPending = program.header;
    if (!program.header) this.setColumns(program.columns ?? []);
  }

  decode(bytes: Uint8Array, from: number, to: number, last: boolean, basePosition: number, batch: Batch<unknown>): number {
    const buffer = asBuffer(bytes);
    let at = basePosition + from === 0 && hasByteOrderMark(buffer, from, to) ? from + 3 : from;
    while (at < to && (this.headerPending || !batch.full)) {
      const next = this.next(buffer, at, to, last, basePosition, batch);
      if (next < 0) break;
      at = next;
    }
    return at;
  }

  /** Decodes the row at `at` and returns the offset after it; -1 when its end has not come yet. */
  private next(bytes: Buffer, at: number, to: number, last: boolean, basePosition: number, batch: Batch<unknown>): number {
    const { maxRecordBytes } = this.program;
    const position = basePosition + at;
    const known = position === this.unfinishedAt ? this.unfinishedBytes : 0;
    const newline = bytes.indexOf(NEWLINE, at + known);
    const lineEnd = newline >= 0 && newline < to ? newline : -1;
    if (this.skipping) {
      this.skipping = lineEnd < 0;
      return lineEnd < 0 ? to : lineEnd + 1;
    }
    if (lineEnd < 0 && !last) {
      if (to - at > maxRecordBytes) {
        this.skipping = true;
        return this.refuse('too-large', `the record is longer than ${maxRecordBytes} bytes`, bytes, at, to, to, position);
      }
      this.unfinishedAt = position;
      this.unfinishedBytes = to - at;
      return -1;
    }
    if (lineEnd < 0) return this.nextOfLast(bytes, at, to, basePosition, batch);
    const scanned = this.scanner.scan(bytes, at, lineEnd, to);
    const { after } = this.scanner;
    if (scanned === 'unclosed' && !last && to - at <= maxRecordBytes) return -1;
    if (scanned === 'unclosed' && last && bytes[to - 1] !== NEWLINE) return this.nextOfLast(bytes, at, to, basePosition, batch);
    if (scanned !== 'row') {
      // Only the first line is given up: what follows may be sound rows behind a stray quote.
      return this.refuse('undecodable', whatIsWrong(scanned, maxRecordBytes, last), bytes, at, lineEnd, lineEnd + 1, position);
    }
    if (after - at > maxRecordBytes + 1) {
      return this.refuse('too-large', `the record is longer than ${maxRecordBytes} bytes`, bytes, at, after, after, position);
    }
    if (this.scanner.wide && !isUtf8(bytes.subarray(at, after))) {
      if (this.headerPending) this.setColumns([]);
      return this.refuse('undecodable', 'the record is not UTF-8', bytes, at, after, after, position);
    }
    if (this.headerPending) this.readHeader(bytes);
    else this.readRow(bytes, at, position, batch);
    return after;
  }

  /** Where the last line has no line end, rows are scanned in a copy that has one. */
  private nextOfLast(bytes: Buffer, at: number, to: number, basePosition: number, batch: Batch<unknown>): number {
    const length = to - at;
    const copy = Buffer.alloc(length + 1 + COPY_PADDING);
    bytes.copy(copy, 0, at, to);
    copy[length] = NEWLINE;
    return at + Math.min(length, this.next(copy, 0, length + 1, true, basePosition + at, batch));
  }

  private readHeader(bytes: Buffer): void {
    const { scanner } = this;
    const quote = String.fromCharCode(this.program.dialect.quote);
    const names = Array.from({ length: scanner.fields }, (_, i) => {
      const text = bytes.toString('utf8', scanner.starts[i], scanner.ends[i]);
      return scanner.quoting[i] === 2 ? text.replaceAll(quote + quote, quote) : text;
    });
    this.setColumns(this.program.columns ?? names);
  }

  private setColumns(columns: readonly string[]): void {
    this.headerPending = false;
    this.columns = columns.length;
    this.build = this.program.builder(columns);
  }

  private readRow(bytes: Buffer, at: number, position: number, batch: Batch<unknown>): void {
    const { scanner, columns } = this;
    const { after } = scanner;
    if (scanner.fields !== columns) {
      const empty = scanner.fields === 1 && scanner.starts[0] === scanner.ends[0] && scanner.quoting[0] === 0;
      if (empty) return;
      this.refuse('undecodable', `the row has ${scanner.fields} fields for ${columns} columns`, bytes, at, after, after, position);
      return;
    }
    if (this.row?.bytes !== bytes) {
      this.row = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), scanner, doubtful: false };
    }
    try {
      batch.push(this.build!(this.row), NO_TIME, position);
    } catch (error) {
      if (error instanceof MillraceError) throw error;
      this.refuse('invalid', messageOf(error), bytes, at, after, after, position);
    }
  }

  private refuse(reason: RejectReason, message: string, bytes: Buffer, from: number, to: number, next: number, position: number): number {
    this.context.reject(reason, message, bytes.subarray(from, to), position);
    return next;
  }
}

function whatIsWrong(scanned: Scanned, maxRecordBytes: number, last: boolean): string {
  if (scanned === 'malformed') return 'after a closing quote there is neither a delimiter nor a line end';
  return last ? 'a quoted field is not closed' : `a quoted field is not closed within ${maxRecordBytes} bytes`;
}
