import { BINARY_KINDS, DEPTH_MAX, SHAPE_FIELDS_MAX, SHAPE_TAGS, SHORT_ARRAY_MAX, SHORT_TEXT_MAX, Tag } from './format.ts';
import { ShapeTree, type ShapeNode } from './shape-tree.ts';

/** Texts up to this length are written in a loop here; a call of the platform is dearer. */
const LOOP_MAX = 64;

/** Room for a tag and the longest number. */
const ROOM = 16;

const BUFFER_FIRST = 4096;

/** A buffer that was needed for a single large value is not kept. */
const BUFFER_KEPT = 2 ** 20;

const binaryKinds = new Map(BINARY_KINDS.map((kind, i) => [kind.prototype, i]));

/** Thrown for what is no plain data. */
export class UnserializableError extends TypeError {
  override readonly name = 'UnserializableError';
}

/**
 * Writes values of plain data: undefined, null, booleans, numbers (exactly, with -0 and NaN), texts (exactly, with surrogates that are not
 * paired), bigints, dates, arrays, plain objects, Map, Set, ArrayBuffer and its views. Field names keep their order. Values are trees: what
 * is reachable by two ways is written twice. Holes of arrays are written as undefined. As with structuredClone, symbols as names are left out
 * and accessors are read.
 */
export class ValueWriter {
  /** What was written stands in front of `length`. */
  bytes = Buffer.allocUnsafeSlow(BUFFER_FIRST);
  length = 0;
  private view = viewOf(this.bytes);
  private shapes = new ShapeTree();
  private depth = 0;

  /**
   * Begins anew; nothing written later refers to anything before.
   *
   * @param shapes the tree is not part of what is written; one that is kept for values of the same kind saves time
   */
  reset(shapes: ShapeTree): void {
    if (this.bytes.length > BUFFER_KEPT) this.replace(BUFFER_FIRST);
    this.length = 0;
    this.depth = 0;
    this.shapes = shapes;
    shapes.beginSegment();
  }

  /** @throws UnserializableError, and what is written so far is to be thrown away */
  write(value: unknown): void {
    switch (typeof value) {
      case 'number':
        this.number(value);
        break;
      case 'string':
        this.text(value);
        break;
      case 'object':
        if (value === null) this.byte(Tag.NULL);
        else this.object(value);
        break;
      case 'undefined':
        this.byte(Tag.UNDEFINED);
        break;
      case 'boolean':
        this.byte(value ? Tag.TRUE : Tag.FALSE);
        break;
      case 'bigint':
        this.bigint(value);
        break;
      default:
        throw new UnserializableError(typeof value);
    }
  }

  byte(byte: number): void {
    if (this.length === this.bytes.length) this.grow(1);
    this.bytes[this.length++] = byte;
  }

  private number(value: number): void {
    if (this.length + ROOM > this.bytes.length) this.grow(ROOM);
    const { bytes, view } = this;
    const at = this.length;
    if ((value | 0) === value) {
      if (value >= 0) {
        if (value <= Tag.INT_MAX) {
          if (value === 0 && 1 / value < 0) this.float(value);
          else {
            bytes[at] = value;
            this.length = at + 1;
          }
          return;
        }
      } else if (value >= -0x80) {
        bytes[at] = Tag.INT8;
        bytes[at + 1] = value;
        this.length = at + 2;
        return;
      }
      if (value >= -0x8000 && value < 0x8000) {
        bytes[at] = Tag.INT16;
        view.setInt16(at + 1, value, true);
        this.length = at + 3;
      } else {
        bytes[at] = Tag.INT32;
        view.setInt32(at + 1, value, true);
        this.length = at + 5;
      }
    } else if (value > 0 && value < 2 ** 48 && Math.floor(value) === value) {
      bytes[at] = Tag.UINT48;
      view.setUint32(at + 1, value % 2 ** 32, true);
      view.setUint16(at + 5, value / 2 ** 32, true);
      this.length = at + 7;
    } else this.float(value);
  }

  private float(value: number): void {
    this.bytes[this.length] = Tag.FLOAT64;
    this.view.setFloat64(this.length + 1, value, true);
    this.length += 9;
  }

  private text(text: string): void {
    const n = text.length;
    if (n > LOOP_MAX) {
      this.longText(text);
      return;
    }
    const start = this.length;
    if (start + ROOM + LOOP_MAX > this.bytes.length) this.grow(ROOM + LOOP_MAX);
    const { bytes } = this;
    let at = start;
    if (n <= SHORT_TEXT_MAX) bytes[at++] = Tag.SHORT_TEXT + n;
    else {
      bytes[at++] = Tag.LATIN1;
      bytes[at++] = n;
    }
    let bits = 0;
    for (let i = 0; i < n; i++) {
      const code = text.charCodeAt(i);
      bits |= code;
      bytes[at++] = code;
    }
    if (bits > 0xff) this.longText(text);
    else this.length = at;
  }

  private longText(text: string): void {
    if (text.isWellFormed()) {
      const n = Buffer.byteLength(text);
      this.byte(Tag.UTF8);
      this.varint(n);
      this.reserve(n);
      this.bytes.write(text, this.length, 'utf8');
      this.length += n;
    } else {
      this.byte(Tag.UTF16);
      this.varint(text.length);
      this.reserve(2 * text.length);
      this.bytes.write(text, this.length, 'utf16le');
      this.length += 2 * text.length;
    }
  }

