import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { file } from '../../../src/connectors/file/index.ts';
import { fromArray } from '../../../src/connectors/memory/index.ts';
import { pipeline } from '../../../src/index.ts';
import type { Prepared, Sink, SinkContext, SinkWriter } from '../../../src/spi/index.ts';
import { Batch } from '../../../src/types/batch.ts';
import { ManualEnvironment } from '../../support/manual-environment.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-epochs-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** Plays the pipeline: writes, ends epochs, dies and comes back. */
class Player {
  private readonly sink: Sink<unknown>;
  private readonly environment = new ManualEnvironment();
  private writer: SinkWriter<unknown> | undefined;
  private epoch = 0;
  private committed: { epoch: number; prepared: Prepared } | undefined;

  constructor(sink: Sink<unknown>) {
    this.sink = sink;
  }

  async open(): Promise<void> {
    const context: SinkContext = {
      operator: 'out',
      environment: this.environment,
      signal: new AbortController().signal,
      epochs: true,
      reject: (_reason, message) => {
        throw new Error(message);
      },
    };
    this.writer = await this.sink.open(context, this.committed);
    if (this.committed !== undefined) await this.writer.publish!(this.committed.epoch, this.committed.prepared);
    // The first run begins with an epoch, so that whatever is left over later has an owner.
    else await this.commit();
  }

  async write(...records: unknown[]): Promise<void> {
    const batch = new Batch<unknown>(Math.max(1, records.length));
    for (const record of records) batch.push(record, Number.NaN, -1);
    await this.writer!.write(batch);
  }

  /** Ends an epoch; `dies` after having prepared, after the commit, or not at all. */
  async commit(dies: 'prepared' | 'committed' | 'no' = 'no', last = false): Promise<void> {
    const epoch = ++this.epoch;
    const prepared = JSON.parse(JSON.stringify(await this.writer!.prepare!(epoch, last))) as Prepared;
    if (dies === 'prepared') return this.die();
    this.committed = { epoch, prepared };
    if (dies === 'committed') return this.die();
    await this.writer!.publish!(epoch, prepared);
  }

  async die(): Promise<void> {
    this.epoch = this.committed?.epoch ?? 0;
    await this.writer!.close('failed');
    await this.open();
  }

  async finish(): Promise<void> {
    await this.commit('no', true);
    await this.writer!.close('finished');
  }
}

const visible = async (dir: string) => (await readdir(dir)).filter(name => !name.startsWith('.')).toSorted((a, b) => a.localeCompare(b));
const hidden = async (dir: string) => (await readdir(dir)).filter(name => name.startsWith('.'));
const linesOf = async (dir: string) => {
  const texts = await Promise.all(
    (await visible(dir)).map(async name =>
      name.endsWith('.gz') ? gunzipSync(await readFile(join(dir, name))).toString() : readFile(join(dir, name), 'utf8'),
    ),
  );
  return texts.join('').split('\n').slice(0, -1);
};

