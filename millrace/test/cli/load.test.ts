import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Workspace } from './workspace.ts';

let work: Workspace;
beforeAll(() => {
  work = new Workspace();
});
afterAll(() => work.remove());

const GOOD = `
  import { pipeline } from 'millrace';
  import { callback, fromArray } from 'millrace/connectors/memory';
  const p = pipeline('numbers');
  p.from(fromArray([1, 2, 3])).map((n: number): number => n * 2).to(callback(n => console.log(n)));
`;

describe('a program that runs', () => {
  test('exports its pipeline', async () => {
    work.write('good.ts', `${GOOD} export default p;`);
    expect(await work.run('run', 'good.ts')).toMatchObject({ code: 0, stdout: '2\n4\n6\n' });
  });

  test.each([
    ['a function', 'export default () => p;'],
    ['an async function', 'export default async () => p;'],
    ['a promise at the top level', 'export default await Promise.resolve(p);'],
  ])('exports %s', async (_, end) => {
    work.write('made.ts', `${GOOD} ${end}`);
    expect(await work.run('run', 'made.ts', '-q')).toEqual({ code: 0, signal: null, stdout: '2\n4\n6\n', stderr: '' });
  });

  test.each(['ts', 'js'])('is written as a module (.%s) in a package that says commonjs, as npm init makes it', async extension => {
    work.write('fresh/package.json', '{ "type": "commonjs" }');
    work.write('fresh/numbers.' + extension, `export const numbers = [7];`);
    work.write(
      'fresh/program.' + extension,
      `${GOOD.replaceAll(': number', '').replace('[1, 2, 3]', 'numbers')} import { numbers } from './numbers.${extension}'; export default p;`,
    );
    expect(await work.run('run', 'fresh/program.' + extension, '-q')).toEqual({ code: 0, signal: null, stdout: '14\n', stderr: '' });
  });

  test('is CommonJS made of TypeScript', async () => {
    work.write(
      'compiled.cjs',
      `Object.defineProperty(exports, '__esModule', { value: true });
       const { pipeline } = require('millrace');
       const { callback, fromArray } = require('millrace/connectors/memory');
       exports.default = pipeline('numbers');
       exports.default.from(fromArray([7])).to(callback(n => console.log(n)));`,
    );
    expect(await work.run('run', 'compiled.cjs', '-q')).toMatchObject({ code: 0, stdout: '7\n' });
  });

  test('finds its arguments where Node puts them', async () => {
    work.write('args.ts', GOOD.replace('[1, 2, 3]', 'process.argv.slice(2).map(Number)') + 'export default p;');
    expect(await work.run('run', '-q', 'args.ts', '--', '4', '--5')).toMatchObject({ code: 0, stdout: '8\nNaN\n' });
  });

  test('may use another copy of the package', async () => {
    // Two copies share no classes, only what a pipeline can do.
    work.write(
      'foreign.ts',
      `${GOOD} export default { name: p.name, plan: () => p.plan(), start: (options: object) => p.start(options) };`,
    );
    expect(await work.run('run', 'foreign.ts', '-q')).toMatchObject({ code: 0, stdout: '2\n4\n6\n' });
  });
});