  private object(value: object): void {
    if (++this.depth > DEPTH_MAX) throw new UnserializableError(`a value nested more than ${DEPTH_MAX} deep, or one that contains itself`);
    if (Array.isArray(value)) this.array(value);
    else {
      const prototype: unknown = Object.getPrototypeOf(value);
      if (prototype === Object.prototype || prototype === null) this.plain(value as Record<string, unknown>);
      else this.exotic(value, prototype as object);
    }
    this.depth--;
  }

  private array(array: readonly unknown[]): void {
    const n = array.length;
    if (n <= SHORT_ARRAY_MAX) this.byte(Tag.SHORT_ARRAY + n);
    else {
      this.byte(Tag.LONG_ARRAY);
      this.varint(n);
    }
    for (let i = 0; i < n; i++) this.write(array[i]);
  }

  // Loops over the fields are loops of `for in` over the object itself, for which V8 keeps the names and their places.
  private plain(object: Record<string, unknown>): void {
    let node: ShapeNode | undefined = this.shapes.root;
    for (const name in object) {
      node = node.after(name);
      if (node === undefined) break;
    }
    if (node === undefined || !this.shapeTag(node, object)) {
      this.dictionary(object);
      return;
    }
    let count = 0;
    for (const name in object) {
      this.write(object[name]);
      count++;
    }
    if (count !== node.depth) throw new UnserializableError('an object that changes while it is read');
  }

  /** Says which shape follows; false when it must be a dictionary. */
  private shapeTag(node: ShapeNode, object: object): boolean {
    const { shapes } = this;
    if (!shapes.isKnown(node)) {
      // Names that are not the object's own come from an Object.prototype that someone has added to.
      if (node.depth > SHAPE_FIELDS_MAX || shapes.full || Object.keys(object).length !== node.depth) return false;
      shapes.add(node);
      this.byte(Tag.NEW_SHAPE);
      this.varint(node.depth);
      for (const name of node.names()) this.text(name);
    } else if (node.number < SHAPE_TAGS) this.byte(Tag.SHAPE + node.number);
    else {
      this.byte(Tag.LONG_SHAPE);
      this.varint(node.number);
    }
    return true;
  }

  private dictionary(object: Record<string, unknown>): void {
    const names = Object.keys(object);
    this.byte(Tag.DICTIONARY);
    this.varint(names.length);
    for (const name of names) {
      this.text(name);
      this.write(object[name]);
    }
  }

  private exotic(value: object, prototype: object): void {
    if (prototype === Map.prototype) {
      const map = value as Map<unknown, unknown>;
      this.byte(Tag.MAP);
      this.varint(map.size);
      for (const [key, entry] of map) {
        this.write(key);
        this.write(entry);
      }
    } else if (prototype === Set.prototype) {
      const set = value as Set<unknown>;
      this.byte(Tag.SET);
      this.varint(set.size);
      for (const entry of set) this.write(entry);
    } else if (prototype === Date.prototype) {
      this.reserve(ROOM);
      this.bytes[this.length] = Tag.DATE;
      this.view.setFloat64(this.length + 1, (value as Date).getTime(), true);
      this.length += 9;
    } else {
      const kind = binaryKinds.get(prototype);
      if (kind === undefined) throw new UnserializableError(describe(value, prototype));
      this.binary(kind, value as ArrayBuffer | ArrayBufferView);
    }
  }

  private binary(kind: number, value: ArrayBuffer | ArrayBufferView): void {
    const source = ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value);
    this.byte(Tag.BINARY);
    this.byte(kind);
    this.varint(source.length);
    this.reserve(source.length);
    this.bytes.set(source, this.length);
    this.length += source.length;
  }

  private bigint(value: bigint): void {
    this.reserve(ROOM);
    if (BigInt.asIntN(64, value) === value) {
      this.bytes[this.length] = Tag.BIGINT64;
      this.view.setBigInt64(this.length + 1, value, true);
      this.length += 9;
      return;
    }
    const digits = (value < 0n ? -value : value).toString(16);
    const magnitude = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
    this.byte(value < 0n ? Tag.BIGINT_NEGATIVE : Tag.BIGINT_POSITIVE);
    this.varint(magnitude.length);
    this.reserve(magnitude.length);
    this.bytes.set(magnitude, this.length);
    this.length += magnitude.length;
  }

  private varint(value: number): void {
    this.reserve(ROOM);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.bytes[this.length++] = rest;
  }

  private reserve(n: number): void {
    if (this.length + n > this.bytes.length) this.grow(n);
  }

  private grow(n: number): void {
    const { bytes } = this;
    this.replace(Math.max(2 * bytes.length, this.length + n));
    this.bytes.set(bytes.subarray(0, this.length));
  }

  private replace(size: number): void {
    this.bytes = Buffer.allocUnsafeSlow(size);
    this.view = viewOf(this.bytes);
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function describe(value: object, prototype: object): string {
  const constructor: unknown = Object.hasOwn(prototype, 'constructor') ? prototype.constructor : undefined;
  if (typeof constructor === 'function' && constructor.name !== '') return `an instance of ${constructor.name}`;
  return value instanceof Object ? 'an object with a prototype' : 'an object of another realm';
}
