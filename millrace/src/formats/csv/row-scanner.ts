import { CARRIAGE_RETURN, NEWLINE } from '../bytes.ts';
import type { CsvDialect } from './dialect.ts';

/** What a scan found: a row, a row that is not closed by its end, or one that breaks the rules. */
export type Scanned = 'row' | 'unclosed' | 'malformed';

/** Finds the fields of one row (RFC 4180). Quotes within an unquoted field stand for themselves. */
export class RowScanner {
  /** How many fields the row has. */
  fields = 0;
  /** The content of field i is `bytes[starts[i], ends[i])`, without its quotes. */
  starts = new Int32Array(64);
  ends = new Int32Array(64);
  /** 0 unquoted, 1 quoted, 2 quoted with doubled quotes in it. */
  quoting = new Uint8Array(64);
  /** Whether a byte outside ASCII was seen. */
  wide = false;
  /** Offset after the row's line end. */
  after = 0;
  private readonly dialect: CsvDialect;
  /** 1 for bytes at which an unquoted field may end or that are not ASCII. */
  private readonly special: Uint8Array;

  constructor(dialect: CsvDialect) {
    this.dialect = dialect;
    this.special = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x80 || byte === NEWLINE || byte === dialect.delimiter ? 1 : 0));
  }

  /** Scans the row at `from`. A line end stands at `lineEnd`; a quoted field may go on after it, up to `to`. */
  scan(bytes: Buffer, from: number, lineEnd: number, to: number): Scanned {
    const { special } = this;
    const { delimiter, quote } = this.dialect;
    this.fields = 0;
    this.wide = false;
    let p = from;
    for (;;) {
      let start = p;
      let end: number;
      let quoting = 0;
      if (bytes[p] === quote) {
        quoting = 1;
        start = p + 1;
        p = start;
        for (;;) {
          end = bytes.indexOf(quote, p);
          if (end < 0 || end >= to) return 'unclosed';
          p = end + 1;
          if (p >= to) return 'unclosed';
          if (bytes[p] !== quote) break;
          quoting = 2;
          p++;
        }
        // A quoted field is not looked at byte by byte, so it counts as wide.
        this.wide = true;
        if (bytes[p] === CARRIAGE_RETURN && bytes[p + 1] === NEWLINE && p + 1 < to) p++;
        if (bytes[p] !== delimiter && bytes[p] !== NEWLINE) return p + 1 >= to && bytes[p] === CARRIAGE_RETURN ? 'unclosed' : 'malformed';
      } else {
        for (;;) {
          while (special[bytes[p]!] === 0) p++;
          if (bytes[p]! < 0x80) break;
          this.wide = true;
          p++;
        }
        end = bytes[p] === NEWLINE && p > start && bytes[p - 1] === CARRIAGE_RETURN ? p - 1 : p;
      }
      const field = this.fields++;
      if (field === this.starts.length) this.grow();
      this.starts[field] = start;
      this.ends[field] = end;
      this.quoting[field] = quoting;
      const ended = bytes[p] === NEWLINE;
      p++;
      if (ended) {
        this.after = p;
        return 'row';
      }
      // Behind a quoted field with line ends in it, the row's own line end is still to be found.
      if (p > lineEnd) {
        lineEnd = bytes.indexOf(NEWLINE, p);
        if (lineEnd < 0 || lineEnd >= to) return 'unclosed';
      }
    }
  }

  private grow(): void {
    const copy = <A extends Int32Array | Uint8Array>(from: A, to: A): A => {
      to.set(from);
      return to;
    };
    const size = this.starts.length * 2;
    this.starts = copy(this.starts, new Int32Array(size));
    this.ends = copy(this.ends, new Int32Array(size));
    this.quoting = copy(this.quoting, new Uint8Array(size));
  }
}
