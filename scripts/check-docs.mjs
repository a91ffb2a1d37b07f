// Checks README.md, ARCHITECTURE.md and docs/: that links lead somewhere, and the programs. Each block marked ts is a module of its own that
// is type-checked and run. One that exports its pipeline is planned. One that says `// prints:` must print the comment that follows.

import { execFile, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { node, root } from './setup.mjs';

/** A program that takes longer has not ended. */
const RUN_TIMEOUT_MS = 30_000;

const folder = `${root}.check/docs`;
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const failures = [];
const programs = [];
const pages = new Map(
  globSync(['README.md', 'ARCHITECTURE.md', 'docs/**/*.md'], { cwd: root }).map(page => [page, readFileSync(`${root}${page}`, 'utf8')]),
);
for (const [page, text] of pages) {
  for (const link of text.matchAll(/\]\((?!https?:)(?<path>[^)#]*)(?<anchor>#[^)]*)?\)/g)) {
    const { path, anchor } = link.groups;
    const target = path === '' ? page : join(dirname(page), path);
    const found = existsSync(`${root}${target}`) && (anchor === undefined || anchorsOf(pages.get(target) ?? '').includes(anchor));
    if (!found) failures.push(`${page}:${lineAt(text, link.index)}: the link ${path}${anchor ?? ''} leads nowhere`);
  }
  for (const block of text.matchAll(/^```ts\n(?<program>.*?)^```$/gms)) {
    const line = lineAt(text, block.index);
    const file = `${folder}/${page.replaceAll('/', '+')}+${line}.ts`;
    // At the same line as on the page, so that errors name the line of the page.
    writeFileSync(file, '\n'.repeat(line) + block.groups.program);
    programs.push({ file, page, line, printed: printedBy(block.groups.program) });
  }
}

// A program on a page may show a value without using it.
const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false };
writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ extends: '../../tsconfig.base.json', compilerOptions, include: ['*.ts'] }));
const tsc = spawnSync(`${root}node_modules/.bin/tsc`, ['-p', folder, '--pretty', 'false'], { cwd: folder, encoding: 'utf8' });
if (tsc.status !== 0) failures.push(`${tsc.stdout}${tsc.stderr}`.replace(/^(\S+)\+\d+\.ts\((\d+),(\d+)\)/gm, (_, ...at) => pageOf(...at)));

// Programs write their files, such as the log of rejects, into the working directory.
const workingDirectory = mkdtempSync(join(tmpdir(), 'millrace-docs-'));
const waiting = [...programs];
const runWaiting = async () => {
  for (let program = waiting.shift(); program !== undefined; program = waiting.shift()) await run(program);
};
await Promise.all(Array.from({ length: availableParallelism() }, runWaiting));
rmSync(workingDirectory, { recursive: true, force: true });

console.log(`${programs.length} programs, ${programs.filter(({ printed }) => printed !== undefined).length} of which say what they print`);
for (const failure of failures) console.error(failure.trimEnd());
process.exitCode = failures.length === 0 ? 0 : 1;

async function run({ file, page, line, printed }) {
  const main = `const { default: p } = await import(${JSON.stringify(pathToFileURL(file).href)}); p?.plan();`;
  const args = ['--conditions=millrace-source', '--input-type=module', '--eval', main];
  try {
    const { stdout } = await promisify(execFile)(node, args, { cwd: workingDirectory, timeout: RUN_TIMEOUT_MS });
    if (printed !== undefined && stdout.trimEnd() !== printed) failures.push(`${page}:${line}: the program prints\n${stdout}`);
  } catch ({ killed, code, stderr }) {
    failures.push(`${page}:${line}: the program ${killed ? `runs for more than ${RUN_TIMEOUT_MS} ms` : `ends with ${code}`}\n${stderr}`);
  }
}

/** What stands behind `// prints:`, on the same line or in the comment lines below. */
function printedBy(program) {
  const comment = /^\/\/ prints:(?<text>.*(?:\n\/\/.*)*)/m.exec(program)?.groups.text;
  return comment
    ?.split('\n')
    .map(line => line.replace(/^(\/\/)? ?/, ''))
    .join('\n')
    .trim();
}

/** As GitHub makes them of headings. */
function anchorsOf(text) {
  return Array.from(text.matchAll(/^#+ (.*)$/gm), ([, heading]) => {
    return `#${heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')}`;
  });
}

function lineAt(text, index) {
  return text.slice(0, index).split('\n').length;
}

function pageOf(file, line, column) {
  return `${file.replaceAll('+', '/')}:${line}:${column}`;
}
