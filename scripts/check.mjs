// npm run check [-- names]: all that holds of the repository besides its tests, which is each script `check:...` of package.json.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { root, setUp } from './setup.mjs';

const checks = Object.keys(JSON.parse(readFileSync(`${root}package.json`, 'utf8')).scripts)
  .filter(script => script.startsWith('check:'))
  .map(script => script.slice('check:'.length));
const names = process.argv.slice(2);
const unknown = names.filter(name => !checks.includes(name));
if (unknown.length > 0) {
  console.error(`no check is called ${unknown.join(', ')}; there are ${checks.join(', ')}`);
  process.exit(1);
}

setUp();
for (const name of names.length > 0 ? names : checks) {
  const startMs = performance.now();
  const run = spawnSync('npm', ['run', '--silent', `check:${name}`], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    shell: process.platform === 'win32',
  });
  console.log(`${run.status === 0 ? 'ok  ' : 'FAIL'} ${name} (${((performance.now() - startMs) / 1000).toFixed(1)} s)`);
  if (run.status === 0) continue;
  console.log(`${run.error?.message ?? ''}${run.stdout}${run.stderr}`.trim());
  process.exitCode = 1;
}
