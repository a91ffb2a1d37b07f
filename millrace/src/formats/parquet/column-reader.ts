/** Reads one column of a file, row by row from the first that is wanted. */
export interface ColumnReader {
  /** How many rows can be read now. When none can, bytes are on their way, and `arrived` is called with them. */
  prepare(): number;
  /** Reads up to `MOST_AT_ONCE` rows, as many as are prepared, into `out[0, n)`, and tells by flags what is among them. */
  read(out: unknown[], n: number): number;
}
