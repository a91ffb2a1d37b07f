import { mkdir, readFile, truncate, unlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { file } from '../../../src/connectors/file/index.ts';
import { csv } from '../../../src/formats/csv/index.ts';
import { json, jsonDocument } from '../../../src/formats/json/index.ts';
import { text } from '../../../src/formats/text/index.ts';
import type { Source } from '../../../src/spi/source.ts';
import { readAll, SourceHarness } from '../../support/source-harness.ts';
import { tempDir } from '../../support/temp-dir.ts';

const event = { type: 'object', properties: { id: { type: 'integer' }, name: { type: 'string' } }, required: ['id', 'name'] } as const;
const eventLine = (id: number) => `{"id":${id},"name":"n${id}","more":[]}\n`;
const eventLines = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => eventLine(from + i)).join('');

describe('the types of records', () => {
  test('come from the schema, the format or the name of the file', () => {
    const recordsOf = <T>(_source: Source<T>): T => undefined as T;
    expectTypeOf(recordsOf(file({ path: 'a.parquet', schema: z.object({ at: z.date() }) }))).toEqualTypeOf<{ at: Date }>();
    expectTypeOf(recordsOf(file({ path: 'a.jsonl', schema: event }))).toEqualTypeOf<{ id: number; name: string }>();
    expectTypeOf(recordsOf(file({ path: 'a.log' }))).toEqualTypeOf<string>();
    expectTypeOf(recordsOf(file({ glob: 'logs/*.txt.gz' }))).toEqualTypeOf<string>();
    expectTypeOf(recordsOf(file({ path: 'a.csv' }))).toEqualTypeOf<Record<string, string>>();
    expectTypeOf(recordsOf(file({ path: 'a', format: 'csv' }))).toEqualTypeOf<Record<string, string>>();
    expectTypeOf(recordsOf(file({ path: 'a', format: text() }))).toEqualTypeOf<string>();
    expectTypeOf(recordsOf(file({ path: 'a', format: json({ schema: event }) }))).toEqualTypeOf<{ id: number; name: string }>();
    expectTypeOf(recordsOf(file({ path: 'a.jsonl' }))).toEqualTypeOf<unknown>();
  });
});

