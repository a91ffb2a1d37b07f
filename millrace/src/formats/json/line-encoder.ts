import type { Encoder } from '../../spi/format.ts';

/** `JSON.rawJSON` of ECMAScript's JSON.parse source text access, which the type library does not know yet. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** Writes a bigint as the number it is, exactly. */
function exactBigint(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? rawJSON(String(value)) : value;
}

export class JsonLineEncoder implements Encoder<unknown> {
  /** A replacer makes JSON.stringify several times slower, so it is used only once a bigint has been seen. */
  private bigints = false;

  encode(value: unknown): string {
    const text = this.bigints ? JSON.stringify(value, exactBigint) : this.withoutBigints(value);
    if (text === undefined) throw new TypeError(`JSON has no form for ${value === undefined ? 'undefined' : `a ${typeof value}`}`);
    return `${text}\n`;
  }

  private withoutBigints(value: unknown): string | undefined {
    try {
      return JSON.stringify(value);
    } catch (error) {
      // Either a bigint, which is well then, or something that is refused again: a cycle, or a toJSON that throws.
      if (!(error instanceof TypeError)) throw error;
      const text = JSON.stringify(value, exactBigint);
      this.bigints = true;
      return text;
    }
  }
}
