import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Workspace } from './workspace.ts';

let work: Workspace;
beforeAll(() => {
  work = new Workspace();
  work.write('endless.ts', ENDLESS);
  work.write('finite.ts', FINITE);
});
afterAll(() => work.remove());

/** Ten numbers, one of which fails and two of which are late. */
const FINITE = `
  import { pipeline, tumbling, count } from 'millrace';
  import { fromIterable } from 'millrace/connectors/memory';
  import { print } from 'millrace/connectors/console';
  const fired = Promise.withResolvers<void>();
  async function* numbers() {
    yield* [1, 2, 3, 4, 5, 60_001, 60_002, 120_001];
    await fired.promise;
    yield* [6, 7];
  }
  const p = pipeline('finite');
  p.from(fromIterable(numbers, { bounded: true }))
    .map(n => { if (n === 3) throw new Error('three'); return n; })
    .eventTime(n => n)
    .keyBy(n => n % 2)
    .window(tumbling('1m'))
    .aggregate({ n: count() })
    .map(r => { fired.resolve(); return [r.key, r.window.start, r.n]; })
    .to(print());
  export default p;
`;

/** Numbers without end; prints every hundredth. */
const ENDLESS = `
  import { pipeline } from 'millrace';
  import { callback } from 'millrace/connectors/memory';
  import { generator } from 'millrace/connectors/generator';
  const p = pipeline('endless');
  p.from(generator({ seed: 1, rate: 1000, make: n => n }))
    .to(callback(n => { if (n % 100 === 0) console.log('at ' + n); }));
  export default p;
`;

describe('a pipeline that ends', () => {
  test('prints its results to stdout and a summary to stderr', async () => {
    const { code, stdout, stderr } = await work.run('run', 'finite.ts');
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toEqual(expect.arrayContaining(['[1,0,2]', '[0,0,2]', '[1,60000,1]', '[0,60000,1]', '[1,120000,1]']));
    expect(stderr).toMatch(/^finite finished after \d+(ms|\.\ds)\n {2}in {8}10 events, [\d,]+\/s\n {2}out {7}\d events\n/);
    expect(stderr).toMatch(/\n {2}rejected {2}3 \(1 failed, 2 late\), in finite\.rejects\.jsonl\n {2}memory {4}\d+ MiB at most\n$/);
  });

  test('writes rejected records where --rejects says', async () => {
    const { code, stderr } = await work.run('run', 'finite.ts', '--rejects', 'bad.jsonl');
    expect(code).toBe(0);
    expect(stderr).toContain(', in bad.jsonl\n');
    const rejects = readFileSync(work.path('bad.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line));
    expect(rejects.map(({ reason, value }) => [reason, value])).toEqual([
      ['failed', 3],
      ['late', 6],
      ['late', 7],
    ]);
  });

  test('says nothing with --quiet but what was rejected', async () => {
    const stderr = 'finite: rejected 3 (1 failed, 2 late), in finite.rejects.jsonl\n';
    expect(await work.run('run', '--quiet', 'finite.ts')).toMatchObject({ code: 0, stderr });
  });

  test('tells a machine with --json', async () => {
    const { code, stderr } = await work.run('run', '--json', 'finite.ts');
    expect(code).toBe(0);
    const lines = stderr
      .trim()
      .split('\n')
      .map(line => JSON.parse(line));
    expect(lines.at(-1)).toMatchObject({
      type: 'end',
      outcome: 'finished',
      pipeline: 'finite',
      recordsIn: 10,
      recordsOut: 5,
      late: 2,
      rejected: 3,
      rejectedByReason: { failed: 1, late: 2 },
      watermarkMs: null,
      rejectLog: 'finite.rejects.jsonl',
      error: null,
    });
  });

  test('makes no reject log when the program reads its rejects', async () => {
    work.write(
      'own-rejects.ts',
      FINITE.replaceAll('finite', 'own').replace('export default', 'p.rejects.map(r => r.value).to(print());\nexport default'),
    );
    const { code, stdout, stderr } = await work.run('run', 'own-rejects.ts');
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual(expect.arrayContaining(['3', '6', '7']));
    expect(stderr).toContain('rejected  3 (1 failed, 2 late), taken by the program');
    expect(existsSync(work.path('own.rejects.jsonl'))).toBe(false);
    expect(await work.run('run', 'own-rejects.ts', '--rejects', 'x.jsonl')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('CLI_USAGE'),
    });
  });

  test('does not wait for what the program has left open', async () => {
    work.write('open.ts', `${FINITE} setInterval(() => {}, 1_000);`);
    expect(await work.run('run', '-q', 'open.ts')).toMatchObject({ code: 0 });
  });
});

describe('a pipeline that fails', () => {
  const failing = `
    import { pipeline } from 'millrace';
    import { callback, fromArray } from 'millrace/connectors/memory';
    const p = pipeline('failing');
    p.from(fromArray([1])).to(callback(insert));
    function insert(): void {
      throw new Error('duplicate key');
    }
    export default p;
  `;

  test('ends with 1 and says where, without the frames of the engine', async () => {
    work.write('failing.ts', failing);
    const { code, stderr } = await work.run('run', 'failing.ts');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^failing failed after /);
    expect(stderr).toContain('SINK_FAILED: a sink cannot write\n  where:    array/to-callback\n  cause:    duplicate key\n');
    expect(stderr).toContain('/failing.ts:7:13)');
    expect(stderr).not.toContain('src/runtime');
  });

  test('shows all frames with --verbose and MILLRACE_DEBUG', async () => {
    work.write('failing.ts', failing);
    expect((await work.run('run', '--verbose', 'failing.ts')).stderr).toContain('src/runtime');
    expect((await work.startWith({ MILLRACE_DEBUG: '1' }, 'run', 'failing.ts').ended).stderr).toContain('src/runtime');
  });

  test('tells a machine', async () => {
    work.write('failing.ts', failing);
    const { code, stderr } = await work.run('run', '--json', 'failing.ts');
    expect(code).toBe(1);
    expect(JSON.parse(stderr.trim().split('\n').at(-1)!)).toMatchObject({ type: 'end', outcome: 'failed', error: { code: 'SINK_FAILED' } });
    expect(await work.run('run', '--json', 'nothing.ts')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^\{"type":"error","code":"PROGRAM_NOT_FOUND"/),
    });
  });

  test('may throw outside of the pipeline', async () => {
    const later = "setTimeout(() => { throw new Error('from a timer'); }, 1);\n return new Promise(() => {});";
    work.write('outside.ts', failing.replace('void {', 'Promise<void> {').replace("throw new Error('duplicate key');", later));
    const { code, stderr } = await work.run('run', 'outside.ts');
    expect(code).toBe(1);
    expect(stderr).toContain('Error: from a timer\n    at Timeout._onTimeout');
  });

  test('waits for what can no longer come', async () => {
    work.write(
      'stuck.ts',
      failing.replace('void {', 'Promise<void> {').replace("throw new Error('duplicate key');", 'return new Promise(() => {});'),
    );
    const { code, stderr } = await work.run('run', '-q', 'stuck.ts');
    expect(code).toBe(1);
    expect(stderr).toContain(
      "PIPELINE_STUCK: the pipeline waits for something that can no longer come\n  where:    pipeline 'failing', array/to-callback\n",
    );
  });
});

