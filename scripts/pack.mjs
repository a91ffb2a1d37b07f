// Packs the package as it would be published, into .check/millrace.tgz, and looks at what is in it.

import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import { root } from './setup.mjs';

const folder = `${root}.check`;
mkdirSync(folder, { recursive: true });

const pack = spawnSync('npm', ['pack', '--workspace=millrace', '--json', '--loglevel=error', `--pack-destination=${folder}`], {
  cwd: root,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
});
if (pack.status !== 0) {
  console.error(pack.stdout);
  process.exit(1);
}
// What prepack prints stands before; npm 12 answers with an object by name, those before it with an array.
const answer = JSON.parse(pack.stdout.slice(pack.stdout.search(/^[[{]/m)));
const packed = Array.isArray(answer) ? answer[0] : answer.millrace;
renameSync(`${folder}/${packed.filename}`, `${folder}/millrace.tgz`);

const files = packed.files.map(file => file.path);
const needed = [
  'LICENSE',
  'README.md',
  'package.json',
  'src/index.ts',
  'dist/index.js',
  'dist/index.d.ts',
  'dist/cli/main.js',
  'templates/project/package.json',
];
const missing = needed.filter(file => !files.includes(file));
const unwanted = files.filter(file => !/^(src|dist|templates)\//.test(file) && !needed.includes(file) && file !== 'CHANGELOG.md');
console.log(`${files.length} files, ${Math.round(packed.size / 1024)} KB packed, ${Math.round(packed.unpackedSize / 1024)} KB unpacked`);
if (missing.length > 0) console.error(`the package lacks ${missing.join(', ')}`);
if (unwanted.length > 0) console.error(`the package holds ${unwanted.join(', ')}`);
process.exitCode = missing.length + unwanted.length > 0 ? 1 : 0;
