// Runs random pipelines through random faults and compares what they publish with a plain computation. README.md says how.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Case } from './case/case.ts';
import { describeCase } from './case/describe.ts';
import { drawCase } from './case/draw.ts';
import { shrink } from './case/shrink.ts';
import { type Canary, canaries } from './run/canaries.ts';
import { runCase } from './run/run-case.ts';

const DEFAULT_MINUTES = 1;

const USAGE = `npm run sim -- [options]

Without options: the seeds of sim/seeds.txt, then fresh seeds for a minute.

  --seed N          one seed, as it was reported
  --seeds A..B      all seeds from A to B
  --minutes M       fresh seeds for so long, after those of sim/seeds.txt
  --canary NAME     plants a bug, which is to be found: ${[...canaries.keys()].join(', ')}
  --trace           with --seed: prints all that happens
  --all             goes on after a seed that fails, and tells the others in a line each`;

/** How often progress is shown. */
const PROGRESS_MS = 10_000;

/** Lines of a trace that a report shows. */
const TRACE_SHOWN = 150;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    minutes: { type: 'string' },
    canary: { type: 'string' },
    trace: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

function wholeNumber(text: string, option: string): number {
  const number = Number(text);
  if (!Number.isInteger(number)) throw new Error(`${option} takes whole numbers, got ${text}\n\n${USAGE}`);
  return number;
}

function* range(from: number, to: number): Iterable<number> {
  for (let seed = from; seed <= to; seed++) yield seed;
}

function keptSeeds(): number[] {
  return readFileSync(new URL('seeds.txt', import.meta.url), 'utf8')
    .split('\n')
    .map(line => line.replace(/#.*/, '').trim())
    .filter(line => line !== '')
    .map(line => wholeNumber(line, 'a line of seeds.txt'));
}

function* freshSeeds(minutes: number, after: Iterable<number>): Iterable<number> {
  const endMs = performance.now() + minutes * 60_000;
  yield* after;
  const first = Math.floor(Math.random() * 2 ** 30);
  console.log(`fresh seeds from ${first}`);
  for (let seed = first; performance.now() < endMs; seed++) yield seed;
}

function seedsAsked(): Iterable<number> {
  if (values.seed !== undefined) return [wholeNumber(values.seed, '--seed')];
  if (values.seeds !== undefined) {
    const [from = '', to = ''] = values.seeds.split('..');
    return range(wholeNumber(from, '--seeds'), wholeNumber(to, '--seeds'));
  }
  const minutes = values.minutes === undefined ? DEFAULT_MINUTES : Number(values.minutes);
  if (!(minutes > 0)) throw new Error(`--minutes takes a number above 0, got ${values.minutes}`);
  return freshSeeds(minutes, values.canary === undefined ? keptSeeds() : []);
}

function canaryAsked(): Canary | undefined {
  if (values.canary === undefined) return undefined;
  const canary = canaries.get(values.canary);
  if (canary === undefined) throw new Error(`there is no canary ${values.canary}; there are ${[...canaries.keys()].join(', ')}`);
  return canary;
}

function rate(seeds: number, startMs: number): string {
  const seconds = (performance.now() - startMs) / 1000;
  return `${seeds.toLocaleString('en')} seeds in ${seconds.toFixed(1)} s, ${Math.round(seeds / seconds)}/s`;
}

async function report(testCase: Case, canary: Canary | undefined): Promise<void> {
  const smallest = await shrink(testCase, async smaller => (await runCase(smaller, canary)).problem !== undefined);
  const { problem, trace } = await runCase(smallest, canary);
  const lines = values.trace ? trace : trace.slice(-TRACE_SHOWN);
  console.log(`\nMade as small as it fails:\n\n${describeCase(smallest)}\n`);
  console.log([...(lines.length < trace.length ? ['...'] : []), ...lines].join('\n'));
  console.log(`\n${problem}\n`);
  const planted = values.canary === undefined ? '' : ` --canary ${values.canary}`;
  console.log(`Replay: npm run sim -- --seed ${testCase.seed}${planted}`);
  if (canary === undefined) console.log(`Keep it when it is repaired: a line '${testCase.seed}  # what it was' in sim/seeds.txt`);
}

async function main(): Promise<boolean> {
  const canary = canaryAsked();
  const startMs = performance.now();
  let shownMs = startMs;
  let seeds = 0;
  let failed = 0;
  for (const seed of seedsAsked()) {
    const testCase = drawCase(seed);
    const { problem, trace } = await runCase(testCase, canary);
    seeds++;
    if (values.trace && values.seed !== undefined) console.log(`${describeCase(testCase)}\n\n${trace.join('\n')}\n`);
    if (performance.now() > shownMs + PROGRESS_MS) {
      shownMs = performance.now();
      console.log(`${rate(seeds, startMs)}, at seed ${seed}`);
    }
    if (problem === undefined) continue;
    if (failed++ > 0) {
      console.log(`seed ${seed} fails: ${problem.replaceAll(/\s*\n\s*/g, ' | ').slice(0, 200)}`);
      continue;
    }
    console.log(`seed ${seed} fails after ${rate(seeds, startMs)}\n\n${describeCase(testCase)}\n\n${problem}`);
    await report(testCase, canary);
    if (!values.all) break;
  }
  if (failed === 0) console.log(`${rate(seeds, startMs)}: all results are there once`);
  else if (values.all) console.log(`${rate(seeds, startMs)}: ${failed} fail`);
  if (canary !== undefined) console.log(failed > 0 ? 'The canary was found.' : 'The canary was NOT found.');
  return canary === undefined ? failed === 0 : failed > 0;
}

if (values.help) console.log(USAGE);
else process.exitCode = (await main()) ? 0 : 1;
