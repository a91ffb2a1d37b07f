#!/usr/bin/env node
// Whatever Node runs this file must be able to read it, so that an old one can be told; all else is imported after that.

const NEEDED = [22, 18] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) {
  // Compiled code and stripped types are kept from run to run: a small program starts in half the time.
  process.getBuiltinModule('node:module').enableCompileCache();
  // Not awaited: Node would warn of an unfinished await here when a program keeps it waiting, and the command has more to say.
  void import('./command-line.ts').then(({ main }) => main(process.argv.slice(2)));
} else {
  console.error(`millrace needs Node ${NEEDED.join('.')} or newer, and this is Node ${process.versions.node}.
  try:      install a newer one from https://nodejs.org, or for this project alone: npm install --save-dev node@24`);
  process.exitCode = 2;
}

export {};
