import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'millrace',
    include: ['test/**/*.test.ts'],
    // A machine that is busy is slow, not wrong; a test that hangs still ends.
    testTimeout: 60_000,
    // Of stripTypeScriptTypes, with which the examples of docstrings are run.
    execArgv: ['--disable-warning=ExperimentalWarning'],
  },
});
