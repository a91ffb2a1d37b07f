import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEPTH_MAX, SHAPES_MAX } from '../../src/state/codec/format.ts';
import { ShapeTree } from '../../src/state/codec/shape-tree.ts';
import { unserializablePath } from '../../src/state/codec/unserializable-path.ts';
import { MalformedError, ValueReader } from '../../src/state/codec/value-reader.ts';
import { UnserializableError, ValueWriter } from '../../src/state/codec/value-writer.ts';
import { sameValue } from '../support/same-value.ts';

const shapes = new ShapeTree();

function encode(...values: unknown[]): Buffer {
  const writer = new ValueWriter();
  writer.reset(shapes);
  for (const value of values) writer.write(value);
  return Buffer.from(writer.bytes.subarray(0, writer.length));
}

const reader = new ValueReader();

function decode(bytes: Uint8Array): unknown[] {
  reader.reset(bytes);
  const values: unknown[] = [];
  while (!reader.atEnd) values.push(reader.read());
  return values;
}

function expectKept(...values: unknown[]): void {
  const kept = decode(encode(...values));
  expect(sameValue(kept, values), `${inspect(values)} became ${inspect(kept)}`).toBe(true);
}

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme', minLength: 60, maxLength: 80 }),
  loneSurrogates(),
);

function loneSurrogates() {
  return fc.array(fc.integer({ min: 0xd7ff, max: 0xe000 }), { maxLength: 70 }).map(codes => String.fromCharCode(...codes));
}

const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(
    -0,
    0,
    127,
    128,
    -128,
    -129,
    32767,
    32768,
    -32768,
    -32769,
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    -(2 ** 31) - 1,
    2 ** 48 - 1,
    2 ** 48,
  ),
);

const binary = fc.tuple(
  fc.uint8Array({ maxLength: 40 }).map(bytes => bytes.slice(0, bytes.length - (bytes.length % 8))),
  fc.constantFrom<(b: ArrayBuffer) => unknown>(
    b => b,
    b => new DataView(b),
    b => Buffer.from(b),
    b => new Uint8Array(b),
    b => new Int8Array(b),
    b => new Uint8ClampedArray(b),
    b => new Int16Array(b),
    b => new Uint16Array(b),
    b => new Int32Array(b),
    b => new Uint32Array(b),
    b => new Float32Array(b),
    b => new Float64Array(b),
    b => new BigInt64Array(b),
    b => new BigUint64Array(b),
    b => new Uint8Array(b).subarray(Math.min(3, b.byteLength)),
  ),
);

const { value } = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    text,
    number,
    fc.boolean(),
    fc.constantFrom(undefined, null),
    fc.bigInt(),
    fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
    fc.date({ noInvalidDate: false }),
    binary.map(([bytes, make]) => make(bytes.buffer)),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(fc.oneof(fc.constantFrom('a', 'b', '1', '__proto__', 'constructor', ''), text), tie('value'), { maxKeys: 6 }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 5 }).map(entries => new Map(entries)),
    fc.array(tie('value'), { maxLength: 5 }).map(entries => new Set(entries)),
  ),
}));

