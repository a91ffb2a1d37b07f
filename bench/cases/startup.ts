import { millraceRun, runNode } from '../contenders/command-line.ts';
import type { BenchCase, Outcome } from '../harness/case.ts';

const program = new URL('../inputs/small-program.ts', import.meta.url);

const firstOutput = (args: readonly string[]) => (): Promise<Outcome> =>
  runNode(args, ({ firstOutputMs, output }) => {
    if (!output.endsWith('\n')) throw new Error(`no whole line of output: ${output}`);
    return { checksum: output.length, records: 1, elapsedMs: firstOutputMs, figures: { firstOutputMs } };
  });

export const startup: BenchCase = {
  name: 'startup',
  title: 'from the start of a process to its first line on standard output',
  // The first run fills the cache of compiled code, as the first run on a machine does.
  warmUps: 1,
  runs: 1,
  contenders: [
    { name: 'millrace run small-program.ts', prepare: () => ({ run: firstOutput(millraceRun(program)) }) },
    { name: 'node --eval', work: 'nothing', prepare: () => ({ run: firstOutput(['--eval', 'console.log(1)']) }) },
  ],
  claims: [{ kind: 'figure', of: 'millrace run small-program.ts', figure: 'firstOutputMs', atMost: 300 }],
};
