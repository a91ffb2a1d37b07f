/** A file that is read in pieces. */
export interface RandomAccess {
  /** For messages. */
  readonly path: string;
  readonly byteLength: number;
  /** The bytes `[from, to)`, all of them, in memory that is not used again. */
  read(from: number, to: number): Promise<Buffer>;
}