describe('a file sink with epochs', () => {
  test('shows a file when the epoch that completes it was committed, and nothing of what was not', async () => {
    const player = new Player(file({ directory, format: 'json', rollBytes: 20 }));
    await player.open();
    await player.write({ n: 1 }, { n: 2 }, { n: 3 });
    expect(await visible(directory)).toEqual([]);
    await player.commit();
    expect(await linesOf(directory)).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
    await player.write({ n: 4 });
    await player.commit('committed');
    await player.write({ n: 99 });
    await player.die();
    await player.finish();
    expect(await linesOf(directory)).toEqual(['{"n":1}', '{"n":2}', '{"n":3}', '{"n":4}']);
    expect(await hidden(directory)).toEqual([]);
  });

  test.each(['jsonl', 'csv', 'gz'] as const)('one file (%s) goes on where the newest epoch left it', async kind => {
    const path = join(directory, kind === 'gz' ? 'out.jsonl.gz' : `out.${kind}`);
    const player = new Player(file({ path }));
    await player.open();
    await player.write({ a: 1, b: 'x' });
    await player.commit();
    await player.write({ a: 99, b: 'lost' });
    await player.die();
    await player.write({ b: 'y', a: 2 });
    await player.commit('committed');
    await player.write({ a: 3, b: 'z' });
    expect(await visible(directory)).toEqual([]);
    await player.finish();
    expect(await linesOf(directory)).toEqual(
      kind === 'csv' ? ['a,b', '1,x', '2,y', '3,z'] : ['{"a":1,"b":"x"}', '{"b":"y","a":2}', '{"a":3,"b":"z"}'],
    );
    expect(await hidden(directory)).toEqual([]);
  });

  test('a published file is not published again, under whatever name', async () => {
    const player = new Player(file({ directory, format: 'json', rollBytes: 1 }));
    await player.open();
    await player.write({ n: 1 }, { n: 2 });
    await player.commit();
    await player.die();
    await player.die();
    await player.finish();
    expect(await linesOf(directory)).toEqual(['{"n":1}', '{"n":2}']);
  });

  test('a file of work that has lost what was committed is an error', async () => {
    const player = new Player(file({ directory, format: 'json' }));
    await player.open();
    await player.write({ n: 1 });
    await player.commit();
    for (const name of await hidden(directory)) await writeFile(join(directory, name), '');
    await expect(player.die()).rejects.toThrow(/FILE_CORRUPT[\s\S]*at least 8 bytes/);
  });

  test('an empty stream makes an empty file of a path', async () => {
    const player = new Player(file({ path: join(directory, 'empty.jsonl') }));
    await player.open();
    await player.finish();
    expect(await visible(directory)).toEqual(['empty.jsonl']);
  });

  test('a path of Parquet is refused', async () => {
    await expect(new Player(file({ path: join(directory, 'x.parquet') })).open()).rejects.toThrow(/OPTION_INVALID[\s\S]*directory/);
  });

  test('whatever happens at whatever step, every record that was committed is there once', async () => {
    const action = fc.oneof(
      { weight: 4, arbitrary: fc.record({ write: fc.integer({ min: 1, max: 5 }) }) },
      { weight: 3, arbitrary: fc.record({ commit: fc.constantFrom('no' as const, 'prepared' as const, 'committed' as const) }) },
      { weight: 1, arbitrary: fc.constant('die' as const) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { maxLength: 25 }),
        fc.constantFrom(1, 20, 1e9),
        fc.boolean(),
        async (actions, rollBytes, single) => {
          const dir = await mkdtemp(join(directory, 'run-'));
          const player = new Player(single ? file({ path: join(dir, 'out.jsonl') }) : file({ directory: dir, format: 'json', rollBytes }));
          await player.open();
          let next = 0;
          let open: number[] = [];
          const committed: number[] = [];
          for (const act of actions) {
            if (act === 'die') {
              await player.die();
              open = [];
            } else if ('write' in act) {
              const records = Array.from({ length: act.write }, () => next++);
              await player.write(...records);
              open.push(...records);
            } else {
              await player.commit(act.commit);
              if (act.commit !== 'prepared') committed.push(...open);
              open = [];
            }
          }
          await player.finish();
          committed.push(...open);
          expect((await linesOf(dir)).map(Number)).toEqual(committed);
          expect(await hidden(dir)).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a pipeline with state writes its file once it has finished, and a second run changes nothing', async () => {
    const path = join(directory, 'out', 'doubled.jsonl');
    const p = pipeline('doubled');
    p.from(fromArray([1, 2, 3]))
      .map(n => ({ n: n * 2 }))
      .to(file({ path }));
    const state = join(directory, 'state');
    expect((await p.run({ state })).outcome).toBe('finished');
    const first = await readFile(path, 'utf8');
    expect(first).toBe('{"n":2}\n{"n":4}\n{"n":6}\n');
    const again = await p.run({ state });
    expect(again.metrics.recordsIn).toBe(0);
    expect(await readFile(path, 'utf8')).toBe(first);
  });
});
