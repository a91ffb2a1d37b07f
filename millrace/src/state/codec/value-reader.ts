import { BINARY_KINDS, DEPTH_MAX, SHAPES_MAX, SHORT_ARRAY_MAX, SHORT_TEXT_MAX, Tag } from './format.ts';
import { ShapeReaders, type ShapeReader } from './shape-reader.ts';

/** Thrown for bytes that `ValueWriter` cannot have written. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
}

/** Reads what `ValueWriter` has written, one value after another. */
export class ValueReader {
  private bytes: Buffer = Buffer.alloc(0);
  private view: DataView = new DataView(new ArrayBuffer(0));
  private at = 0;
  private end = 0;
  private depth = 0;
  private readonly readers = new ShapeReaders();
  private readonly shapes: ShapeReader[] = [];

  /** Begins to read at a place where the writer was reset. */
  reset(bytes: Uint8Array): void {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
    this.end = bytes.length;
    this.depth = 0;
    this.shapes.length = 0;
  }

  get position(): number {
    return this.at;
  }

  get atEnd(): boolean {
    return this.at === this.end;
  }

  /** @throws MalformedError */
  byte(): number {
    if (this.at === this.end) throw new MalformedError('it ends too early');
    return this.bytes[this.at++]!;
  }

  /** The byte that comes next, without taking it; -1 at the end. */
  peek(): number {
    return this.at === this.end ? -1 : this.bytes[this.at]!;
  }

  /** @throws MalformedError */
  read(): unknown {
    const tag = this.byte();
    if (tag <= Tag.INT_MAX) return tag;
    if (tag <= Tag.SHORT_TEXT + SHORT_TEXT_MAX) return this.latin1(tag - Tag.SHORT_TEXT);
    if (tag < Tag.SHORT_ARRAY) return this.object(tag - Tag.SHAPE);
    if (tag <= Tag.SHORT_ARRAY + SHORT_ARRAY_MAX) return this.array(tag - Tag.SHORT_ARRAY);
    switch (tag) {
      case Tag.UNDEFINED:
        return undefined;
      case Tag.NULL:
        return null;
      case Tag.FALSE:
        return false;
      case Tag.TRUE:
        return true;
      case Tag.INT8:
        return this.view.getInt8(this.take(1));
      case Tag.INT16:
        return this.view.getInt16(this.take(2), true);
      case Tag.INT32:
        return this.view.getInt32(this.take(4), true);
      case Tag.UINT48: {
        const at = this.take(6);
        return this.view.getUint32(at, true) + 2 ** 32 * this.view.getUint16(at + 4, true);
      }
      case Tag.FLOAT64:
        return this.view.getFloat64(this.take(8), true);
      case Tag.LATIN1:
        return this.latin1(this.varint());
      case Tag.UTF8: {
        const n = this.varint();
        const at = this.take(n);
        return this.bytes.toString('utf8', at, at + n);
      }
      case Tag.UTF16: {
        const n = 2 * this.varint();
        const at = this.take(n);
        return this.bytes.toString('utf16le', at, at + n);
      }
      case Tag.NEW_SHAPE:
        this.newShape();
        return this.object(this.shapes.length - 1);
      case Tag.LONG_SHAPE:
        return this.object(this.varint());
      case Tag.LONG_ARRAY:
        return this.array(this.count());
      case Tag.DICTIONARY:
        return this.dictionary(this.count());
      case Tag.MAP:
        return this.map(this.count());
      case Tag.SET:
        return this.set(this.count());
      case Tag.DATE:
        return new Date(this.view.getFloat64(this.take(8), true));
      case Tag.BIGINT64:
        return this.view.getBigInt64(this.take(8), true);
      case Tag.BIGINT_POSITIVE:
        return this.magnitude();
      case Tag.BIGINT_NEGATIVE:
        return -this.magnitude();
      case Tag.BINARY:
        return this.binary();
      default:
        throw new MalformedError(`there is no tag 0x${tag.toString(16)}`);
    }
  }

  /** Steps over `n` bytes and says where they begin. */
  private take(n: number): number {
    const { at } = this;
    if (n > this.end - at) throw new MalformedError('it ends too early');
    this.at = at + n;
    return at;
  }

  private latin1(n: number): string {
    const at = this.take(n);
    return this.bytes.toString('latin1', at, at + n);
  }

  private varint(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 49; factor *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new MalformedError('a number is too large');
  }

  /** The number of things that follow, each of at least one byte: what cannot be there is not made room for. */
  private count(): number {
    const n = this.varint();
    if (n > this.end - this.at) throw new MalformedError('it ends too early');
    return n;
  }

  private enter(): void {
    if (++this.depth > DEPTH_MAX) throw new MalformedError('it is nested too deep');
  }

  private newShape(): void {
    const names: string[] = [];
    for (let n = this.count(); n > 0; n--) names.push(this.name());
    if (this.shapes.length === SHAPES_MAX) throw new MalformedError('there are too many shapes');
    this.shapes.push(this.readers.get(names));
  }

  private name(): string {
    const name = this.read();
    if (typeof name !== 'string') throw new MalformedError('a name is no text');
    return name;
  }

  private object(shape: number): unknown {
    const reader = this.shapes[shape];
    if (reader === undefined) throw new MalformedError('there is no such shape');
    this.enter();
    const object = reader.read(this);
    this.depth--;
    return object;
  }

  private array(n: number): unknown[] {
    this.enter();
    const array: unknown[] = [];
    for (let i = 0; i < n; i++) array.push(this.read());
    this.depth--;
    return array;
  }

  private dictionary(n: number): Record<string, unknown> {
    this.enter();
    const object: Record<string, unknown> = {};
    for (let i = 0; i < n; i++) {
      const name = this.name();
      const value = this.read();
      if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
      else object[name] = value;
    }
    this.depth--;
    return object;
  }

  private map(n: number): Map<unknown, unknown> {
    this.enter();
    const map = new Map<unknown, unknown>();
    for (let i = 0; i < n; i++) {
      const key = this.read();
      map.set(key, this.read());
    }
    this.depth--;
    return map;
  }

  private set(n: number): Set<unknown> {
    this.enter();
    const set = new Set<unknown>();
    for (let i = 0; i < n; i++) set.add(this.read());
    this.depth--;
    return set;
  }

  private magnitude(): bigint {
    const n = this.varint();
    const at = this.take(n);
    return BigInt(`0x0${this.bytes.toString('hex', at, at + n)}`);
  }

  private binary(): ArrayBuffer | ArrayBufferView {
    const kind = BINARY_KINDS[this.byte()];
    if (kind === undefined) throw new MalformedError('there is no such kind of binary data');
    const n = this.varint();
    const at = this.take(n);
    const buffer = new ArrayBuffer(n);
    new Uint8Array(buffer).set(this.bytes.subarray(at, at + n));
    try {
      return kind.make(buffer);
    } catch (cause) {
      throw new MalformedError('binary data has a length that it cannot have', { cause });
    }
  }
}
