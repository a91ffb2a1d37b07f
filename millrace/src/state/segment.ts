import { MillraceError } from '../base/errors.ts';
import type { Key } from '../base/key.ts';
import type { Segment } from '../spi/epoch-store.ts';
import type { Namespace } from '../spi/state.ts';
import { ShapeTree } from './codec/shape-tree.ts';
import { unserializablePath } from './codec/unserializable-path.ts';
import { MalformedError, ValueReader } from './codec/value-reader.ts';
import { UnserializableError, type ValueWriter } from './codec/value-writer.ts';

/** A segment that has become this long is complete. Only a single value that is longer makes it much longer. */
export const SEGMENT_BYTES = 256 * 1024;

/** `MRS` and the version of the format. */
const MAGIC = [0x4d, 0x52, 0x53];
const VERSION = 1;

/**
 * After the header come operations, each told by a first byte that no key begins with; what begins with a key is a cell: the key and its value.
 * A segment is complete in itself: it names the namespace before the first cell.
 */
const Op = {
  /** Namespace: it is emptied. */
  DROP: 0xf0,
  /** Namespace: that of the operations that follow. */
  NAMESPACE: 0xf1,
  /** Key: it is removed from the namespace. */
  REMOVE: 0xf2,
} as const;

/** Writes what has changed in one table. */
export class TableWriter {
  private readonly operator: string;
  private readonly table: string;
  private readonly writer: ValueWriter;
  private readonly shapes = new ShapeTree();
  private segments: Segment[] = [];
  private begun = false;
  private namespace: Namespace | undefined;

  /** @param writer may be shared by tables that take turns */
  constructor(operator: string, table: string, writer: ValueWriter) {
    this.operator = operator;
    this.table = table;
    this.writer = writer;
  }

  drop(namespace: Namespace): void {
    this.operation(Op.DROP);
    this.writer.write(namespace);
    this.namespace = undefined;
    this.cut();
  }

  remove(namespace: Namespace, key: Key): void {
    this.enter(namespace);
    this.operation(Op.REMOVE);
    this.writer.write(key);
    this.cut();
  }

  /**
   * Returns how many bytes the cell takes.
   *
   * @throws MillraceError `STATE_NOT_SERIALIZABLE`
   */
  put(namespace: Namespace, key: Key, value: unknown): number {
    this.enter(namespace);
    const { writer } = this;
    const start = writer.length;
    try {
      writer.write(key);
      writer.write(value);
    } catch (error) {
      throw this.unserializable(error, key, value);
    }
    const size = writer.length - start;
    this.cut();
    return size;
  }

  /** All segments written since the last call. */
  finish(): Segment[] {
    this.close();
    const { segments } = this;
    this.segments = [];
    return segments;
  }

  private enter(namespace: Namespace): void {
    // Object.is, since a namespace may be any number.
    if (this.begun && Object.is(this.namespace, namespace)) return;
    this.operation(Op.NAMESPACE);
    this.writer.write(namespace);
    this.namespace = namespace;
  }

  private operation(op: number): void {
    if (!this.begun) this.begin();
    this.writer.byte(op);
  }

  private begin(): void {
    this.begun = true;
    this.namespace = undefined;
    this.writer.reset(this.shapes);
    for (const byte of MAGIC) this.writer.byte(byte);
    this.writer.byte(VERSION);
  }

  private cut(): void {
    if (this.writer.length >= SEGMENT_BYTES) this.close();
  }

  private close(): void {
    if (!this.begun) return;
    this.begun = false;
    const { bytes, length } = this.writer;
    this.segments.push({ operator: this.operator, table: this.table, bytes: Buffer.from(bytes.subarray(0, length)) });
  }

  private unserializable(error: unknown, key: Key, value: unknown): unknown {
    if (!(error instanceof UnserializableError)) return error;
    return new MillraceError('STATE_NOT_SERIALIZABLE', {
      where: `operator ${this.operator}, table ${this.table}, key ${JSON.stringify(String(key))}`,
      got: `value${unserializablePath(value)} is ${error.message}`,
    });
  }
}

/** Takes what a segment says. */
export interface SegmentTarget {
  drop(namespace: Namespace): void;
  space(namespace: Namespace): SegmentTargetSpace;
}

export interface SegmentTargetSpace {
  forget(key: Key): void;
  /** @param size how many bytes the cell takes */
  restore(key: Key, value: unknown, size: number): void;
}

/** Reads segments. What it learns of their shapes makes the next ones faster. */
export class SegmentReader {
  private readonly reader = new ValueReader();

  /** @throws MillraceError `STATE_CORRUPT`, `STATE_VERSION` */
  apply(segment: Segment, target: SegmentTarget): void {
    const { reader } = this;
    const where = `operator ${segment.operator}, table ${segment.table}`;
    reader.reset(segment.bytes);
    try {
      this.header(where);
      this.operations(target);
    } catch (error) {
      if (error instanceof MillraceError) throw error;
      throw new MillraceError('STATE_CORRUPT', { where: `${where}, byte ${reader.position} of a segment`, cause: error });
    }
  }

  private header(where: string): void {
    for (const byte of MAGIC) if (this.reader.byte() !== byte) throw new MalformedError('it is no segment of state');
    const version = this.reader.byte();
    if (version !== VERSION) {
      throw new MillraceError('STATE_VERSION', { where, expected: `segments of version ${VERSION}`, got: `version ${version}` });
    }
  }

  private operations(target: SegmentTarget): void {
    const { reader } = this;
    let space: SegmentTargetSpace | undefined;
    while (!reader.atEnd) {
      const start = reader.position;
      switch (reader.peek()) {
        case Op.DROP:
          reader.byte();
          target.drop(this.namespace());
          space = undefined;
          break;
        case Op.NAMESPACE:
          reader.byte();
          space = target.space(this.namespace());
          break;
        case Op.REMOVE:
          reader.byte();
          entered(space).forget(this.key());
          break;
        default: {
          const key = this.key();
          const value = reader.read();
          entered(space).restore(key, value, reader.position - start);
        }
      }
    }
  }

  private namespace(): Namespace {
    const namespace = this.reader.read();
    if (typeof namespace !== 'number') throw new MalformedError('a namespace is no number');
    return namespace;
  }

  private key(): Key {
    const key = this.reader.read();
    switch (typeof key) {
      case 'string':
      case 'number':
      case 'bigint':
      case 'boolean':
        return key;
      default:
        throw new MalformedError('a key is of a kind that no key is');
    }
  }
}

function entered(space: SegmentTargetSpace | undefined): SegmentTargetSpace {
  if (space === undefined) throw new MalformedError('a cell has no namespace');
  return space;
}
