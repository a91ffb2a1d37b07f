// Type-checks the programs in README.md and docs/: each block marked ts is a module of its own.

import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { root } from './setup.mjs';

const folder = `${root}.check/docs`;
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

let count = 0;
for (const page of globSync(['README.md', 'ARCHITECTURE.md', 'docs/**/*.md'], { cwd: root })) {
  const text = readFileSync(`${root}${page}`, 'utf8');
  for (const block of text.matchAll(/^```ts\n(?<program>.*?)^```$/gms)) {
    // At the same line as on the page, so that errors name the line of the page.
    const line = text.slice(0, block.index).split('\n').length;
    writeFileSync(`${folder}/${page.replaceAll('/', '+')}+${line}.ts`, '\n'.repeat(line) + block.groups.program);
    count++;
  }
}
console.log(`${count} programs`);
if (count === 0) process.exit(0);

// A program on a page may show a value without using it.
const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false };
writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ extends: '../../tsconfig.base.json', compilerOptions, include: ['*.ts'] }));
const tsc = spawnSync(`${root}node_modules/.bin/tsc`, ['-p', folder, '--pretty', 'false'], { cwd: folder, encoding: 'utf8' });
process.stdout.write(
  tsc.stdout.replaceAll(/^(\S+)\+\d+\.ts\((\d+),(\d+)\)/gm, (_, page, line, column) => `${page.replaceAll('+', '/')}:${line}:${column}`),
);
process.stderr.write(tsc.stderr);
process.exitCode = tsc.status ?? 1;
