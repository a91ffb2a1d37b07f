import { JsonLineEncoder } from '../json/line-encoder.ts';
import { BIGINT, BOOLEAN, BYTES, type Cell, DATE, JSON_TEXT, JsonText, NUMBER, STRING, WHOLE } from './column-types.ts';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** Makes cells of the values of records. */
export class CellMaker {
  /** The kind of the last cell, as a bit; 0 for null. */
  kind = 0;
  /** About how many bytes it takes. */
  bytes = 0;
  private readonly json = new JsonLineEncoder();

  /** @throws TypeError, RangeError for a value that no column can hold */
  make(name: string, value: unknown): Cell {
    this.bytes = 8;
    switch (typeof value) {
      case 'number':
        this.kind = Number.isSafeInteger(value) ? WHOLE : NUMBER;
        return value;
      case 'string':
        if (!value.isWellFormed()) throw new TypeError(`'${name}' is not well-formed text: it holds half of a surrogate pair`);
        this.kind = STRING;
        this.bytes = 4 + value.length;
        return value;
      case 'boolean':
        this.kind = BOOLEAN;
        return value;
      case 'undefined':
        this.kind = 0;
        return null;
      case 'bigint':
        if (value < INT64_MIN || value > INT64_MAX) throw new RangeError(`'${name}': ${value} does not fit into 64 bits`);
        this.kind = BIGINT;
        return value;
      case 'object':
        return this.makeOfObject(name, value);
      default:
        throw new TypeError(`'${name}': Parquet has no form for a ${typeof value}`);
    }
  }

  private makeOfObject(name: string, value: object | null): Cell {
    if (value === null) {
      this.kind = 0;
      return null;
    }
    if (value instanceof Date) {
      if (Number.isNaN(value.getTime())) throw new TypeError(`'${name}' is an invalid Date`);
      this.kind = DATE;
      return new Date(value);
    }
    if (value instanceof Uint8Array) {
      this.kind = BYTES;
      this.bytes = 4 + value.length;
      return new Uint8Array(value);
    }
    const text = this.json.encode(value).slice(0, -1);
    this.kind = JSON_TEXT;
    this.bytes = 4 + text.length;
    return new JsonText(text);
  }
}
