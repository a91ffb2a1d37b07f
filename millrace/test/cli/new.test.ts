import { existsSync, globSync, readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { Workspace } from './workspace.ts';

const modules = fileURLToPath(new URL('../../../node_modules/', import.meta.url));

let work: Workspace;
beforeAll(() => {
  work = new Workspace();
});
afterAll(() => work.remove());

describe('millrace new', () => {
  test('makes a project whose test passes, which typechecks and runs', async () => {
    const { code, stdout, stderr } = await work.run('new', 'sensors');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('cd sensors\n');
    expect(globSync('**/{*,.*}', { cwd: work.path('sensors'), exclude: name => name === 'node_modules' }).toSorted()).toEqual([
      '.gitignore',
      'README.md',
      'package.json',
      'src',
      'src/pipeline.ts',
      'test',
      'test/pipeline.test.ts',
      'tsconfig.json',
    ]);
    const project = JSON.parse(readFileSync(work.path('sensors/package.json'), 'utf8'));
    expect(project).toMatchObject({ name: 'sensors', dependencies: { millrace: `^${packageJson.version}` } });
    expect(readFileSync(work.path('sensors/README.md'), 'utf8')).toMatch(/^# sensors\n/);

    work.link('typescript', realpathSync(`${modules}typescript`), 'sensors');
    work.link('@types/node', realpathSync(`${modules}@types/node`), 'sensors');
    const tsc = await work.exec('sensors', process.execPath, 'node_modules/typescript/bin/tsc', '--customConditions', 'millrace-source');
    expect(tsc).toMatchObject({ code: 0, stdout: '' });

    const tested = await work.exec('sensors', process.execPath, '--test');
    expect(tested.stdout).toMatch(/\bpass 2\n/);
    expect(tested.code).toBe(0);

    const started = await work.run('run', '-q', 'sensors/src/pipeline.ts');
    expect(started).toMatchObject({ code: 0, stderr: '' });
    expect(started.stdout.trim().split('\n').length).toBeGreaterThan(18);
  });

  test('takes the folder it stands in, if that is empty but for .git', async () => {
    work.write('repository/.git/HEAD', '');
    const [node, ...args] = work.command('new', '.');
    const { code, stdout } = await work.exec('repository', node, ...args);
    expect(code).toBe(0);
    expect(stdout).not.toContain('cd ');
    expect(existsSync(work.path('repository/src/pipeline.ts'))).toBe(true);
  });

  test('leaves a folder alone that is not empty', async () => {
    work.write('used/a.txt', 'mine');
    const { code, stdout, stderr } = await work.run('new', 'used');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('got:      one with a.txt');
    expect(existsSync(work.path('used/package.json'))).toBe(false);
  });

  test('refuses a path that is a file', async () => {
    work.write('file', '');
    expect(await work.run('new', 'file')).toMatchObject({ code: 2, stderr: expect.stringContaining('PROJECT_NOT_MADE') });
  });

  test.each([
    ['My Pipeline', 'millrace new my-pipeline'],
    ['_private', 'millrace new private'],
    ['Ærø', 'millrace new r'],
    ['millrace', 'millrace new my-pipeline'],
    ['node_modules', 'millrace new my-pipeline'],
  ])('refuses the name %s', async (name, hint) => {
    const { code, stderr } = await work.run('new', name);
    expect(code).toBe(2);
    expect(stderr).toContain(`try:      ${hint}\n`);
  });
});
