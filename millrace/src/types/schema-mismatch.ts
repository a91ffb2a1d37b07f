/** A value that is not what its schema says. Its message names the field: `window.start: expected integer, got "x"`. */
export class SchemaMismatch extends Error {
  override readonly name = 'SchemaMismatch';
  private readonly what: string;
  private path = '';

  constructor(what: string) {
    super(what);
    this.what = what;
  }

  /** Adds the field or index in which the value stands. */
  within(segment: string | number): this {
    const own = typeof segment === 'number' ? `[${segment}]` : segment;
    this.path = this.path === '' ? own : this.path.startsWith('[') ? own + this.path : `${own}.${this.path}`;
    this.message = `${this.path}: ${this.what}`;
    return this;
  }
}

/** Throws that something else was expected. */
export function mismatch(expected: string, got: unknown): never {
  throw new SchemaMismatch(`expected ${expected}, got ${describeValue(got)}`);
}

/** A value in a few words, for messages. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return 'nothing';
    case 'string':
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
    case 'bigint':
      return `${value}n`;
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return 'an array';
      return value instanceof Date ? 'a Date' : value instanceof Uint8Array ? 'bytes' : 'an object';
    default:
      return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `a ${typeof value}`;
  }
}