describe('reading a file', () => {
  test('gives its records with the offsets at which they stand', async () => {
    const path = join(await tempDir(), 'events.jsonl');
    await writeFile(path, `${eventLine(1)}${eventLine(2)}`);
    const run = await readAll(file({ path, schema: event }));
    expect(run.records).toEqual([
      { value: { id: 1, name: 'n1' }, time: NaN, position: 0, split: path },
      { value: { id: 2, name: 'n2' }, time: NaN, position: eventLine(1).length, split: path },
    ]);
    expect((await readAll(file({ path: pathToFileURL(path), schema: event }))).values).toEqual(run.values);
  });

  test('chooses the format by the extension', async () => {
    const dir = await tempDir();
    const files: [string, string | Uint8Array, unknown[]][] = [
      ['a.jsonl', '{"a":1}\n', [{ a: 1 }]],
      ['a.ndjson', '{"a":1}', [{ a: 1 }]],
      ['lines.json', '{"a":1}\n{"a":2}\n', [{ a: 1 }, { a: 2 }]],
      ['array.json', '[{"a":1},\n{"a":2}]\n', [{ a: 1 }, { a: 2 }]],
      ['a.csv', 'a\n1\n', [{ a: '1' }]],
      ['a.TXT', 'x\n', ['x']],
      ['a.log', 'x\n', ['x']],
      ['b.csv.gz', gzipSync('a\n1\n'), [{ a: '1' }]],
      ['b.log.gz', Buffer.concat([gzipSync('x\n'), gzipSync('y')]), ['x', 'y']],
    ];
    for (const [name, content, expected] of files) {
      await writeFile(join(dir, name), content);
      expect((await readAll(file({ path: join(dir, name) }))).values, name).toEqual(expected);
    }
  });

  test('takes a format by name, or one with options', async () => {
    const path = join(await tempDir(), 'data');
    await writeFile(path, 'a;b\n1;2\n');
    expect((await readAll(file({ path, format: csv({ delimiter: ';' }) }))).values).toEqual([{ a: '1', b: '2' }]);
    expect((await readAll(file({ path, format: 'text' }))).values).toEqual(['a;b', '1;2']);
    expect(
      (await readAll(file({ path, format: 'csv', schema: { type: 'object', properties: { 'a;b': { type: 'string' } } } }))).values,
    ).toEqual([{ 'a;b': '1;2' }]);
  });

  test('reads an empty file as no records', async () => {
    const dir = await tempDir();
    for (const name of ['a.jsonl', 'a.json', 'a.csv', 'a.txt']) {
      await writeFile(join(dir, name), '');
      expect((await readAll(file({ path: join(dir, name) }))).records).toEqual([]);
    }
  });

  test('reads records longer than what it reads at a time', async () => {
    const path = join(await tempDir(), 'a.txt');
    const lines = [1_000_000, 10, 3_000_000, 0, 600_000, 700_000].map((length, i) => String(i).repeat(length));
    await writeFile(path, lines.join('\n'));
    const { values, records } = await readAll(file({ path, format: 'text' }));
    expect(values.map(value => value.length)).toEqual(lines.map(line => line.length));
    expect(values).toEqual(lines);
    expect(records[3]?.position).toBe(4_000_013);
  });

  test('rejects a line of 100 MB without holding it, and reads on', async () => {
    const path = join(await tempDir(), 'a.jsonl');
    const before = eventLines(0, 50);
    await writeFile(path, Buffer.concat([Buffer.from(before), Buffer.alloc(100_000_000, 'x'), Buffer.from(`\n${eventLines(50, 60)}`)]));
    const { rejects, values } = await readAll(file({ path, schema: event }));
    expect(values.map(value => value.id)).toEqual(Array.from({ length: 60 }, (_, i) => i));
    expect(rejects).toMatchObject([{ reason: 'too-large', position: before.length, split: path }]);
    expect(rejects[0]!.bytes!.length).toBeLessThan(20_000_000);
  });

  test('hands over a batch at a time', async () => {
    const path = join(await tempDir(), 'a.jsonl');
    await writeFile(path, eventLines(0, 100));
    const run = new SourceHarness(file({ path, schema: event }), { capacity: 7 });
    await run.until(() => run.records.length > 0);
    expect(run.records.length).toBe(7);
    run.paused = true;
    await run.settle();
    expect(run.records.length).toBe(7);
    run.paused = false;
    await run.finish();
    expect(run.values.map(value => value.id)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });
});

describe('real files', () => {
  const data = join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '../data');

  test('1,707 earthquakes from one GeoJSON document', async () => {
    const Quake = z.object({
      id: z.string(),
      properties: z.object({ mag: z.number().nullable(), place: z.string().nullable(), time: z.number(), updated: z.number() }),
    });
    const run = await readAll(file({ path: join(data, 'earthquakes.json'), format: jsonDocument({ path: 'features', schema: Quake }) }));
    expect(run.rejects).toEqual([]);
    expect(run.records.length).toBe(1707);
    const raw = JSON.parse(await readFile(join(data, 'earthquakes.json'), 'utf8')) as { features: { properties: { time: number } }[] };
    expect(run.values.map(quake => quake.properties.time)).toEqual(raw.features.map(feature => feature.properties.time));
  });

  test('3,376 airports from CSV', async () => {
    const number = { type: 'number' } as const;
    const Airport = {
      type: 'object',
      properties: { iata: { type: 'string' }, latitude: number, longitude: number },
      required: ['iata', 'latitude', 'longitude'],
    } as const;
    const run = await readAll(file({ path: join(data, 'airports.csv'), schema: Airport }));
    expect(run.rejects).toEqual([]);
    expect(run.records.length).toBe(3376);
    expect(run.values.find(airport => airport.iata === 'LAS')).toEqual({ iata: 'LAS', latitude: 36.08036111, longitude: -115.1523333 });
  });
});

