/** Puts the next values of a page into `out` from `at` on, and tells by flags what is among them. */
export interface ValueReader {
  read(out: unknown[], at: number, n: number): number;
}

/** Some value is a bigint, as a double would not hold it exactly. */
export const WIDE = 1;
/** Some value is an `Undecodable`. */
export const UNDECODABLE = 2;
/** Some value is null. */
export const NULLS = 4;

/** Stands for a value whose bytes are not what its column says. */
export class Undecodable {
  readonly message: string;
  readonly bytes: Uint8Array;

  constructor(message: string, bytes: Uint8Array) {
    this.message = message;
    this.bytes = bytes;
  }
}
