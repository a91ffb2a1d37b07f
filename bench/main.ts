// Runs the benchmarks: all of them, or the cases that are named. docs/benchmarks.md says how to read the results.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { caseNamed, cases } from './cases/index.ts';
import { caseReport, machineReport } from './harness/report.ts';
import { runRounds } from './harness/rounds.ts';

const USAGE = `npm run bench -- [case ...] [--rounds n] [--quick] [--cpu]

  case      ${cases.map(({ name }) => name).join(', ')}; all when none is named
  --rounds  processes of each contender, default 5
  --quick   a tenth of the data and 3 rounds: shows that it runs, says little about speed
  --cpu     processor time of the main thread in place of elapsed time, for a machine that is busy with other things

A run of all cases with neither --quick nor --cpu writes bench/results.md.`;

/** Part of the data in a quick run. */
const QUICK_SCALE = 0.1;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    cpu: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (values.help) {
  console.log(USAGE);
} else {
  process.exitCode = await main();
}

async function main(): Promise<number> {
  const rounds = Number(values.rounds ?? (values.quick ? 3 : 5));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds takes a whole number from 1, got ${values.rounds}`);
  const options = { rounds, scale: values.quick ? QUICK_SCALE : 1, clock: values.cpu ? 'cpu' : 'wall' } as const;
  const chosen = positionals.length === 0 ? cases : positionals.map(caseNamed);
  const command = ['npm run bench', ...(process.argv.length > 2 ? ['--'] : []), ...process.argv.slice(2)].join(' ');
  const sections = [machineReport(command, rounds)];
  console.log(`${sections[0]}\n`);

  let missed = 0;
  for (const bench of chosen) {
    const samples = await runRounds(bench, options, showProgress);
    showProgress('');
    const report = caseReport(bench, samples);
    missed += report.missed;
    sections.push(report.text);
    console.log(`${report.text}\n`);
  }
  console.log(missed === 0 ? 'All targets are met.' : `${missed} ${missed === 1 ? 'target is' : 'targets are'} missed.`);

  if (positionals.length === 0 && !values.quick && !values.cpu) {
    const heading = '# Benchmark results\n\nWritten by the command below; docs/benchmarks.md says how to read it.';
    writeFileSync(fileURLToPath(new URL('results.md', import.meta.url)), `${[heading, ...sections].join('\n\n')}\n`);
  }
  return missed === 0 || values.quick ? 0 : 1;
}

/** What is under way, in one line of a terminal. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
}
