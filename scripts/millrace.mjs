// Runs the command line `millrace` from its sources, after setting up.

import { run } from './run.mjs';
import { setUp } from './setup.mjs';

setUp();
process.exitCode = await run(['--conditions=millrace-source', 'millrace/src/cli/main.ts', ...process.argv.slice(2)]);
