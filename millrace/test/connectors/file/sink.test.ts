import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FileSinkOptions, fileSink } from '../../../src/connectors/file/sink.ts';
import { csv } from '../../../src/formats/csv/index.ts';
import { json } from '../../../src/formats/json/index.ts';
import { text } from '../../../src/formats/text/index.ts';
import type { Format } from '../../../src/spi/format.ts';
import { ManualEnvironment } from '../../support/manual-environment.ts';
import { readParquet } from '../../support/parquet-files.ts';
import { SinkHarness, writeAll } from '../../support/sink-harness.ts';
import { tempDir } from '../../support/temp-dir.ts';

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, i) => ({ n: from + i }));
const linesOf = (content: string) =>
  content
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line) as unknown);

async function contents(directory: string): Promise<Record<string, string>> {
  const names = (await readdir(directory)).sort();
  return Object.fromEntries(await Promise.all(names.map(async name => [name, await readFile(join(directory, name), 'utf8')])));
}

describe('one file', () => {
  test('is there with all records once the sink is closed, and not before', async () => {
    const dir = await tempDir();
    const path = join(dir, 'deep', 'er', 'out.jsonl');
    const run = await SinkHarness.open(fileSink({ path, format: json() }));
    await run.write(numbers(3));
    await run.flush();
    expect(await contents(join(dir, 'deep', 'er'))).toEqual({ '.out.jsonl.inprogress': '{"n":0}\n{"n":1}\n{"n":2}\n' });
    await run.write(numbers(1, 3));
    await run.close();
    expect(await contents(join(dir, 'deep', 'er'))).toEqual({ 'out.jsonl': '{"n":0}\n{"n":1}\n{"n":2}\n{"n":3}\n' });
  });

  test('replaces the file of that name, and what a run that failed has left', async () => {
    const dir = await tempDir();
    await writeFile(join(dir, 'out.jsonl'), 'old\n');
    await writeFile(join(dir, '.out.jsonl.inprogress'), 'left over\n');
    const run = await SinkHarness.open(fileSink({ path: join(dir, 'out.jsonl'), format: json() }));
    await run.write(numbers(1));
    expect(await readFile(join(dir, 'out.jsonl'), 'utf8')).toBe('old\n');
    await run.close();
    expect(await contents(dir)).toEqual({ 'out.jsonl': '{"n":0}\n' });
  });

  test('stays as it was when the pipeline fails, and what was written stays under its name of work', async () => {
    const dir = await tempDir();
    await writeFile(join(dir, 'out.jsonl'), 'old\n');
    const run = await SinkHarness.open(fileSink({ path: join(dir, 'out.jsonl'), format: json() }));
    await run.write(numbers(1));
    await run.flush();
    await run.write(numbers(1, 1));
    await run.close('failed');
    expect(await contents(dir)).toEqual({ '.out.jsonl.inprogress': '{"n":0}\n', 'out.jsonl': 'old\n' });
  });

  test('is empty without records, but for a header that is known', async () => {
    const dir = await tempDir();
    const empty: [string, Format<unknown> | 'parquet'][] = [
      ['a.jsonl', json()],
      ['a.csv', csv()],
      ['b.csv', csv({ columns: ['x', 'y'], header: true })],
      ['a.txt', text()],
      ['a.parquet', 'parquet'],
    ];
    for (const [name, format] of empty) await writeAll(fileSink({ path: join(dir, name), format }), []);
    expect((await readParquet(join(dir, 'a.parquet'))).values).toEqual([]);
    await rm(join(dir, 'a.parquet'));
    expect(await contents(dir)).toEqual({ 'a.csv': '', 'a.jsonl': '', 'a.txt': '', 'b.csv': 'x,y\n' });
  });

  test('has the form that its format gives it', async () => {
    const dir = await tempDir();
    await writeAll(fileSink({ path: join(dir, 'a.csv'), format: csv() }), [
      { a: 1, b: 'x,y' },
      { a: 2, b: 'ż' },
    ]);
    await writeAll(fileSink({ path: join(dir, 'a.txt'), format: text() }), ['one', 'two']);
    expect(await contents(dir)).toEqual({ 'a.csv': 'a,b\n1,"x,y"\n2,ż\n', 'a.txt': 'one\ntwo\n' });
    const rows = numbers(3000).map(({ n }) => ({ n, at: new Date(n), window: { start: n } }));
    await writeAll(fileSink({ path: join(dir, 'a.parquet'), format: 'parquet' }), rows);
    expect((await readParquet(join(dir, 'a.parquet'))).values).toEqual(rows);
  });

  test('is packed when its name says so', async () => {
    const dir = await tempDir();
    const run = await SinkHarness.open(fileSink({ path: join(dir, 'out.jsonl.gz'), format: json() }));
    await run.write(numbers(50_000));
    await run.flush();
    await run.write(numbers(50_000, 50_000));
    await run.close();
    const packed = await readFile(join(dir, 'out.jsonl.gz'));
    expect(linesOf(gunzipSync(packed).toString())).toEqual(numbers(100_000));
    await writeAll(fileSink({ path: join(dir, 'empty.jsonl.gz'), format: json() }), []);
    expect(gunzipSync(await readFile(join(dir, 'empty.jsonl.gz'))).length).toBe(0);
    const failed = await SinkHarness.open(fileSink({ path: join(dir, 'failed.jsonl.gz'), format: json() }));
    await failed.write(numbers(10));
    await failed.close('failed');
    expect((await readdir(dir)).sort()).toEqual(['.failed.jsonl.gz.inprogress', 'empty.jsonl.gz', 'out.jsonl.gz']);
  });

  test('is what a link leads to, and a device is written as it is', async () => {
    const dir = await tempDir();
    await mkdir(join(dir, 'elsewhere'));
    await writeFile(join(dir, 'elsewhere', 'real.jsonl'), 'old\n');
    await symlink(join('elsewhere', 'real.jsonl'), join(dir, 'out.jsonl'));
    await writeAll(fileSink({ path: join(dir, 'out.jsonl'), format: json() }), numbers(1));
    expect(await readdir(join(dir, 'elsewhere'))).toEqual(['real.jsonl']);
    expect(await readFile(join(dir, 'elsewhere', 'real.jsonl'), 'utf8')).toBe('{"n":0}\n');
    await writeAll(fileSink({ path: '/dev/null', format: json() }), numbers(1));
    expect(existsSync('/dev/.null.inprogress')).toBe(false);
  });

  test('is not published by a run whose place another one has taken', async () => {
    const path = join(await tempDir(), 'out.jsonl');
    const first = await SinkHarness.open(fileSink({ path, format: json() }));
    const second = await SinkHarness.open(fileSink({ path, format: json() }));
    await first.write(numbers(1));
    await second.write(numbers(1, 7));
    await second.flush();
    await expect(first.close()).rejects.toMatchObject({
      code: 'FILE_WRITE_FAILED',
      details: { expected: 'to be the only one that writes the file' },
    });
    expect(existsSync(path)).toBe(false);
    await second.close();
    expect(await readFile(path, 'utf8')).toBe('{"n":7}\n');
  });
});

