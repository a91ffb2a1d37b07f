import type { ColumnMetaData, PageHeader } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { MillraceError, messageOf } from '../../base/errors.ts';
import type { ColumnReader } from './column-reader.ts';
import { corruptFile } from './corrupt.ts';
import { openDataPage, openDictionaryPage, type Page, type PageDecoding } from './page.ts';
import type { RandomAccess } from './random-access.ts';
import { type Dictionary, MOST_AT_ONCE } from './value-readers.ts';

/** The pages of one column in one row group. */
export interface ChunkRange {
  readonly chunk: ColumnMetaData;
  readonly rows: number;
  /** Bytes of the file. */
  readonly from: number;
  readonly to: number;
}

/** Room for a page header beside the page; those with long statistics take a second read. */
const HEADER_BYTES = 1024;

/**
 * Reads a column that is not nested, page by page through all row groups. While the rows of one page are read, the bytes of the next are on
 * their way.
 */
export class FlatColumn implements ColumnReader {
  private readonly file: RandomAccess;
  private readonly decoding: Omit<PageDecoding, 'chunk'>;
  private readonly ranges: readonly ChunkRange[];
  /** Bytes that are read at a time, unless a page is larger. */
  private readonly windowBytes: number;
  private readonly arrived: (failure?: { error: unknown }) => void;
  /** The row group, as an index into `ranges`, and the rows of it that are not in a page yet. */
  private group = 0;
  private groupLeft: number;
  /** Offset in the file of the next page. */
  private at: number;
  private dictionary: Dictionary | undefined;
  private page: Page | undefined;
  /** Rows to be passed over before the first that is wanted. */
  private skip: number;
  private window: Buffer = Buffer.alloc(0);
  private windowAt = 0;
  private loading = false;
  /** Bytes of the last page, from which those of the next are guessed. */
  private lastPageBytes = 0;

  /**
   * @param ranges one for each row group, from that of the first row that is wanted on
   * @param skip rows of the first row group that are not wanted
   * @param arrived called when bytes have been read
   */
  constructor(
    file: RandomAccess,
    decoding: Omit<PageDecoding, 'chunk'>,
    ranges: readonly ChunkRange[],
    skip: number,
    windowBytes: number,
    arrived: (failure?: { error: unknown }) => void,
  ) {
    this.file = file;
    this.decoding = decoding;
    this.ranges = ranges;
    this.skip = skip;
    this.windowBytes = windowBytes;
    this.arrived = arrived;
    this.groupLeft = ranges[0]!.rows;
    this.at = ranges[0]!.from;
  }

  prepare(): number {
    try {
      for (;;) {
        if (this.page !== undefined && this.page.left > 0) {
          if (this.skip === 0) return this.page.left;
          this.skipRows(this.page);
        } else if (!this.nextPage()) return 0;
      }
    } catch (error) {
      throw this.corrupt(error);
    }
  }

  read(out: unknown[], n: number): number {
    try {
      return this.page!.read(out, 0, n);
    } catch (error) {
      throw this.corrupt(error);
    }
  }

  private skipRows(page: Page): void {
    const passed = new Array<unknown>(MOST_AT_ONCE);
    while (this.skip > 0 && page.left > 0) {
      const n = Math.min(this.skip, page.left, MOST_AT_ONCE);
      page.read(passed, 0, n);
      this.skip -= n;
    }
  }

  /** Goes on to the next page. False when its bytes are not here yet. */
  private nextPage(): boolean {
    this.page = undefined;
    if (this.groupLeft === 0) this.nextGroup();
    const range = this.ranges[this.group]!;
    if (this.at >= range.to) throw new RangeError(`${this.groupLeft} rows less than the row group has`);
    const headed = this.header(range);
    if (headed === undefined) return false;
    const { header, length } = headed;
    const pageBytes = header.compressed_page_size;
    if (!isCount(pageBytes) || !isCount(header.uncompressed_page_size) || this.at + length + pageBytes > range.to) {
      throw new RangeError(`a page of ${pageBytes} bytes where ${range.to - this.at - length} are left`);
    }
    const end = this.at + length + pageBytes;
    if (!this.has(this.at, end)) {
      this.load(this.at, Math.max(end, this.at + this.windowBytes));
      return false;
    }
    const from = this.at + length - this.windowAt;
    const bytes = this.window.subarray(from, from + pageBytes);
    this.at = end;
    this.lastPageBytes = length + pageBytes;
    this.take(header, bytes, range);
    this.readAhead();
    return true;
  }

  private take(header: PageHeader, bytes: Buffer, { chunk }: ChunkRange): void {
    if (header.type === 'DICTIONARY_PAGE') {
      this.dictionary = openDictionaryPage({ ...this.decoding, chunk }, header, bytes);
    } else if (header.type === 'DATA_PAGE' || header.type === 'DATA_PAGE_V2') {
      const rows = (header.data_page_header ?? header.data_page_header_v2)?.num_values;
      if (!isCount(rows) || rows > this.groupLeft) throw new RangeError(`a page of ${rows} rows where ${this.groupLeft} are left`);
      this.groupLeft -= rows;
      if (rows > this.skip) this.page = openDataPage({ ...this.decoding, chunk }, header, bytes, this.dictionary);
      else this.skip -= rows;
    }
  }

  private nextGroup(): void {
    const range = this.ranges[++this.group]!;
    this.groupLeft = range.rows;
    this.at = range.from;
    this.dictionary = undefined;
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
    this.load(this.at, this.at + Math.max(2 * known.length, this.windowBytes));
    return undefined;
  }

  private has(from: number, to: number): boolean {
    return from >= this.windowAt && to <= this.windowAt + this.window.length;
  }

  /** Reads what probably comes next, if it is not in the window. */
  private readAhead(): void {
    let { group, at } = this;
    if (this.groupLeft === 0) {
      if (++group === this.ranges.length) return;
      at = this.ranges[group]!.from;
    }
    const guess = at + HEADER_BYTES + Math.ceil(1.25 * this.lastPageBytes);
    const { to } = this.ranges[group]!;
    if (!this.has(at, Math.min(to, guess))) this.load(at, Math.max(guess, at + this.windowBytes), to);
  }

  private load(from: number, to: number, limit = this.ranges[this.group]!.to): void {
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

  /** Whatever cannot be decoded is not what the file says it is. */
  private corrupt(cause: unknown): unknown {
    if (cause instanceof MillraceError) return cause;
    return corruptFile(`${this.file.path}, column '${this.decoding.element.name}', before byte ${this.at}`, messageOf(cause), cause);
  }
}

/** Sizes and counts are read as they come, and damaged ones may be of any type. */
function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0;
}
