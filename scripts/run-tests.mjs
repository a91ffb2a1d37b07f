// Runs vitest, then tstyche on the type tests, and closes with one line that counts both. Arguments go to vitest; type tests run when there
// are none, or when one of them is part of their file's name.

import { globSync } from 'node:fs';
import { parseCLI, startVitest } from 'vitest/node';

const counts = { passed: 0, failed: 0, skipped: 0 };

async function runTests(args, passWithNoTests) {
  const { filter, options } = parseCLI(['vitest', 'run', ...args]);
  const vitest = await startVitest('test', filter, { ...options, passWithNoTests });
  for (const module of vitest.state.getTestModules()) {
    for (const test of module.children.allTests()) counts[test.result().state]++;
    // A file that could not be loaded, or a hook that threw, fails without a test that does.
    if (module.state() === 'failed' && module.children.allTests('failed').next().done) counts.failed++;
  }
  counts.failed += vitest.state.getUnhandledErrors().length;
  await vitest.close();
  if (process.exitCode && counts.failed === 0) counts.failed++;
}

async function runTypeTests(files) {
  // tstyche needs the compiler API; from this folder, 'typescript' is one that has it.
  process.env.TSTYCHE_TYPESCRIPT_MODULE = import.meta.resolve('typescript');
  const { Cli, EventEmitter } = await import('tstyche/api');
  let found = { passed: 0, failed: 0, skipped: 0 };
  new EventEmitter().addReporter({
    on([event, payload]) {
      if (event === 'run:end') found = payload.result.testCounts;
    },
  });
  const exitCode = await new Cli().run(files);
  for (const state of Object.keys(counts)) counts[state] += found[state];
  if (exitCode > 0 && found.failed === 0) counts.failed++;
}

const args = process.argv.slice(2);
const typeTests = globSync('*/test/**/*.tst.ts').filter(file => args.length === 0 || args.some(arg => file.includes(arg)));
await runTests(args, typeTests.length > 0);
if (typeTests.length > 0) await runTypeTests(typeTests);

process.exitCode = counts.failed > 0 ? 1 : 0;
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
