import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { text } from '../../src/formats/text/index.ts';
import type { Encoder } from '../../src/spi/format.ts';
import { decodeAll } from '../support/decode.ts';

describe('text', () => {
  test('has a record for each line, with its byte offset', () => {
    expect(decodeAll(text(), '\ufeffä\r\n\nb\rc\nlast')).toEqual({
      records: [
        { value: 'ä', position: 3 },
        { value: '', position: 7 },
        { value: 'b\rc', position: 8 },
        { value: 'last', position: 12 },
      ],
      rejects: [],
    });
  });

  test('rejects lines that are not UTF-8, but not replacement characters', () => {
    const { records, rejects } = decodeAll(text(), Buffer.from([0x61, 0x0a, 0xff, 0x0a, 0xef, 0xbf, 0xbd, 0x0a]));
    expect(records.map(r => r.value)).toEqual(['a', '\ufffd']);
    expect(rejects).toMatchObject([{ reason: 'undecodable', position: 2, message: 'the line is not UTF-8' }]);
  });

  test('rejects a line over the bound once and skips it, with or without an end', () => {
    const { records, rejects } = decodeAll(text({ maxRecordBytes: 4 }), `abcd\nabcde\nx\n${'y'.repeat(100)}`, { pieces: [3] });
    expect(records.map(r => r.value)).toEqual(['abcd', 'x']);
    expect(rejects.map(r => [r.reason, r.position])).toEqual([
      ['too-large', 5],
      ['too-large', 13],
    ]);
  });

  test('is read back as it was written, in whatever pieces it comes', () => {
    const line = fc.string({ unit: 'grapheme' }).filter(s => !/\n|\r$|^\ufeff/.test(s));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (lines, pieces) => {
        const encoder = text().encoder();
        const written = lines.map(value => encoder.encode(value)).join('');
        const { records, rejects } = decodeAll(text(), written, { pieces, padding: 0 });
        expect(rejects).toEqual([]);
        expect(records.map(r => r.value)).toEqual(lines);
        expect(records.map(r => r.position)).toEqual(
          lines.map((_, i) => Buffer.byteLength(lines.slice(0, i).join('\n')) + (i > 0 ? 1 : 0)),
        );
      }),
    );
  });

  test('writes numbers and booleans as text, and refuses what is not one line', () => {
    const encoder: Encoder<unknown> = text().encoder();
    expect([1.5, 2n ** 64n, true].map(value => encoder.encode(value))).toEqual(['1.5\n', '18446744073709551616\n', 'true\n']);
    for (const value of ['a\nb', 'a\r', {}, null, undefined]) expect(() => encoder.encode(value)).toThrow(TypeError);
  });
});
