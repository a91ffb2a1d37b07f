// Installs what the repository needs, so that its commands work right after a clone on a machine that has only Node 20 and npm.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** The pinned Node that everything runs on; the Node that runs this file may be older. */
export const node = `${root}node_modules/node/bin/node${process.platform === 'win32' ? '.exe' : ''}`;

function packagesOf(lockfile) {
  const file = `${root}${lockfile}`;
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : {};
}

/** Whether node_modules holds what package-lock.json says. Optional packages are left out: npm skips those of other platforms. */
function upToDate() {
  if (!existsSync(node)) return false;
  const installed = packagesOf('node_modules/.package-lock.json');
  return Object.entries(packagesOf('package-lock.json')).every(
    ([path, wanted]) =>
      !path.includes('node_modules/') ||
      wanted.optional ||
      (installed[path] !== undefined && installed[path].version === wanted.version && installed[path].resolved === wanted.resolved),
  );
}

/** What to tell about an `npm ci` that failed. */
function explain(output) {
  if (/\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENETUNREACH)\b|network/i.test(output)) {
    return 'The npm registry could not be reached. Check the connection, or a proxy with `npm config get proxy`, and try again.';
  }
  return 'The packages could not be installed.';
}

/** Runs `npm ci` if packages are missing or others than package-lock.json says; ends the process if that fails. */
export function setUp() {
  if (upToDate()) return;
  console.log('Installing the packages of package-lock.json ...');
  // npm tells its scripts where it is; without it (`node scripts/setup.mjs`) the one on the PATH is taken.
  const npm = process.env.npm_execpath?.endsWith('npm-cli.js') ? [process.execPath, process.env.npm_execpath] : ['npm'];
  const ci = spawnSync(npm[0], [...npm.slice(1), 'ci', '--loglevel=error', '--prefer-offline'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32' && npm.length === 1,
  });
  if (ci.status !== 0) {
    console.error(`${ci.stderr}${ci.error?.message ?? ''}\n${explain(ci.stderr)}`);
    process.exit(1);
  }
  if (!existsSync(node)) {
    console.error(
      'npm did not run the install script of the package `node`, which puts Node 24 in place. Allow it and run `npm rebuild node`.',
    );
    process.exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setUp();