describe('a pipeline without end', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('drains on %s and ends with 0', async signal => {
    const run = work.start('run', 'endless.ts');
    await run.until(() => run.stdout.includes('at 100'));
    run.signal(signal);
    const { code, stderr } = await run.ended;
    expect(code).toBe(0);
    expect(stderr).toContain(`${signal === 'SIGINT' ? 'Ctrl-C' : signal}: draining; once more to end at once\n`);
    expect(stderr).toContain('endless stopped after ');
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends at once on a second %s', async (signal, exitCode) => {
    work.write(
      'hanging.ts',
      ENDLESS.replace(
        /callback\(.*\)\)/,
        "callback(() => { console.log('writing'); return new Promise(r => setTimeout(r, 3_600_000)); }))",
      ),
    );
    const run = work.start('run', 'hanging.ts');
    await run.until(() => run.stdout.includes('writing'));
    run.signal(signal);
    await run.until(() => run.stderr.includes('draining'));
    // Signals that come together are copies of one.
    await new Promise(resolve => setTimeout(resolve, 250));
    run.signal(signal);
    const { code, stderr } = await run.ended;
    expect(code).toBe(exitCode);
    expect(stderr).toContain('endless ended at once after ');
  });

  test('takes two copies of a signal for one', async () => {
    const run = work.start('run', 'endless.ts');
    await run.until(() => run.stdout.includes('at 100'));
    run.signal('SIGINT');
    run.signal('SIGINT');
    expect(await run.ended).toMatchObject({ code: 0 });
  });

  test('reports each second with --json', async () => {
    const run = work.start('run', '--json', 'endless.ts');
    await run.until(() => run.stderr.split('"type":"progress"').length > 2);
    run.signal('SIGTERM');
    const { code, stderr } = await run.ended;
    expect(code).toBe(0);
    const lines = stderr
      .trim()
      .split('\n')
      .map(line => JSON.parse(line));
    expect(lines.map(line => line.type)).toEqual([...lines.slice(0, -2).map(() => 'progress'), 'draining', 'end']);
    expect(lines[1].recordsIn).toBeGreaterThan(lines[0].recordsIn);
    expect(lines.at(-1)).toMatchObject({ outcome: 'drained' });
  });

  test.each(['endless.ts', 'printing.ts'])('ends quietly when nobody reads the results of %s any more', async program => {
    work.write(
      'printing.ts',
      ENDLESS.replace(/callback\(.*\)\)/, 'print())').replace(
        "{ callback } from 'millrace/connectors/memory'",
        "{ print } from 'millrace/connectors/console'",
      ),
    );
    const run = work.start('run', program);
    await once(run.child.stdout!, 'data');
    run.child.stdout!.destroy();
    expect(await run.ended).toMatchObject({ code: 0, stderr: '' });
  });
});