describe('values of plain data', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 5 }), values => expectKept(...values)),
      { numRuns: 1000 },
    );
  });

  test('numbers, exactly', () => {
    fc.assert(fc.property(number, n => expectKept(n)));
    expectKept(NaN, Infinity, -Infinity, 5e-324, Number.MAX_VALUE, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER);
  });

  test('texts of every length around those that are written differently', () => {
    for (const unit of ['x', 'ÿ', 'Ā', '😀', '\ud800', '\udc00']) {
      for (const length of [0, 1, 30, 31, 32, 63, 64, 65, 127, 128, 5000]) expectKept(unit.repeat(length));
    }
  });

  test('arrays; their holes become undefined', () => {
    for (const length of [0, 15, 16, 127, 128, 1000]) expectKept(Array.from({ length }, (_, i) => i));
    const holes: number[] = [1];
    holes[2] = 3;
    expect(decode(encode(holes))).toStrictEqual([[1, undefined, 3]]);
  });

  test('objects without a prototype, which become plain ones', () => {
    expect(decode(encode(Object.assign(Object.create(null), { a: 1 })))).toStrictEqual([{ a: 1 }]);
  });

  test('field names keep their order, and a field named __proto__ is one', () => {
    const object = JSON.parse('{"b":1,"__proto__":{"x":2},"a":3}') as object;
    const [kept] = decode(encode(object));
    expect(Object.keys(kept as object)).toEqual(['b', '__proto__', 'a']);
    expect(Object.getPrototypeOf(kept)).toBe(Object.prototype);
    expectKept(object);
  });

  test('objects of one shape after so many that the reader generates code for them', () => {
    const objects = Array.from({ length: 3000 }, (_, i) => JSON.parse(`{"id":${i},"__proto__":"p${i}","1":[${i}],"a b":null}`) as object);
    expectKept(...objects);
    expectKept(...objects.slice(0, 5));
  });

  test('more shapes than are numbered, and objects with a great many fields', () => {
    expectKept(...Array.from({ length: 3 * SHAPES_MAX }, (_, i) => ({ [`field${i}`]: i, common: { x: i } })));
    expectKept(...Array.from({ length: 3 }, () => Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`f${i}`, i]))));
    // The tree of shapes was full, and begins anew.
    expectKept({ a: 1 }, { a: 2 });
  });

  test('names of inherited fields are left out', () => {
    Object.defineProperty(Object.prototype, 'polluted', { value: 1, enumerable: true, configurable: true });
    let names: string[][];
    try {
      names = decode(encode({ a: 1 }, { a: 2 })).map(object => Object.keys(object as object));
    } finally {
      delete (Object.prototype as { polluted?: unknown }).polluted;
    }
    expect(names).toEqual([['a'], ['a']]);
  });

  test('as deep as the limit', () => {
    let deep: unknown = 'bottom';
    for (let i = 0; i < DEPTH_MAX; i++) deep = i % 2 === 0 ? [deep] : { deep };
    expectKept(deep);
    expect(() => encode([deep])).toThrow(UnserializableError);
  });

  test('small things take little room', () => {
    expect(encode(5)).toHaveLength(1);
    expect(encode(-100)).toHaveLength(2);
    expect(encode(1_700_000_000_000)).toHaveLength(7);
    expect(encode('key12')).toHaveLength(6);
    const [first, both] = [encode({ a0: 1, a1: 2 }), encode({ a0: 1, a1: 2 }, { a0: 3, a1: 4 })];
    expect(both.length - first.length).toBe(3);
  });
});

describe('what is no plain data', () => {
  class Point {
    x = 1;
  }

  test.each<[unknown, string]>([
    [() => 1, 'function'],
    [Symbol('s'), 'symbol'],
    [new Point(), 'an instance of Point'],
    [new (class extends Map {})(), 'an object with a prototype'],
    [/x/, 'an instance of RegExp'],
    [new Error('e'), 'an instance of Error'],
    [Promise.resolve(), 'an instance of Promise'],
    [new SharedArrayBuffer(8), 'an instance of SharedArrayBuffer'],
    [Object(1), 'an instance of Number'],
  ])('%s is refused', (thing, got) => {
    expect(() => encode({ thing })).toThrow(new UnserializableError(got));
  });

  test('a value that contains itself is refused, and the writer is of use again', () => {
    const loop: unknown[] = [];
    loop.push({ loop });
    const writer = new ValueWriter();
    expect(() => writer.write(loop)).toThrow('contains itself');
    writer.reset(shapes);
    expect(() => writer.write([[[]]])).not.toThrow();
  });

  test('is found', () => {
    const f = () => 1;
    const loop: { next?: unknown } = {};
    loop.next = loop;
    expect(unserializablePath(f)).toBe('');
    expect(unserializablePath({ a: [1, { 'b c': new Map([['k', new Set([f])]]) }] })).toBe('.a[1]["b c"].get("k").values()');
    expect(unserializablePath(new Map([[{ f }, 1]]))).toBe('.keys().f');
    expect(unserializablePath(loop)).toMatch(/^(\.next)+$/);
  });
});

describe('malformed bytes', () => {
  function decodeOrMalformed(bytes: Uint8Array): void {
    try {
      decode(bytes);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
    }
  }

  test('are told from values, or read as some other value', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 5 }), fc.nat(), fc.nat({ max: 255 }), (values, place, byte) => {
        const bytes = encode(...values);
        const at = place % bytes.length;
        decodeOrMalformed(bytes.subarray(0, at));
        const flipped = Buffer.from(bytes);
        flipped[at] = byte;
        decodeOrMalformed(flipped);
      }),
      { numRuns: 3000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), decodeOrMalformed), { numRuns: 3000 });
  });

  test('do not make the reader take room for what cannot be there, or run out of stack', () => {
    for (const tag of [0xd9, 0xda, 0xdb, 0xdc, 0xde, 0xdf, 0xe0, 0xe1, 0xe4, 0xe6])
      expect(() => decode(Uint8Array.of(tag, 0xff, 0xff, 0xff, 0xff, 0x0f))).toThrow(MalformedError);
    expect(() => decode(new Uint8Array(200_000).fill(0xc1))).toThrow('nested too deep');
    expect(() => decode(new Uint8Array(9).fill(0xff))).toThrow(MalformedError);
  });

  test('a text that ends too early', () => {
    expect(() => decode(encode('hello').subarray(0, 3))).toThrow('ends too early');
  });
});