describe('reading many files', () => {
  test('makes a split of each, in the order of their paths, without hidden ones', async () => {
    const dir = await tempDir();
    await mkdir(join(dir, 'sub.txt'));
    for (const name of ['b.txt', 'a.txt', '.hidden.txt', '.c.txt.inprogress', 'other.csv']) await writeFile(join(dir, name), `${name}\n`);
    const run = await readAll(file({ glob: join(dir, '*.txt') }));
    expect(run.splits).toEqual([join(dir, 'a.txt'), join(dir, 'b.txt')]);
    expect(run.values.map(String).toSorted((a, b) => a.localeCompare(b))).toEqual(['a.txt', 'b.txt']);
    const all = await readAll(file({ directory: dir, format: 'text' }));
    expect(all.splits).toEqual([join(dir, 'a.txt'), join(dir, 'b.txt'), join(dir, 'other.csv')]);
  });

  test('gives each file the format of its extension', async () => {
    const dir = await tempDir();
    await writeFile(join(dir, 'a.csv'), 'id,name\n1,x\n');
    await writeFile(join(dir, 'b.jsonl'), '{"id":2,"name":"y"}\n');
    const run = await readAll(file({ glob: join(dir, '*'), schema: event }));
    expect(run.values.toSorted((a, b) => a.id - b.id)).toEqual([
      { id: 1, name: 'x' },
      { id: 2, name: 'y' },
    ]);
  });

  test('holds a few of them open at a time', async () => {
    const dir = await tempDir();
    for (let i = 0; i < 40; i++) await writeFile(join(dir, `${i}.txt`), `${i}\n`);
    const source = file({ glob: join(dir, '*.txt') });
    const waiting = new SourceHarness(source);
    waiting.paused = true;
    await waiting.until(() => waiting.positions().size >= 16);
    await waiting.settle(100);
    expect(waiting.splits.length).toBe(40);
    expect(waiting.positions().size).toBe(16);
    await waiting.stop();
    const run = await readAll(source);
    expect(run.values.map(Number).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
  });
});

describe('going on at a position', () => {
  async function fileOf(name: string, content: string | Uint8Array): Promise<string> {
    const path = join(await tempDir(), name);
    await writeFile(path, content);
    return path;
  }

  const csvText = `id,name,note\n${Array.from({ length: 40 }, (_, i) => `${i},n${i},"a\nb""${i}"`).join('\n')}`;
  const documentText = JSON.stringify({ records: Array.from({ length: 40 }, (_, id) => (id % 7 === 3 ? { id } : { id, name: `n${id}` })) });

  test.each<[string, string | Uint8Array, ReturnType<typeof json> | undefined]>([
    ['a.jsonl', eventLines(0, 40) + '{"id":"x"}\n' + eventLines(40, 60), undefined],
    ['a.csv', csvText, undefined],
    ['a.csv.gz', gzipSync(csvText), undefined],
    ['a.json', JSON.stringify(Array.from({ length: 40 }, (_, id) => ({ id, name: 'n' }))), undefined],
    ['document', documentText, jsonDocument({ path: 'records', schema: event })],
    ['long lines', `${'x'.repeat(100)}\n`.repeat(30) + eventLines(0, 10), json({ schema: event, maxRecordBytes: 60 })],
  ])('reads the rest of %s, whatever was read before', async (name, content, format) => {
    const path = await fileOf(name, content);
    const source = () => (format === undefined ? file({ path, schema: event }) : file({ path, format }));
    const whole = await readAll(source());
    expect(whole.records.length).toBeGreaterThan(5);
    for (const stopAt of [0, 1, 3, Math.floor(whole.records.length / 2), whole.records.length - 1]) {
      const first = new SourceHarness(source(), { capacity: 1 });
      await first.until(() => first.positions().size > 0 && first.records.length >= stopAt);
      const positions = first.positions();
      await first.stop();
      const second = await readAll(source(), { positions, capacity: 3 });
      expect([...first.records, ...second.records]).toEqual(whole.records);
      const rejects = [...first.rejects, ...second.rejects].map(reject => reject.position);
      expect(new Set(rejects)).toEqual(new Set(whole.rejects.map(reject => reject.position)));
    }
  });

  test('reads nothing at the end', async () => {
    const path = await fileOf('a.jsonl', eventLines(0, 5));
    const whole = await readAll(file({ path }));
    expect((await readAll(file({ path }), { positions: whole.positions() })).records).toEqual([]);
  });

  test('goes back to the beginning of a line that was being skipped', async () => {
    const line = 'x'.repeat(3_000_000);
    const path = await fileOf('a.txt', `first\n${line}\nlast\n`);
    const source = () => file({ path, format: text({ maxRecordBytes: 1000 }) });
    const run = new SourceHarness(source());
    await run.until(() => run.rejects.length > 0);
    const positions = run.positions();
    await run.stop();
    expect(run.values).toEqual(['first']);
    const rest = await readAll(source(), { positions });
    expect(rest.values).toEqual(['last']);
  });

  test('holds for any file and any place', async () => {
    const dir = await tempDir();
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.string({ maxLength: 30 }).map(s => s.replace(/\n/g, ' ')),
          { minLength: 1 },
        ),
        fc.nat(),
        fc.integer({ min: 1, max: 9 }),
        async (lines, where, capacity) => {
          const path = join(dir, 'any.txt');
          await writeFile(path, lines.join('\n'));
          const whole = await readAll(file({ path }));
          const stopAt = where % (whole.records.length + 1);
          const first = new SourceHarness(file({ path }), { capacity });
          await first.until(() => first.positions().size > 0 && first.records.length >= stopAt);
          const positions = first.positions();
          await first.stop();
          const second = await readAll(file({ path }), { positions });
          expect([...first.records, ...second.records]).toEqual(whole.records);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('is refused when the file is another one', async () => {
    const path = await fileOf('a.jsonl', eventLines(0, 20));
    const run = new SourceHarness(file({ path }), { capacity: 10 });
    await run.until(() => run.records.length === 10);
    const positions = run.positions();
    await run.stop();
    await writeFile(path, eventLines(100, 130));
    await expect(readAll(file({ path }), { positions })).rejects.toThrow(expect.objectContaining({ code: 'FILE_CHANGED' }));
    await writeFile(path, '');
    await expect(readAll(file({ path }), { positions })).rejects.toThrow(expect.objectContaining({ code: 'FILE_CHANGED' }));
  });
});

describe('a file that cannot be read', () => {
  const failing = (options: Parameters<typeof file>[0], code: string) =>
    expect(readAll(file(options))).rejects.toThrow(expect.objectContaining({ code }));

  test('because it is not there', async () => {
    const dir = await tempDir();
    await failing({ path: join(dir, 'none.txt') }, 'FILE_NOT_FOUND');
    await failing({ glob: join(dir, '*.txt') }, 'FILE_NOT_FOUND');
    await failing({ directory: dir, format: 'text' }, 'FILE_NOT_FOUND');
    await failing({ directory: join(dir, 'none'), format: 'text' }, 'FILE_NOT_FOUND');
    await expect(readAll(file({ path: join(dir, 'none.txt') }))).rejects.toThrow(join(dir, 'none.txt'));
  });

  test('because it is a directory', async () => {
    const dir = await tempDir();
    await mkdir(join(dir, 'd.txt'));
    await failing({ path: join(dir, 'd.txt') }, 'FILE_READ_FAILED');
    await expect(readAll(file({ path: join(dir, 'd.txt') }))).rejects.toThrow(/a directory[^]*glob/);
  });

  test.skipIf(process.getuid?.() === 0)('because this process may not', async () => {
    const path = join(await tempDir(), 'a.txt');
    await writeFile(path, 'x', { mode: 0o000 });
    await failing({ path }, 'FILE_READ_FAILED');
  });

  test('because its format is not known', async () => {
    const dir = await tempDir();
    await writeFile(join(dir, 'a.xyz'), 'x');
    expect(() => file({ path: join(dir, 'a.xyz') })).toThrow(expect.objectContaining({ code: 'FILE_FORMAT_UNKNOWN' }));
    await failing({ glob: join(dir, '*') }, 'FILE_FORMAT_UNKNOWN');
  });

  test('because it went away between finding and opening it', async () => {
    const dir = await tempDir();
    await writeFile(join(dir, 'a.txt'), 'x');
    const source = file({ path: join(dir, 'a.txt') });
    const run = new SourceHarness({
      ...source,
      bounded: true,
      enumerate: async context => {
        await source.enumerate(context);
      },
      open: async (context, position) => {
        await unlink(join(dir, 'a.txt'));
        return source.open(context, position);
      },
    });
    await expect(run.finish()).rejects.toThrow(expect.objectContaining({ code: 'FILE_NOT_FOUND' }));
  });

  test('to its end because it was cut off meanwhile', async () => {
    const path = join(await tempDir(), 'a.txt');
    await writeFile(path, 'line\n'.repeat(1_000_000));
    const run = new SourceHarness(file({ path }));
    await run.until(() => run.records.length > 0);
    await truncate(path, 1000);
    await expect(run.finish()).rejects.toThrow(expect.objectContaining({ code: 'FILE_CHANGED' }));
  });

  test('is read to its end when it only loses its name', async () => {
    const path = join(await tempDir(), 'a.txt');
    await writeFile(path, 'line\n'.repeat(500_000));
    const run = new SourceHarness(file({ path }));
    await run.until(() => run.records.length > 0);
    await unlink(path);
    await run.finish();
    expect(run.records.length).toBe(500_000);
  });

  test('because it is no gzip file, or only the beginning of one', async () => {
    const dir = await tempDir();
    await writeFile(join(dir, 'a.txt.gz'), 'not packed');
    await failing({ path: join(dir, 'a.txt.gz') }, 'FILE_CORRUPT');
    await writeFile(join(dir, 'b.txt.gz'), gzipSync('line\n'.repeat(10_000)).subarray(0, 60));
    await failing({ path: join(dir, 'b.txt.gz') }, 'FILE_CORRUPT');
    await failing({ path: join(dir, 'c.txt.gz') }, 'FILE_NOT_FOUND');
  });
});

describe('options', () => {
  test.each<[string, () => unknown]>([
    ['no place', () => file({ format: 'text' })],
    ['two places', () => file({ path: 'a.txt', directory: 'b' })],
    ['a format with a schema beside it', () => file({ path: 'a', format: text() as never, schema: event })],
    ['a schema for text', () => file({ path: 'a.txt', schema: event })],
    ['an unknown name of a format', () => file({ path: 'a', format: 'xml' as 'csv' })],
    ['rolling without a directory', () => file({ path: 'a.txt', rollBytes: 5 })],
    ['following a packed file', () => file({ path: 'a.txt.gz', follow: true })],
    ['following a Parquet file', () => file({ path: 'a.parquet', follow: true })],
    ['a packed Parquet file', () => file({ path: 'a.parquet.gz' })],
  ])('refuse %s', (_, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
  });

  test('describe the source without reading anything', () => {
    expect(file({ path: 'a.txt' })).toMatchObject({ connector: 'file', description: 'a.txt', bounded: true });
    expect(file({ glob: 'logs/*.log', follow: true })).toMatchObject({ description: 'logs/*.log', bounded: false });
    expect(file({ directory: 'out', format: 'csv' }).description).toBe(join('out', '*'));
  });
});
