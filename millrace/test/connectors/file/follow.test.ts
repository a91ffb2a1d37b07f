import { appendFile, copyFile, mkdir, rename, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { file, type FileOptions } from '../../../src/connectors/file/index.ts';
import { text } from '../../../src/formats/text/index.ts';
import { ManualEnvironment } from '../../support/manual-environment.ts';
import { SourceHarness } from '../../support/source-harness.ts';
import { tempDir } from '../../support/temp-dir.ts';
import type { Json } from '../../../src/types/json.ts';

/** A source that follows files, on a clock that moves a little with each look, so that it looks again and again. */
class Following {
  readonly environment = new ManualEnvironment();
  readonly run: SourceHarness<unknown>;

  constructor(options: FileOptions, positions?: ReadonlyMap<string, Json>) {
    this.run = new SourceHarness(file({ ...options, follow: true }), { environment: this.environment, ...(positions && { positions }) });
  }

  get values(): unknown[] {
    return this.run.values;
  }

  async until(condition: () => boolean): Promise<void> {
    await this.run.until(() => {
      this.environment.advance(50);
      return condition();
    });
  }

  /** Waits for these records, and sees that no others come for some time. */
  async expectValues(expected: readonly unknown[]): Promise<void> {
    await this.until(() => this.values.length >= expected.length);
    const end = this.environment.now + 5_000;
    await this.until(() => this.environment.now > end);
    expect(this.values).toEqual(expected);
  }
}

describe('following a file', () => {
  test('reads what is there and what is added, a line when it is whole', async () => {
    const path = join(await tempDir(), 'a.log');
    await writeFile(path, 'one\ntwo\nthr');
    const following = new Following({ path });
    await following.expectValues(['one', 'two']);
    await appendFile(path, 'ee\nfour\n');
    await following.expectValues(['one', 'two', 'three', 'four']);
    expect(following.run.records.map(record => record.position)).toEqual([0, 4, 8, 14]);
    await following.run.stop();
  });

  test('waits for a file that is not there yet', async () => {
    const path = join(await tempDir(), 'later', 'a.log');
    const following = new Following({ path });
    await following.until(() => following.run.splits.length > 0);
    expect(following.run.splits).toEqual([path]);
    await following.expectValues([]);
    await mkdir(join(path, '..'));
    await writeFile(path, 'one\n');
    await following.expectValues(['one']);
    await following.run.stop();
  });

  test('goes on through renaming and making anew, with nothing lost that comes late to the old file', async () => {
    const dir = await tempDir();
    const path = join(dir, 'a.log');
    await writeFile(path, 'one\n');
    const following = new Following({ path });
    await following.expectValues(['one']);
    await appendFile(path, 'two\n');
    await rename(path, join(dir, 'a.log.1'));
    await writeFile(path, 'four\n');
    await appendFile(join(dir, 'a.log.1'), 'three\nunended');
    await following.expectValues(['one', 'two', 'three', 'unended', 'four']);
    await appendFile(path, 'five\n');
    await following.expectValues(['one', 'two', 'three', 'unended', 'four', 'five']);
    expect(following.run.records.map(record => record.position)).toEqual([0, 4, 8, 14, 0, 5]);
    await following.run.stop();
  });

  test('reads a file on that was removed, and the next one of its name', async () => {
    const path = join(await tempDir(), 'a.log');
    await writeFile(path, 'one\n');
    const following = new Following({ path });
    await following.expectValues(['one']);
    await unlink(path);
    await following.expectValues(['one']);
    await writeFile(path, 'two\n');
    await following.expectValues(['one', 'two']);
    await following.run.stop();
  });

  test('begins again when the file was copied and cut off', async () => {
    const dir = await tempDir();
    const path = join(dir, 'a.log');
    await writeFile(path, 'one\ntwo\n');
    const following = new Following({ path });
    await following.expectValues(['one', 'two']);
    await copyFile(path, join(dir, 'a.log.1'));
    await truncate(path);
    await following.expectValues(['one', 'two']);
    await appendFile(path, 'new\n');
    await following.expectValues(['one', 'two', 'new']);
    await following.run.stop();
  });

  test('skips a long line that is still being written without waiting for its end', async () => {
    const path = join(await tempDir(), 'a.log');
    await writeFile(path, `one\n${'x'.repeat(300_000)}`);
    const following = new Following({ path, format: text({ maxRecordBytes: 1000 }) });
    await following.until(() => following.run.rejects.length === 1);
    await appendFile(path, `${'x'.repeat(300_000)}\ntwo\n`);
    await following.expectValues(['one', 'two']);
    expect(following.run.rejects).toMatchObject([{ reason: 'too-large', position: 4 }]);
    await following.run.stop();
  });

  test('reads a header once for each file', async () => {
    const dir = await tempDir();
    const path = join(dir, 'a.csv');
    await writeFile(path, 'a,b\n1,2\n');
    const following = new Following({ path });
    await following.expectValues([{ a: '1', b: '2' }]);
    await rename(path, join(dir, 'old'));
    await writeFile(path, 'b,a\n3,4\n');
    await following.expectValues([
      { a: '1', b: '2' },
      { b: '3', a: '4' },
    ]);
    await following.run.stop();
  });

  test('hears of additions from the system, without waiting for the next look', async () => {
    const path = join(await tempDir(), 'a.log');
    await writeFile(path, 'one\n');
    const following = new Following({ path, pollInterval: '1d' });
    await following.run.until(() => following.values.length === 1 && following.environment.pending > 0);
    await appendFile(path, 'two\n');
    // The clock stands still: only the system can tell.
    await following.run.until(() => following.values.length === 2);
    await following.run.stop();
  });

  test('ends when the pipeline stops', async () => {
    const path = join(await tempDir(), 'a.log');
    await writeFile(path, 'one\n');
    const following = new Following({ path });
    await following.expectValues(['one']);
    await following.run.stop();
    await appendFile(path, 'two\n');
    for (let i = 0; i < 20; i++) {
      following.environment.advance(1000);
      await new Promise(resolve => setImmediate(resolve));
    }
    expect(following.environment.pending).toBe(0);
    expect(following.values).toEqual(['one']);
  });
});

describe('following many files', () => {
  test('takes up new ones, and reads none twice that was renamed', async () => {
    const dir = await tempDir();
    await writeFile(join(dir, 'a.log'), 'a1\n');
    await writeFile(join(dir, 'a.log.1'), 'old\n');
    const following = new Following({ glob: join(dir, '*'), format: 'text' });
    await following.expectValues(['a1', 'old']);
    await writeFile(join(dir, 'b.log'), 'b1\n');
    await following.expectValues(['a1', 'old', 'b1']);
    // As logrotate does it, twice.
    for (const [generation, line] of [
      ['2', 'a2'],
      ['3', 'a3'],
    ] as const) {
      await rename(join(dir, `a.log.${Number(generation) - 1}`), join(dir, `a.log.${generation}`)).catch(() => {});
      await rename(join(dir, 'a.log'), join(dir, 'a.log.1')).catch(() => {});
      await writeFile(join(dir, 'a.log'), `${line}\n`);
      await writeFile(join(dir, `packed.${generation}.gz`), gzipSync('old\n'));
      await following.until(() => following.values.includes(line));
    }
    await following.expectValues(['a1', 'old', 'b1', 'a2', 'a3']);
    await following.run.stop();
  });

  test('waits for a directory that is not there yet', async () => {
    const dir = join(await tempDir(), 'later');
    const following = new Following({ directory: dir, format: 'text' });
    await following.expectValues([]);
    await mkdir(dir);
    await writeFile(join(dir, 'x'), 'one\n');
    await following.expectValues(['one']);
    await following.run.stop();
  });
});

describe('going on after a stop', () => {
  async function readPart(path: string, lines: number): Promise<Map<string, Json>> {
    const following = new Following({ path });
    await following.until(() => following.values.length === lines);
    const positions = following.run.positions();
    await following.run.stop();
    return new Map(JSON.parse(JSON.stringify([...positions])) as [string, Json][]);
  }

  test('reads what was added meanwhile', async () => {
    const path = join(await tempDir(), 'a.log');
    await writeFile(path, 'one\ntwo\n');
    const positions = await readPart(path, 2);
    await appendFile(path, 'three\n');
    const following = new Following({ path }, positions);
    await following.expectValues(['three']);
    await following.run.stop();
  });

  test('reads the rest of the old file first when it was renamed meanwhile', async () => {
    const dir = await tempDir();
    const path = join(dir, 'a.log');
    await writeFile(path, 'one\ntwo\n');
    const positions = await readPart(path, 2);
    await appendFile(path, 'three\n');
    await rename(path, join(dir, 'a.log.1'));
    await writeFile(path, 'a file that is longer than the other\n');
    const following = new Following({ path }, positions);
    await following.expectValues(['three', 'a file that is longer than the other']);
    await following.run.stop();
  });

  test('reads the rest from the copy when the file was copied and cut off meanwhile', async () => {
    const dir = await tempDir();
    const path = join(dir, 'a.log');
    await writeFile(path, 'one\ntwo\n');
    const positions = await readPart(path, 2);
    await appendFile(path, 'three\n');
    await copyFile(path, join(dir, 'a.log.1'));
    await truncate(path);
    await appendFile(path, 'new\n');
    const following = new Following({ path }, positions);
    await following.expectValues(['three', 'new']);
    await following.run.stop();
  });

  test('begins with the new file when nothing is left of the old one', async () => {
    const path = join(await tempDir(), 'a.log');
    await writeFile(path, 'one\ntwo\n');
    const positions = await readPart(path, 2);
    await unlink(path);
    await writeFile(path, 'new\n');
    const following = new Following({ path }, positions);
    await following.expectValues(['new']);
    await following.run.stop();
  });
});
