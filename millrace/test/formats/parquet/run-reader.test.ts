import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RunReader } from '../../../src/formats/parquet/run-reader.ts';

interface Run {
  packed: boolean;
  values: number[];
}

/** Encodes runs bit by bit, as the format describes them. */
function encode(runs: readonly Run[], width: number): Uint8Array {
  const bytes: number[] = [];
  const varint = (n: number) => {
    for (; n >= 0x80; n = Math.floor(n / 0x80)) bytes.push((n % 0x80) | 0x80);
    bytes.push(n);
  };
  for (const { packed, values } of runs) {
    if (!packed) {
      varint(values.length * 2);
      for (let i = 0; i < Math.ceil(width / 8); i++) bytes.push((values[0]! >>> (8 * i)) & 0xff);
      continue;
    }
    const groups = Math.ceil(values.length / 8);
    varint(groups * 2 + 1);
    const bits = Array.from({ length: groups * 8 }, (_, i) =>
      Array.from({ length: width }, (_, bit) => ((values[i] ?? 0) >>> bit) & 1),
    ).flat();
    for (let i = 0; i < bits.length; i += 8) bytes.push(bits.slice(i, i + 8).reduce((byte, bit, n) => byte | (bit << n), 0));
  }
  return Uint8Array.from(bytes);
}

const widthAndRuns = fc.integer({ min: 0, max: 32 }).chain(width => {
  const value = width === 0 ? fc.constant(0) : fc.integer({ min: 0, max: 2 ** width - 1 });
  const repeated = fc
    .record({ value, length: fc.integer({ min: 1, max: 300 }) })
    .map(({ value, length }): Run => ({ packed: false, values: new Array<number>(length).fill(value) }));
  // Only the last packed run may end inside a group of eight.
  const packed = fc
    .integer({ min: 1, max: 9 })
    .chain(groups => fc.array(value, { minLength: groups * 8, maxLength: groups * 8 }))
    .map((values): Run => ({ packed: true, values }));
  return fc.record({ width: fc.constant(width), runs: fc.array(fc.oneof(repeated, packed), { minLength: 1, maxLength: 8 }) });
});

describe('runs', () => {
  test('are read as they were written, in portions of any size', () => {
    fc.assert(
      fc.property(
        widthAndRuns,
        fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1 }),
        fc.nat(5),
        ({ width, runs }, portions, before) => {
          const values = runs.flatMap(run => run.values);
          const encoded = encode(runs, width);
          const bytes = new Uint8Array(before + encoded.length + 3).fill(0xff);
          bytes.set(encoded, before);
          const reader = new RunReader(bytes, before, before + encoded.length, width);
          const read: number[] = [];
          for (let i = 0; read.length < values.length; i++) {
            const n = Math.min(portions[i % portions.length]!, values.length - read.length);
            const out = new Int32Array(n);
            reader.read(out, n);
            read.push(...out);
          }
          expect(read).toEqual(values.map(value => value | 0));
        },
      ),
    );
  });

  test('need not be padded at the end', () => {
    const encoded = encode([{ packed: true, values: [1, 2, 3] }], 3);
    // Nine bits of the three bytes hold values.
    const reader = new RunReader(encoded, 0, encoded.length - 1, 3);
    const out = new Int32Array(3);
    reader.read(out, 3);
    expect([...out]).toEqual([1, 2, 3]);
  });

  test('that end too early are an error', () => {
    const out = new Int32Array(20);
    const packed = encode([{ packed: true, values: new Array<number>(16).fill(5) }], 3);
    expect(() => new RunReader(packed, 0, packed.length - 1, 3).read(out, 16)).toThrow(RangeError);
    expect(() => new RunReader(packed, 0, packed.length, 3).read(out, 17)).toThrow(RangeError);
    expect(() => new RunReader(Uint8Array.of(), 0, 0, 1).read(out, 1)).toThrow(RangeError);
    expect(() => new RunReader(packed, 0, packed.length + 1, 3)).toThrow(RangeError);
    expect(() => new RunReader(packed, 0, packed.length, 33)).toThrow(RangeError);
  });
});
