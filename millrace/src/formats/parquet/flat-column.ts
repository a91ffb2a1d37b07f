import type { ColumnReader } from './column-reader.ts';
import type { PageContent } from './page.ts';
import type { PageStream } from './page-stream.ts';
import { MOST_AT_ONCE } from './value-readers.ts';
import { NULLS } from './values.ts';

/** Reads a column that is not nested. */
export class FlatColumn implements ColumnReader {
  private readonly pages: PageStream;
  private page: PageContent | undefined;
  /** Rows of the page that were not read yet. */
  private pageLeft = 0;
  /** Rows to be passed over before the first that is wanted. */
  private skip: number;
  private readonly packed = new Int32Array(MOST_AT_ONCE);

  /** @param skip rows of the first row group that are not wanted */
  constructor(pages: PageStream, skip: number) {
    this.pages = pages;
    this.skip = skip;
  }

  prepare(): number {
    for (;;) {
      if (this.pageLeft > 0) {
        if (this.skip === 0) return this.pageLeft;
        this.skipRows();
      } else {
        this.page = undefined;
        const page = this.pages.next(this.skip);
        if (page === undefined) return 0;
        if (typeof page === 'number') {
          this.skip -= page;
        } else {
          this.page = page;
          this.pageLeft = page.count;
        }
      }
    }
  }

  read(out: unknown[], n: number): number {
    const { definition, values } = this.page!;
    this.pageLeft -= n;
    if (definition === undefined) return values.read(out, 0, n);
    let flags = 0;
    for (let next = 0; next < n; ) {
      definition.prepare();
      const count = Math.min(definition.left, n - next);
      if (!definition.repeated) {
        flags |= this.readPacked(out, next, count);
      } else {
        definition.skipRepeated(count);
        if (definition.value === 0) out.fill(null, next, next + count);
        flags |= definition.value === 0 ? NULLS : values.read(out, next, count);
      }
      next += count;
    }
    return flags;
  }

  private readPacked(out: unknown[], at: number, count: number): number {
    const { packed } = this;
    const { definition, values } = this.page!;
    definition!.read(packed, count);
    let present = 0;
    for (let i = 0; i < count; i++) present += packed[i]!;
    const flags = present === 0 ? 0 : values.read(out, at, present);
    if (present === count) return flags;
    // The values stand side by side at the beginning, and move to their rows from the last one on.
    for (let i = count - 1; i >= 0; i--) out[at + i] = packed[i] === 0 ? null : out[at + --present];
    return flags | NULLS;
  }

  private skipRows(): void {
    const passed = new Array<unknown>(MOST_AT_ONCE);
    while (this.skip > 0 && this.pageLeft > 0) {
      const n = Math.min(this.skip, this.pageLeft, MOST_AT_ONCE);
      this.read(passed, n);
      this.skip -= n;
    }
  }
}
