import type { FileHandle } from 'node:fs/promises';
import type { ColumnChunk, ColumnMetaData, DecodedArray, PageHeader, ParquetScan } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { type ColumnValues, PageDecoder } from './page-decoder.ts';
import type { PlainValues } from './plain-values.ts';
import type { FieldPlan } from './record-maker.ts';

/** Walks through a column of one row group. */
export interface ColumnCursor {
  /** The values at hand, of which those from `index` on are still to be taken. */
  readonly current: ColumnValues;
  index: number;
  /** Loads further values; called when those at hand have been taken and the row group has more. */
  load(): Promise<void>;
}

export const NO_VALUES: ColumnValues = { values: [], nulls: undefined, count: 0 };

/** Bytes that are read at a time from a large column chunk. */
const READ_BYTES = 4 * 1024 * 1024;
/** Page headers are far smaller than this, unless their statistics hold long texts. */
const HEADER_BYTES = 4 * 1024;

/** Decodes a column page by page, so that no more than a page of it is held in memory. */
export class PageCursor implements ColumnCursor {
  current: ColumnValues = NO_VALUES;
  index = 0;
  private readonly handle: FileHandle;
  private readonly decoder: PageDecoder;
  private readonly end: number;
  private position: number;
  /** `bytes` stand at `start` in the file. */
  private bytes: Buffer = Buffer.alloc(0);
  private start = 0;

  constructor(handle: FileHandle, meta: ColumnMetaData, optional: boolean, plain: PlainValues) {
    this.handle = handle;
    this.decoder = new PageDecoder(meta, optional, plain);
    const { from, to } = chunkRange(meta);
    this.position = from;
    this.end = to;
  }

  async load(): Promise<void> {
    for (;;) {
      if (this.position >= this.end) throw new RangeError('a column ends before its row group does');
      const { header, length } = await this.header();
      const bodyStart = this.position + length;
      const body = await this.read(bodyStart, header.compressed_page_size);
      this.position = bodyStart + header.compressed_page_size;
      const values = this.decoder.decode(header, body);
      if (values === undefined || values.count === 0) continue;
      this.current = values;
      this.index = 0;
      return;
    }
  }

  private async header(): Promise<{ header: PageHeader; length: number }> {
    const left = this.end - this.position;
    for (let bytes = Math.min(HEADER_BYTES, left); ; bytes = Math.min(bytes * 16, left)) {
      const view = await this.read(this.position, bytes);
      const reader = { view: new DataView(view.buffer, view.byteOffset, view.byteLength), offset: 0 };
      try {
        const header = parquetHeader(reader);
        return { header, length: reader.offset };
      } catch (error) {
        if (bytes === left) throw error;
      }
    }
  }

  /** The bytes at a position of the file, from what was read before if they are there. */
  private async read(position: number, length: number): Promise<Buffer> {
    if (!(length >= 0) || position + length > this.end) throw new RangeError('a page reaches beyond its column');
    if (position < this.start || position + length > this.start + this.bytes.length) {
      const wanted = Math.max(length, Math.min(READ_BYTES, this.end - position));
      this.bytes = await readExactly(this.handle, position, wanted);
      this.start = position;
    }
    return this.bytes.subarray(position - this.start, position - this.start + length);
  }
}

/** A column that hyparquet decodes, a whole row group at once: nested and repeated ones, rare types and encodings. */
export class WholeCursor implements ColumnCursor {
  current: ColumnValues = NO_VALUES;
  index = 0;
  private readonly read: () => Promise<DecodedArray>;
  private readonly convert: (value: unknown) => unknown;

  constructor(scan: ParquetScan, { name, kind }: FieldPlan, rowStart: number, rowEnd: number) {
    this.read = () => scan.readColumn({ column: name, rowStart, rowEnd });
    this.convert = kind === 'number' || kind === 'integer' ? value => (value instanceof Date ? value.getTime() : exactNumbers(value)) : exactNumbers;
  }

  async load(): Promise<void> {
    if (this.current !== NO_VALUES) throw new RangeError('a column ends before its row group does');
    const values = Array.from(await this.read(), this.convert);
    const nulls = new Uint8Array(values.length);
    values.forEach((value, i) => {
      if (value === null || value === undefined) nulls[i] = 1;
    });
    this.current = { values, nulls, count: values.length };
  }
}

/** 64-bit integers as numbers where they are exact, also within lists and objects. */
function exactNumbers(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(exactNumbers);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, exactNumbers(held)]));
}

/** Where a column chunk stands in the file. */
export function chunkRange(meta: ColumnMetaData): { from: number; to: number } {
  const from = Number(meta.dictionary_page_offset || meta.data_page_offset);
  return { from, to: from + Number(meta.total_compressed_size) };
}

export function metaOf(chunk: ColumnChunk): ColumnMetaData {
  if (chunk.meta_data === undefined || chunk.file_path !== undefined) throw new RangeError('a column chunk stands in another file');
  return chunk.meta_data;
}

export async function readExactly(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  for (let read = 0; read < length; ) {
    const { bytesRead } = await handle.read(bytes, read, length - read, position + read);
    if (bytesRead === 0) throw new RangeError(`the file ends at byte ${position + read}`);
    read += bytesRead;
  }
  return bytes;
}
