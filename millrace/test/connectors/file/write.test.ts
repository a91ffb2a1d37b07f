import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { file, type FileOptions } from '../../../src/connectors/file/index.ts';
import { csv } from '../../../src/formats/csv/index.ts';
import { SinkHarness, writeAll } from '../../support/sink-harness.ts';
import { readAll } from '../../support/source-harness.ts';
import { tempDir } from '../../support/temp-dir.ts';

const delays = [
  { key: 'LAS', window: { start: 0, end: 10 }, mean: 1.5, none: null },
  { key: 'S"F', window: { start: 10, end: 20 }, mean: -2, none: null },
];

describe('writing a file', () => {
  test.each<[string, FileOptions, string]>([
    ['a.jsonl', {}, `${JSON.stringify(delays[0])}\n${JSON.stringify(delays[1])}\n`],
    ['a.ndjson', {}, `${JSON.stringify(delays[0])}\n${JSON.stringify(delays[1])}\n`],
    ['a.csv', {}, 'key,window.start,window.end,mean,none\nLAS,0,10,1.5,\n"S""F",10,20,-2,\n'],
    ['a.txt', { format: csv({ delimiter: ';', columns: ['mean', 'key'] }) }, '1.5;LAS\n-2;"S""F"\n'],
  ])('%s makes the text of its format', async (name, options, expected) => {
    const path = join(await tempDir(), 'new', name);
    const run = await writeAll(file({ path, ...options }), delays, { capacity: 1 });
    expect(run.rejects).toEqual([]);
    expect(await readFile(path, 'utf8')).toBe(expected);
  });

  test('gives what reading gives back', async () => {
    const dir = await tempDir();
    const records = Array.from({ length: 3_000 }, (_, i) => ({ id: i, name: `n${i % 7}`, share: i / 8, even: i % 2 === 0 }));
    const schema = {
      type: 'object',
      properties: { id: { type: 'integer' }, name: { type: 'string' }, share: { type: 'number' }, even: { type: 'boolean' } },
      required: ['id', 'name', 'share', 'even'],
    } as const;
    for (const name of ['a.jsonl', 'a.csv', 'a.json', 'a.parquet', 'a.csv.gz']) {
      const path = join(dir, name);
      await writeAll(file({ path }), records);
      expect((await readAll(file({ path, schema }))).values, name).toEqual(records);
    }
    await writeAll(file({ directory: join(dir, 'many'), format: 'json', rollBytes: 10_000 }), records, { capacity: 100 });
    expect((await readdir(join(dir, 'many'))).length).toBeGreaterThan(5);
    const many = await readAll(file({ directory: join(dir, 'many'), schema }));
    expect(many.values.toSorted((a, b) => a.id - b.id)).toEqual(records);
  });

  test('shows nothing before it is complete, and then replaces what was there', async () => {
    const path = join(await tempDir(), 'a.txt');
    await writeFile(path, 'before');
    const run = await SinkHarness.open(file({ path }));
    await run.write(['after']);
    await run.flush();
    expect(await readFile(path, 'utf8')).toBe('before');
    await run.close('failed');
    expect(await readFile(path, 'utf8')).toBe('before');
    await writeAll(file({ path }), ['after']);
    expect(await readFile(path, 'utf8')).toBe('after\n');
  });

  test('rejects what the format cannot hold, and writes the rest', async () => {
    const path = join(await tempDir(), 'a.jsonl');
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    const run = await writeAll<unknown>(file({ path }), [{ big: 2n ** 60n }, cycle, undefined, { ok: true }]);
    expect(run.rejects.map(reject => [reject.reason, reject.value])).toEqual([
      ['refused', cycle],
      ['refused', undefined],
    ]);
    expect(await readFile(path, 'utf8')).toBe('{"big":1152921504606846976}\n{"ok":true}\n');
  });

  test('needs a place and a format', async () => {
    const dir = await tempDir();
    await mkdir(join(dir, 'd.txt'));
    const failing = (options: FileOptions, code: string) =>
      expect(SinkHarness.open(file(options))).rejects.toThrow(expect.objectContaining({ code }));
    await failing({ glob: join(dir, '*.txt') }, 'OPTION_INVALID');
    await failing({ directory: dir }, 'FILE_FORMAT_UNKNOWN');
    await failing({ directory: dir, format: 'json', rollBytes: 0 }, 'OPTION_INVALID');
    await failing({ path: join(dir, 'd.txt') }, 'FILE_WRITE_FAILED');
  });
});
