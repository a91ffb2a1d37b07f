// npm test [-- vitest options or parts of file names]

import { run } from './run.mjs';
import { setUp } from './setup.mjs';

setUp();
process.exitCode = await run(['scripts/run-tests.mjs', ...process.argv.slice(2)]);
