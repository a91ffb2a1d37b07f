import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { Workspace } from './workspace.ts';

let work: Workspace;
beforeAll(() => {
  work = new Workspace();
  work.write(
    'words.ts',
    `import { count, pipeline } from 'millrace';
     import { callback, fromArray } from 'millrace/connectors/memory';
     const p = pipeline('words');
     p.from(fromArray(['a', 'b'])).keyBy(w => w).aggregate({ n: count() }).to(callback(() => { throw new Error('it runs'); }));
     export default p;`,
  );
});
afterAll(() => work.remove());

describe('millrace', () => {
  test('shows its help and its version', async () => {
    for (const args of [['--help'], ['-h'], ['help']]) {
      expect(await work.run(...args)).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('Usage: millrace <command>') });
    }
    for (const option of ['--version', '-v']) expect(await work.run(option)).toMatchObject({ code: 0, stdout: `${packageJson.version}\n` });
  });

  test('shows its help as an error without a command', async () => {
    expect(await work.run()).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Usage: millrace <command>') });
  });

  test('tells a Node that is too old, before anything else', async () => {
    const old = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.0' } });";
    work.write('old-node.mjs', old);
    const [node, ...args] = work.command('run', 'words.ts');
    const { code, stderr } = await work.exec('.', node, '--import', './old-node.mjs', ...args);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('millrace needs Node 22.18 or newer, and this is Node 20.19.0.\n'),
    });
  });

  test.each(['run', 'plan', 'new'])('shows the help of %s', async command => {
    const { code, stdout } = await work.run(command, '--help');
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: millrace ${command} <`);
    expect((await work.run('help', command)).stdout).toBe(stdout);
    expect(Math.max(...stdout.split('\n').map(line => line.length))).toBeLessThanOrEqual(120);
  });

  test.each([
    [['rnu', 'words.ts'], 'did you mean millrace run?'],
    [['words.ts'], 'millrace run words.ts'],
    [['deploy'], 'millrace --help'],
    [['--versoin'], 'millrace --help'],
    [['run'], 'expected: millrace run <program>'],
    [['run', 'words.ts', 'x', 'y'], 'millrace run words.ts -- x y'],
    [['run', 'words.ts', '--jsno'], 'did you mean --json?'],
    [['run', 'words.ts', '-x'], 'got:      -x'],
    [['run', 'words.ts', '--json=yes'], 'expected: --json without a value'],
    [['run', 'words.ts', '--rejects'], 'expected: --rejects <file>'],
    [['run', 'words.ts', '--rejects', '--json'], 'got:      --rejects --json'],
    [['plan', 'words.ts', '--format', 'yaml'], 'expected: --format text|json|mermaid'],
    [['new', 'a', 'b'], 'got:      also b'],
    [['new', 'a', '--', 'b'], 'got:      -- b'],
  ])('says what is wrong with %j', async (args, message) => {
    const { code, stdout, stderr } = await work.run(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^CLI_USAGE: /);
    expect(stderr).toContain(message);
  });
});

describe('millrace plan', () => {
  test('shows the plan as text and does not run it', async () => {
    const { code, stdout, stderr } = await work.run('plan', 'words.ts');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatchInlineSnapshot(`
      "Pipeline words: 1 source, 1 operator, 1 sink; parallelism 1

        array                        source     array: 2 records, bounded
        ↓ hash by w => w
        array/aggregate              aggregate  n
                                     state      accumulators: aggregating, unbounded
        ↓ forward
        array/aggregate/to-callback  sink       callback: function

      Unbounded state
        array/aggregate: accumulators (aggregating) would be bounded by a time to live: { ttl: '1d' }

      Rejected records go to the reject log.
      "
    `);
  });

  test('as JSON', async () => {
    const { code, stdout } = await work.run('plan', '--format=json', 'words.ts');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ version: 1, pipeline: 'words', unbounded: [{ operator: 'array/aggregate' }] });
  });

  test('as a Mermaid flowchart', async () => {
    const { code, stdout } = await work.run('plan', 'words.ts', '-f', 'mermaid');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^---\ntitle: "words"\n---\nflowchart TD\n/);
  });

  test('says why a program cannot be loaded', async () => {
    expect(await work.run('plan', 'wrods.ts')).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('did you mean words.ts?'),
    });
  });
});
