// Adds to package-lock.json the packages of other platforms that npm left out of it: binaries that are optional dependencies
// (@biomejs/cli-darwin-arm64 and the like) get lost when npm installs over an existing node_modules, or from a registry mirror that
// does not carry them. `npm ci` then fails here or on the other platform (https://github.com/npm/cli/issues/4828).
//
//   npm run lock        after `npm install` of anything
//   npm run lock -- -c  only tells whether something is missing (part of `npm run check`)

import { readFileSync, writeFileSync } from 'node:fs';

const OS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const CPU = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64'];

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));

/** Whether `name` is found from the package at `path`, looking in node_modules folders upwards. */
function locked(path, name) {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    if (lock.packages[`${at}/node_modules/${name}`] !== undefined) return true;
  }
  return lock.packages[`node_modules/${name}`] !== undefined;
}

/** What npm would record, as far as the name tells; the integrity is added by the first `npm install` on such a platform. */
function entry(name, version, parent) {
  if (!/^\d+\.\d+\.\d+/.test(version)) throw new Error(`${name}@${version} is no exact version: add it with npm install on its platform`);
  const words = name.split(/[/-]/);
  const cpu = CPU.filter(c => words.includes(c));
  const os = OS.filter(o => words.includes(o));
  const libc = words.includes('musl') ? ['musl'] : words.includes('gnu') ? ['glibc'] : undefined;
  return { version, cpu, dev: parent.dev, libc, license: parent.license, optional: true, os };
}

const missing = Object.entries(lock.packages).flatMap(([path, parent]) =>
  Object.entries(parent.optionalDependencies ?? {})
    .filter(([name]) => !locked(path, name))
    .map(([name, version]) => [name, version, parent]),
);
const addresses = Object.values(lock.packages).filter(p => /^https?:/.test(p.resolved ?? '')).length;

if (process.argv.includes('-c')) {
  if (addresses > 0) console.error(`package-lock.json records ${addresses} download addresses; .npmrc of this folder turns them off`);
  if (missing.length > 0) console.error(`package-lock.json lacks ${missing.map(([name]) => name).join(', ')}: npm run lock`);
  process.exit(addresses + missing.length > 0 ? 1 : 0);
}
for (const [name, version, parent] of missing) lock.packages[`node_modules/${name}`] = entry(name, version, parent);
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(
  missing.length === 0 ? 'package-lock.json is complete' : `added ${missing.length} packages of other platforms to package-lock.json`,
);
