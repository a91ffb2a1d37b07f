import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MillraceError } from '../../src/base/errors.ts';
import type { Key } from '../../src/base/key.ts';
import type { Segment } from '../../src/spi/epoch-store.ts';
import { ValueWriter } from '../../src/state/codec/value-writer.ts';
import { SEGMENT_BYTES, SegmentReader, type SegmentTarget, TableWriter } from '../../src/state/segment.ts';

/** The cells that segments tell of. */
class Cells implements SegmentTarget {
  readonly spaces = new Map<number, Map<Key, unknown>>();
  bytes = 0;

  drop(namespace: number): void {
    this.spaces.delete(namespace);
  }

  space(namespace: number) {
    const cells = this.spaces.get(namespace) ?? new Map<Key, unknown>();
    this.spaces.set(namespace, cells);
    return {
      forget: (key: Key) => void cells.delete(key),
      restore: (key: Key, value: unknown, size: number) => {
        cells.set(key, value);
        this.bytes += size;
      },
    };
  }
}

function writer(): TableWriter {
  return new TableWriter('op', 't', new ValueWriter());
}

function read(...segments: Segment[]): Cells {
  const cells = new Cells();
  const reader = new SegmentReader();
  for (const segment of segments) reader.apply(segment, cells);
  return cells;
}

function errorOf(act: () => void): MillraceError {
  try {
    act();
  } catch (error) {
    if (error instanceof MillraceError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('segments', () => {
  test('tell what was put, removed and dropped, in order', () => {
    const table = writer();
    table.put(0, 'a', 1);
    table.put(0, 'b', 2);
    table.put(60_000, 'a', { n: 1 });
    table.put(-Infinity, true, 'x');
    table.remove(0, 'a');
    table.drop(60_000);
    table.put(60_000, 5n, { n: 2 });
    table.put(60_000, 7, { n: 3 });
    const segments = table.finish();
    expect(segments).toHaveLength(1);
    expect(segments[0]).toMatchObject({ operator: 'op', table: 't' });
    expect(read(...segments).spaces).toEqual(
      new Map<number, Map<Key, unknown>>([
        [0, new Map([['b', 2]])],
        [-Infinity, new Map([[true, 'x']])],
        [
          60_000,
          new Map<Key, unknown>([
            [5n, { n: 2 }],
            [7, { n: 3 }],
          ]),
        ],
      ]),
    );
    expect(table.finish()).toEqual([]);
  });

  test('are cut at a length, and each can be read by itself', () => {
    const table = writer();
    let size = 0;
    for (let i = 0; i < 100_000; i++) size += table.put(i % 1000 < 500 ? 1 : 2, `key${i}`, { index: i, half: i / 2 });
    const segments = table.finish();
    expect(segments.length).toBeGreaterThan(5);
    for (const { bytes } of segments.slice(0, -1)) {
      expect(bytes.length).toBeGreaterThanOrEqual(SEGMENT_BYTES);
      expect(bytes.length).toBeLessThan(SEGMENT_BYTES + 100);
    }
    const cells = read(...segments);
    expect(cells.bytes).toBe(size);
    expect(cells.spaces.get(1)!.size + cells.spaces.get(2)!.size).toBe(100_000);
    expect(cells.spaces.get(2)!.get('key77777')).toEqual({ index: 77777, half: 38888.5 });
    const backwards = read(...segments.toReversed());
    expect(backwards.spaces.get(2)).toEqual(cells.spaces.get(2));
  });

  test('a cell that is longer than a segment stands in one', () => {
    const table = writer();
    table.put(0, 'small', 1);
    table.put(0, 'large', 'x'.repeat(5 * SEGMENT_BYTES));
    table.put(0, 'after', 2);
    const segments = table.finish();
    expect(segments).toHaveLength(2);
    expect(read(...segments).spaces.get(0)!.size).toBe(3);
  });

  test('a value that cannot be saved is named with its place', () => {
    const error = errorOf(() => writer().put(0, 'k1', { handlers: [{ socket: () => 1 }] }));
    expect(error.code).toBe('STATE_NOT_SERIALIZABLE');
    expect(error.details).toMatchObject({ where: 'operator op, table t, key "k1"', got: 'value.handlers[0].socket is function' });
  });
});

describe('damaged segments', () => {
  const table = writer();
  for (let i = 0; i < 20; i++) table.put(i % 3, `key${i}`, { a: [i, `t${i}`], b: new Map([[i, i * 1.5]]) });
  table.remove(0, 'key3');
  table.drop(1);
  const segment = table.finish()[0]!;

  function applyBytes(bytes: Uint8Array): void {
    try {
      read({ ...segment, bytes });
    } catch (error) {
      expect(['STATE_CORRUPT', 'STATE_VERSION']).toContain((error as MillraceError).code);
    }
  }

  test('are errors, or say something else; they never crash', () => {
    for (let length = 0; length < segment.bytes.length; length++) applyBytes(segment.bytes.subarray(0, length));
    fc.assert(
      fc.property(fc.nat({ max: segment.bytes.length - 1 }), fc.nat({ max: 255 }), (at, byte) => {
        const bytes = Buffer.from(segment.bytes);
        bytes[at] = byte;
        applyBytes(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  test.each<[string, number[], string]>([
    ['nothing at all', [], 'STATE_CORRUPT'],
    ['bytes of something else', [1, 2, 3, 4, 5], 'STATE_CORRUPT'],
    ['a segment of a later version', [0x4d, 0x52, 0x53, 2], 'STATE_VERSION'],
    ['a cell before a namespace', [0x4d, 0x52, 0x53, 1, 5, 5], 'STATE_CORRUPT'],
    ['a namespace that is no number', [0x4d, 0x52, 0x53, 1, 0xf1, 0xd1], 'STATE_CORRUPT'],
    ['a key that is no key', [0x4d, 0x52, 0x53, 1, 0xf1, 0, 0xd1, 0], 'STATE_CORRUPT'],
    ['an unknown operation', [0x4d, 0x52, 0x53, 1, 0xf1, 0, 0xf7], 'STATE_CORRUPT'],
  ])('%s', (_, bytes, code) => {
    const error = errorOf(() => read({ ...segment, bytes: Uint8Array.from(bytes) }));
    expect(error.code).toBe(code);
    expect(error.details.where).toContain('operator op, table t');
  });
});