describe('files in a directory', () => {
  test('are begun with the first record', async () => {
    const directory = join(await tempDir(), 'out');
    await writeAll(fileSink({ directory, format: json() }), []);
    expect(await readdir(directory)).toEqual([]);
    await writeAll(fileSink({ directory, format: json() }), numbers(2));
    expect(await contents(directory)).toEqual({ 'part-00000.jsonl': '{"n":0}\n{"n":1}\n' });
  });

  test('roll by size', async () => {
    const directory = await tempDir();
    await writeAll(fileSink({ directory, format: json(), rollBytes: 20, prefix: 'n' }), numbers(7), { capacity: 5 });
    expect(await contents(directory)).toEqual({
      'n-00000.jsonl': '{"n":0}\n{"n":1}\n{"n":2}\n',
      'n-00001.jsonl': '{"n":3}\n{"n":4}\n{"n":5}\n',
      'n-00002.jsonl': '{"n":6}\n',
    });
  });

  test('roll by size as Parquet, each with types of its own', async () => {
    const directory = await tempDir();
    const rows = [...numbers(1000), ...numbers(1000).map(({ n }) => ({ n: n + 0.5 }))];
    const run = await writeAll(fileSink({ directory, format: 'parquet', rollBytes: 8000 }), rows);
    expect(run.rejects).toEqual([]);
    const names = (await readdir(directory)).sort();
    expect(names).toEqual(['part-00000.parquet', 'part-00001.parquet']);
    expect((await Promise.all(names.map(name => readParquet(join(directory, name))))).flatMap(({ values }) => values)).toEqual(rows);
  });

  test('roll by time, also when no record comes', async () => {
    const directory = await tempDir();
    const environment = new ManualEnvironment(1_000_000);
    const run = await SinkHarness.open(fileSink({ directory, format: json(), rollInterval: '1m' }), { environment });
    environment.advance(90_000);
    await run.write(numbers(1));
    environment.advance(59_999);
    await run.write(numbers(1, 1));
    expect(await readdir(directory)).not.toContain('part-00000.jsonl');
    environment.advance(1);
    await run.flush();
    expect(await contents(directory)).toEqual({ 'part-00000.jsonl': '{"n":0}\n{"n":1}\n' });
    environment.advance(120_000);
    await run.write(numbers(1, 2));
    environment.advance(60_000);
    await run.flush();
    expect(await contents(directory)).toEqual({ 'part-00000.jsonl': '{"n":0}\n{"n":1}\n', 'part-00001.jsonl': '{"n":2}\n' });
    await run.close();
    expect(environment.pending).toBe(0);
    expect((await readdir(directory)).length).toBe(2);
  });

  test('go on after those that are there, and leave those of others alone', async () => {
    const directory = await tempDir();
    for (const name of [
      'part-00007.jsonl',
      '.part-00011.jsonl.inprogress',
      'part-00099.csv',
      'other-00050.jsonl',
      'part-x.jsonl',
      'part-00012345.jsonl.bak',
    ]) {
      await writeFile(join(directory, name), 'theirs\n');
    }
    await writeAll(fileSink({ directory, format: json(), rollBytes: 8 }), numbers(2));
    const { 'part-00012.jsonl': first, 'part-00013.jsonl': second, ...others } = await contents(directory);
    expect([first, second]).toEqual(['{"n":0}\n', '{"n":1}\n']);
    expect(Object.keys(others).length).toBe(6);
    expect(new Set(Object.values(others))).toEqual(new Set(['theirs\n']));
  });

  test('do not replace one that appears under their name', async () => {
    const directory = await tempDir();
    const run = await SinkHarness.open(fileSink({ directory, format: json() }));
    await run.write(numbers(1));
    await run.flush();
    await writeFile(join(directory, 'part-00000.jsonl'), 'theirs\n');
    await writeFile(join(directory, 'part-00001.jsonl'), 'theirs\n');
    await run.close();
    expect(await contents(directory)).toEqual({
      'part-00000.jsonl': 'theirs\n',
      'part-00001.jsonl': 'theirs\n',
      'part-00002.jsonl': '{"n":0}\n',
    });
  });

  test('may be written by several sinks at once', async () => {
    const directory = await tempDir();
    const batches = Array.from({ length: 6 }, (_, sink) => numbers(40, sink * 1000));
    await Promise.all(batches.map(records => writeAll(fileSink({ directory, format: json(), rollBytes: 16 }), records, { capacity: 3 })));
    const written = Object.values(await contents(directory)).map(linesOf);
    expect(written.flat().length).toBe(240);
    expect(new Set(written.flat().map(record => (record as { n: number }).n))).toEqual(new Set(batches.flat().map(({ n }) => n)));
  });

  test('that were published stay when the pipeline fails', async () => {
    const directory = await tempDir();
    const run = await SinkHarness.open(fileSink({ directory, format: json(), rollBytes: 16 }));
    await run.write(numbers(3));
    await run.flush();
    await run.close('failed');
    expect(await contents(directory)).toEqual({ '.part-00001.jsonl.inprogress': '{"n":2}\n', 'part-00000.jsonl': '{"n":0}\n{"n":1}\n' });
  });
});