describe('a program that cannot be loaded', () => {
  /** What is said of a program, with the exit code. */
  async function refusal(name: string, text: string): Promise<string> {
    work.write(name, text);
    const { code, stderr, stdout } = await work.run('run', name);
    expect(stdout).toBe('');
    return `${stderr.replaceAll(work.folder, '<folder>')}exit ${code}`;
  }

  test('does not exist', async () => {
    work.write('flights.ts', '');
    work.write('sub/deep.ts', '');
    expect((await work.run('run', 'fligths.ts')).stderr).toContain('did you mean flights.ts?');
    expect((await work.run('run', 'flights.js')).stderr).toContain('did you mean flights.ts?');
    expect((await work.run('run', 'sub/deep')).stderr).toContain('did you mean sub/deep.ts?');
    expect(await work.run('run', 'nowhere/flights.ts')).toMatchObject({ code: 2, stderr: expect.stringContaining('PROGRAM_NOT_FOUND') });
    expect(await work.run('run', 'sub')).toMatchObject({ code: 2, stderr: expect.stringContaining('got:      a folder') });
  });

  test('is no module', async () => {
    expect(await refusal('data.json', '{}')).toMatchInlineSnapshot(`
      "PROGRAM_NOT_LOADED: the program cannot be loaded
        where:    data.json
        expected: a file that ends in .ts, .mts, .cts, .js, .mjs, .cjs
        got:      .json
        try:      rename the file
      exit 2"
    `);
    expect(await refusal('view.tsx', '')).toMatchInlineSnapshot(`
      "PROGRAM_NOT_LOADED: the program cannot be loaded
        where:    view.tsx
        expected: a file that ends in .ts, .mts, .cts, .js, .mjs, .cjs
        got:      .tsx
        try:      a pipeline needs no JSX: rename the file, or compile it first
      exit 2"
    `);
  });

  test('has syntax that types alone do not leave behind', async () => {
    expect(await refusal('enum.ts', 'const a = 1;\nenum Colour { red }\nexport default Colour;')).toMatchInlineSnapshot(`
      "PROGRAM_NOT_LOADED: the program cannot be loaded
        where:    enum.ts:2
        expected: TypeScript that is JavaScript once its types are taken out
        got:      TypeScript enum is not supported in strip-only mode
                  const a = 1;
                  enum Colour { red }
                  ^^^^^^^^^^^^^^^^^^^
        try:      write a union of texts for an enum, fields for parameter properties, a module for a namespace; \`erasableSyntaxOnly\` in tsconfig.json finds them
      exit 2"
    `);
  });

  test('is no valid TypeScript', async () => {
    expect(await refusal('syntax.ts', 'const a: number = ;')).toMatchInlineSnapshot(`
      "PROGRAM_NOT_LOADED: the program cannot be loaded
        where:    syntax.ts:1
        expected: valid TypeScript
        got:      Expression expected
                  const a: number = ;
                                    ^
        try:      correct the line
      exit 2"
    `);
  });

  test('is no valid JavaScript', async () => {
    expect(await refusal('syntax.mjs', 'const a = ;')).toMatchInlineSnapshot(`
      "PROGRAM_NOT_LOADED: the program cannot be loaded
        where:    syntax.mjs
        got:      Unexpected token ';'
        try:      \`node syntax.mjs\` shows the line
      exit 2"
    `);
  });

  test('throws while it is loaded', async () => {
    expect(await refusal('throws.ts', "function lookUp() {\n  throw new TypeError('no such table');\n}\nlookUp();")).toMatchInlineSnapshot(`
      "PROGRAM_NOT_LOADED: the program cannot be loaded
        where:    throws.ts
        cause:    no such table
        try:      the program threw this while it was loaded: correct it
          at lookUp (file://<folder>/throws.ts:2:9)
          at file://<folder>/throws.ts:4:1
      exit 2"
    `);
    expect(
      await refusal('throws-later.ts', "export default async () => {\n  throw new Error('no such table');\n};"),
    ).toMatchInlineSnapshot(`
      "PROGRAM_NOT_LOADED: the program cannot be loaded
        where:    throws-later.ts
        cause:    no such table
        try:      the program threw this while it was loaded: correct it
          at default (file://<folder>/throws-later.ts:2:9)
      exit 2"
    `);
  });

  test('describes a pipeline that cannot be', async () => {
    expect(
      await refusal('duration.ts', GOOD.replace('[1, 2, 3])', "[1]))\n  .eventTime(n => n, { outOfOrderness: '5 fortnights' as '5s' }")),
    ).toMatchInlineSnapshot(`
      "DURATION_INVALID: a duration could not be read
        where:    out-of-orderness
        expected: milliseconds as a number from 0, or text such as '500ms', '5s', '1m', '2h', '1d'
        got:      5 fortnights
        try:      give milliseconds as a number, or text such as '5s'
          at file://<folder>/duration.ts:6:4
      exit 2"
    `);
    expect(await refusal('no-sink.ts', "import { pipeline } from 'millrace';\nexport default pipeline('empty');")).toMatchInlineSnapshot(`
      "PLAN_NO_SINK: the pipeline has no sink, so that nothing it computes would go anywhere
        where:    pipeline 'empty'
        try:      end at least one stream with .to(...)
      exit 2"
    `);
  });

  test('imports what is not there', async () => {
    expect(await refusal('package.ts', "import '@acme/orders/client';")).toMatchInlineSnapshot(`
      "PROGRAM_NOT_LOADED: the program cannot be loaded
        where:    package.ts
        got:      an import of '@acme/orders', which is not installed
        try:      npm install @acme/orders
      exit 2"
    `);
    work.write('schema.ts', '');
    expect(await refusal('relative.ts', "import './schema';")).toMatchInlineSnapshot(`
      "PROGRAM_NOT_LOADED: the program cannot be loaded
        where:    relative.ts
        got:      an import of schema, which does not exist
        try:      did you mean './schema.ts'? Node needs the extension
      exit 2"
    `);
    expect(await refusal('connector.ts', "import 'millrace/connectors/memroy';")).toContain('did you mean millrace/connectors/memory?');
    expect(await refusal('subpath.ts', "import 'millrace/runtime';")).toContain("Package subpath './runtime' is not defined");
    expect(await refusal('type.ts', "import { Duration } from 'millrace';\nexport const d: Duration = 5;")).toMatchInlineSnapshot(`
      "PROGRAM_NOT_LOADED: the program cannot be loaded
        where:    type.ts:1
        got:      The requested module 'millrace' does not provide an export named 'Duration'
                  import { Duration } from 'millrace';
                           ^^^^^^^^
        try:      see the spelling; if Duration is a type, write \`import type { Duration }\`
      exit 2"
    `);
  });

  test('never finishes loading', async () => {
    expect(await refusal('await.ts', 'await new Promise(() => {});')).toMatchInlineSnapshot(`
      "PROGRAM_NOT_LOADED: the program cannot be loaded
        where:    await.ts
        got:      a promise that never settles, awaited while the program is loaded
        try:      see its top-level awaits, and what the exported function awaits
      exit 2"
    `);
    expect(await refusal('await-later.ts', 'export default () => new Promise(() => {});')).toContain('PROGRAM_NOT_LOADED');
  });

  test.each([
    ['nothing', '', 'no exports'],
    ['a pipeline by name', 'export { p };', "no default export, but the pipeline 'p'"],
    ['other things', 'export const a = 1; export const b = 2;', 'no default export, but a, b'],
    ['an array', 'export default [p];', 'an array; a program has one pipeline'],
    ['a stream', 'export default p.from(fromArray([1]));', 'a stream; its pipeline is needed'],
    ['a number', 'export default 5;', 'the number 5'],
    ['an object', 'export default { p };', 'an object (Object)'],
    ['a function of nothing', 'export default () => {};', 'a function and returned undefined'],
  ])('exports %s', async (_, end, got) => {
    const text = await refusal('exports.ts', `${GOOD} ${end}`);
    expect(text).toContain('PROGRAM_NO_PIPELINE');
    expect(text).toContain(got);
    expect(text).toMatch(/exit 2$/);
  });

  test('starts its pipeline itself', async () => {
    expect(
      await refusal(
        'self.ts',
        `${GOOD.replace('console.log(n)', 'new Promise(r => setTimeout(r, 60_000))')} void p.run(); export default p;`,
      ),
    ).toMatchInlineSnapshot(`
      "PIPELINE_RUNNING: the pipeline is running already
        where:    self.ts
        try:      the program starts its pipeline itself: leave that to \`millrace run\`, or run the program with \`node\`
      exit 2"
    `);
  });
});
