// Uses .check/millrace.tgz from outside, as a user's project would: imports every subpath under each TypeScript, module resolution and Node.

import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { node, root } from './setup.mjs';

const project = `${root}.check/project`;
const installed = `${project}/node_modules/millrace`;
rmSync(project, { recursive: true, force: true });
mkdirSync(installed, { recursive: true });
// Its dependencies are found in the node_modules further up.
execFileSync('tar', ['xzf', `${root}.check/millrace.tgz`, '--strip-components=1', '-C', installed]);

const subpaths = globSync('{spi,testing,connectors/*,formats/*}/index.js', { cwd: `${installed}/dist` }).map(file =>
  file.slice(0, -'/index.js'.length),
);
const modules = ['millrace', ...subpaths.map(subpath => `millrace/${subpath}`)];
writeFileSync(`${project}/package.json`, '{ "type": "module" }');
writeFileSync(`${project}/program.ts`, modules.map((name, i) => `import * as m${i} from '${name}';\nvoid m${i};\n`).join(''));

function run(what, command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: project, encoding: 'utf8' });
  if (status === 0) return;
  console.error(`${what}\n${stdout}${stderr}`);
  process.exitCode = 1;
}

const strict = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', 'false', '--target', 'es2024', '--types', 'node', 'program.ts'];
const compilers = { 'TypeScript 7': `${root}node_modules/.bin/tsc`, 'TypeScript 6': `${root}scripts/node_modules/.bin/tsc` };
for (const [name, tsc] of Object.entries(compilers)) {
  run(`${name}, node`, tsc, ['--module', 'nodenext', ...strict]);
  run(`${name}, bundler`, tsc, ['--module', 'esnext', '--moduleResolution', 'bundler', ...strict]);
}
run('Node', node, ['program.ts']);
run('millrace --help', node, [`${installed}/dist/cli/main.js`, '--help']);