describe('any records', () => {
  const format = fc.constantFrom<[Format<unknown> | 'parquet', (path: string) => Promise<unknown[]>]>(
    [json(), async path => linesOf(await readFile(path, 'utf8'))],
    ['parquet', async path => (await readParquet(path)).values],
  );

  test('are in the files, in their order', async () => {
    await fc.assert(
      fc.asyncProperty(
        format,
        fc.array(fc.array(fc.record({ n: fc.integer().map(n => n + 0), text: fc.string({ unit: 'grapheme' }) }), { maxLength: 30 }), {
          maxLength: 6,
        }),
        fc.integer({ min: 1, max: 600 }),
        fc.boolean(),
        async ([as, read], batches, rollBytes, flushes) => {
          const directory = await tempDir();
          const run = await SinkHarness.open(fileSink({ directory, format: as, rollBytes }));
          for (const records of batches) {
            await run.write(records);
            if (flushes) await run.flush();
          }
          await run.close();
          expect(run.rejects).toEqual([]);
          const names = (await readdir(directory)).sort();
          const written = await Promise.all(names.map(name => read(join(directory, name))));
          expect(written.flat()).toEqual(batches.flat());
          expect(written.every(records => records.length > 0)).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('a record that has no form', () => {
  test('is refused, and the file is as if it had not come', async () => {
    const dir = await tempDir();
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const lines = await writeAll(fileSink({ path: join(dir, 'a.jsonl'), format: json() }), [cycle, { n: 1 }, () => 1, { n: 2 }]);
    expect(lines.rejects).toMatchObject([
      { reason: 'refused', value: cycle },
      { reason: 'refused', message: 'JSON has no form for a function' },
    ]);
    // The header is not that of the first record, which is refused.
    const rows = await writeAll(fileSink({ path: join(dir, 'a.csv'), format: csv() }), [{ x: Symbol('s') }, { a: 1 }, { b: 2 }]);
    expect(rows.rejects.length).toBe(2);
    expect(await contents(dir)).toEqual({ 'a.csv': 'a\n1\n', 'a.jsonl': '{"n":1}\n{"n":2}\n' });
    const columns = await writeAll(fileSink({ path: join(dir, 'a.parquet'), format: 'parquet' }), ['x', { n: 1 }]);
    expect(columns.rejects).toMatchObject([{ reason: 'refused', message: 'a row of Parquet is made of an object, got "x"', value: 'x' }]);
    expect((await readParquet(join(dir, 'a.parquet'))).values).toEqual([{ n: 1 }]);
  });

  test('makes no file in a directory', async () => {
    const directory = await tempDir();
    const run = await writeAll(fileSink({ directory, format: text(), rollInterval: '1s' }), [{ not: 'text' }]);
    expect(run.rejects.length).toBe(1);
    expect(await readdir(directory)).toEqual([]);
  });
});

describe('the upstream', () => {
  test('is held back while more than a few megabytes are to be written', async () => {
    const path = join(await tempDir(), 'out.jsonl');
    const run = await SinkHarness.open(fileSink({ path, format: json() }), { capacity: 10 });
    const records = Array.from({ length: 200 }, (_, n) => ({ n, text: 'x'.repeat(100_000) }));
    await run.write(records.slice(0, 10));
    expect(run.heldBack).toBe(0);
    await run.write(records.slice(10));
    expect(run.heldBack).toBeGreaterThan(0);
    await run.close();
    expect(linesOf(await readFile(path, 'utf8'))).toEqual(records);
  });

  test('is held back while a file is published', async () => {
    const directory = await tempDir();
    const run = await SinkHarness.open(fileSink({ directory, format: json(), rollBytes: 8 }), { capacity: 1 });
    await run.write(numbers(3));
    expect(run.heldBack).toBe(3);
    await run.close();
  });
});

describe('what cannot be written', () => {
  const failure = (options: FileSinkOptions) => writeAll(fileSink(options), numbers(10));

  test('is told before the first record where that is possible', async () => {
    const dir = await tempDir();
    await writeFile(join(dir, 'file'), '');
    await expect(SinkHarness.open(fileSink({ path: dir, format: json() }))).rejects.toMatchObject({
      code: 'FILE_WRITE_FAILED',
      details: { where: dir, expected: 'a file', got: 'a directory', hint: expect.stringContaining('{ directory }') },
    });
    for (const options of [
      { path: join(dir, 'file', 'out.jsonl') },
      { path: join(dir, 'file', 'deeper', 'out.jsonl') },
      { directory: join(dir, 'file') },
    ]) {
      await expect(SinkHarness.open(fileSink({ ...options, format: json() }))).rejects.toMatchObject({
        code: 'FILE_WRITE_FAILED',
        details: { expected: 'a directory' },
      });
    }
    await expect(failure({ path: join(dir, `${'x'.repeat(300)}.jsonl`), format: json() })).rejects.toMatchObject({
      code: 'FILE_WRITE_FAILED',
    });
  });

  test.skipIf(process.getuid === undefined || process.getuid() === 0)('may be forbidden (root may do all)', async () => {
    const dir = await tempDir();
    await chmod(dir, 0o500);
    await expect(failure({ path: join(dir, 'out.jsonl'), format: json() })).rejects.toMatchObject({
      code: 'FILE_WRITE_FAILED',
      details: { hint: expect.stringContaining('right') },
    });
    await expect(failure({ directory: dir, format: json() })).rejects.toMatchObject({ code: 'FILE_WRITE_FAILED' });
    await chmod(dir, 0o700);
  });

  test.skipIf(!existsSync('/dev/full'))('may lack room (needs /dev/full)', async () => {
    for (const format of [json(), 'parquet'] as const) {
      await expect(failure({ path: '/dev/full', format })).rejects.toMatchObject({
        code: 'FILE_WRITE_FAILED',
        details: { where: '/dev/full', hint: expect.stringContaining('full') },
      });
    }
    const run = await SinkHarness.open(fileSink({ path: '/dev/full', format: json() }));
    await run.write(numbers(1));
    await expect(run.flush()).rejects.toMatchObject({ code: 'FILE_WRITE_FAILED' });
    // It stays so.
    await expect(run.write(numbers(1))).rejects.toMatchObject({ code: 'FILE_WRITE_FAILED' });
    await expect(run.close()).rejects.toMatchObject({ code: 'FILE_WRITE_FAILED' });
  });

  test('is not published after bytes that are missing', async () => {
    const directory = join(await tempDir(), 'out');
    const run = await SinkHarness.open(fileSink({ directory, format: json() }));
    await rm(directory, { recursive: true });
    await writeFile(directory, 'a file');
    await run.write(numbers(1));
    await expect(run.flush()).rejects.toMatchObject({ code: 'FILE_WRITE_FAILED' });
    await rm(directory);
    await expect(run.close()).rejects.toMatchObject({ code: 'FILE_WRITE_FAILED' });
    expect(existsSync(directory)).toBe(false);
  });
});

describe('options', () => {
  const cases: [string, Partial<FileSinkOptions>][] = [
    ['neither path nor directory', {}],
    ['both', { path: 'a', directory: 'b' }],
    ['an empty path', { path: '' }],
    ['a path that ends like a directory', { path: 'out/' }],
    ['a packed Parquet file', { path: 'a.parquet.gz', format: 'parquet' }],
    ['rolling of one file', { path: 'a', rollBytes: 5 }],
    ['rolling of one file by time', { path: 'a', rollInterval: '1s' }],
    ['a prefix of one file', { path: 'a', prefix: 'b' }],
    ['files of no bytes', { directory: 'a', rollBytes: 0 }],
    ['files of NaN bytes', { directory: 'a', rollBytes: NaN }],
    ['files of no time', { directory: 'a', rollInterval: 0 }],
    ['a prefix with a slash', { directory: 'a', prefix: 'b/c' }],
    ['a hidden prefix', { directory: 'a', prefix: '.b' }],
  ];
  test.each(cases)('%s are refused', (_, options) => {
    expect(() => fileSink({ format: json(), ...options })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
  });

  test('show in the plan', () => {
    expect(fileSink({ path: 'out/a.jsonl', format: json() })).toMatchObject({
      connector: 'file',
      description: 'out/a.jsonl',
      accepts: ['append', 'upsert'],
    });
    expect(fileSink({ directory: 'out/', format: json() })).toMatchObject({ description: 'out/' });
  });
});
