// Makes millrace/dist, and puts beside it what npm takes into the package only from the package's own folder.

import { spawnSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { root } from './setup.mjs';

rmSync(`${root}millrace/dist`, { recursive: true, force: true });
const tsc = spawnSync(`${root}node_modules/.bin/tsc`, ['-p', 'millrace/tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
if (tsc.status !== 0) process.exit(1);
for (const file of ['LICENSE', 'README.md']) copyFileSync(`${root}${file}`, `${root}millrace/${file}`);
