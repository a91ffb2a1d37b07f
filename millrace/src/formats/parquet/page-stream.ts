import type { ColumnMetaData, PageHeader } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import type { LeafColumn } from './leaf-column.ts';
import { openDataPage, openDictionaryPage, type PageContent } from './page.ts';
import type { RandomAccess } from './random-access.ts';
import type { Dictionary } from './value-readers.ts';

/** The pages of one column in one row group. */
export interface ChunkRange {
  readonly chunk: ColumnMetaData;
  /** Bytes of the file. */
  readonly from: number;
  readonly to: number;
}

/** Called when bytes of a column have arrived, or could not be read. */
export type Arrived = (failure?: { error: unknown }) => void;

/** Room for a page header beside the page; those with long statistics take a second read. */
const HEADER_BYTES = 1024;

/** Reads the data pages of one column through row groups. While one is decoded, the bytes of the next are on their way. */
export class PageStream {
  /** Values of the row group at hand, nulls included, that are on pages to come. */
  left: number;
  /** Offset in the file of the next page. */
  at: number;
  private readonly file: RandomAccess;
  private readonly column: LeafColumn;
  private readonly ranges: readonly ChunkRange[];
  /** Bytes that are read at a time, unless a page is larger. */
  private readonly windowBytes: number;
  private readonly arrived: Arrived;
  /** The row group, as an index into `ranges`. */
  private group = 0;
  private dictionary: Dictionary | undefined;
  private window: Buffer = Buffer.alloc(0);
  private windowAt = 0;
  private loading = false;
  /** Bytes of the last page, from which those of the next are guessed. */
  private lastPageBytes = 0;

  /**
   * @param ranges one for each row group that is read
   * @param arrived called when bytes have been read
   */
  constructor(file: RandomAccess, column: LeafColumn, ranges: readonly ChunkRange[], windowBytes: number, arrived: Arrived) {
    this.file = file;
    this.column = column;
    this.ranges = ranges;
    this.windowBytes = windowBytes;
    this.arrived = arrived;
    this.left = Number(ranges[0]!.chunk.num_values);
    this.at = ranges[0]!.from;
  }

  /**
   * The next data page, of the next row group when none is left of the one at hand. Undefined when its bytes are not here yet.
   *
   * @param passOver pages with no more values than this are not decoded
   * @returns a number for a page that was passed over: that of its values
   * @throws RangeError and others for bytes that are not what they should be
   */
  next(passOver: number): PageContent | number | undefined {
    if (this.left === 0) this.nextGroup();
    for (;;) {
      const range = this.ranges[this.group]!;
      const found = this.find(range);
      if (found === undefined) return undefined;
      const { header, bytes } = found;
      if (header.type === 'DICTIONARY_PAGE') {
        this.dictionary = openDictionaryPage(this.column, range.chunk, header, bytes);
      } else if (header.type === 'DATA_PAGE' || header.type === 'DATA_PAGE_V2') {
        const count = (header.data_page_header ?? header.data_page_header_v2)?.num_values;
        if (!isCount(count) || count > this.left) throw new RangeError(`a page of ${count} values where ${this.left} are left`);
        this.left -= count;
        this.readAhead();
        return count <= passOver ? count : openDataPage(this.column, range.chunk, header, bytes, this.dictionary);
      }
    }
  }

  private nextGroup(): void {
    const range = this.ranges[++this.group]!;
    this.left = Number(range.chunk.num_values);
    this.at = range.from;
    this.dictionary = undefined;
  }

  /** The next page of any kind, which is then passed; undefined when its bytes are not here yet. */
  private find(range: ChunkRange): { header: PageHeader; bytes: Buffer } | undefined {
    if (this.at >= range.to) throw new RangeError(`${this.left} values less than there should be`);
    const headed = this.header(range);
    if (headed === undefined) return undefined;
    const { header, length } = headed;
    const pageBytes = header.compressed_page_size;
    if (!isCount(pageBytes) || !isCount(header.uncompressed_page_size) || this.at + length + pageBytes > range.to) {
      throw new RangeError(`a page of ${pageBytes} bytes where ${range.to - this.at - length} are left`);
    }
    const end = this.at + length + pageBytes;
    if (!this.has(this.at, end)) {
      this.load(this.at, Math.max(end, this.at + this.windowBytes), range.to);
      return undefined;
    }
    const from = this.at + length - this.windowAt;
    this.at = end;
    this.lastPageBytes = length + pageBytes;
    return { header, bytes: this.window.subarray(from, from + pageBytes) };
  }

  /** The header of the next page and its length in bytes; undefined when they are not here yet. */
  private header(range: ChunkRange): { header: PageHeader; length: number } | undefined {
    const from = this.at - this.windowAt;
    const known = this.has(this.at, this.at + 1) ? this.window.subarray(from) : this.window.subarray(0, 0);
    const reader = { view: new DataView(known.buffer, known.byteOffset, known.byteLength), offset: 0 };
    try {
      if (known.length > 0) return { header: parquetHeader(reader), length: reader.offset };
    } catch (error) {
      // Either the header goes on after the window, or it is none.
      if (this.windowAt + this.window.length >= range.to) throw error;
    }
    this.load(this.at, this.at + Math.max(2 * known.length, this.windowBytes), range.to);
    return undefined;
  }

  private has(from: number, to: number): boolean {
    return from >= this.windowAt && to <= this.windowAt + this.window.length;
  }

  /** Reads what probably comes next, if it is not in the window. */
  private readAhead(): void {
    let { group, at } = this;
    if (this.left === 0) {
      if (++group === this.ranges.length) return;
      at = this.ranges[group]!.from;
    }
    const guess = at + HEADER_BYTES + Math.ceil(1.25 * this.lastPageBytes);
    const { to } = this.ranges[group]!;
    if (!this.has(at, Math.min(to, guess))) this.load(at, Math.max(guess, at + this.windowBytes), to);
  }

  private load(from: number, to: number, limit: number): void {
    if (this.loading) return;
    this.loading = true;
    this.file.read(from, Math.min(to, limit)).then(
      bytes => {
        this.loading = false;
        // The page at hand keeps the memory of the window before, if it needs it.
        this.window = bytes;
        this.windowAt = from;
        this.arrived();
      },
      (error: unknown) => this.arrived({ error }),
    );
  }
}

/** Sizes and counts are read as they come, and damaged ones may be of any type. */
function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0;
}
