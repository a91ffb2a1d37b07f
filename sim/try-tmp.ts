import { drawCase } from './case/draw.ts';
import { runCase } from './run/run-case.ts';
import { canaries } from './run/canaries.ts';
const [from, to, name, show] = process.argv.slice(2);
let bad = 0; const t0 = performance.now(); let n = 0; const classes = new Map<string, number[]>();
for (let seed = Number(from); seed <= Number(to); seed++) {
  let problem: string | undefined; let trace: readonly string[] = [];
  try { ({ problem, trace } = await runCase(drawCase(seed), name && name !== '-' ? canaries.get(name) : undefined)); } catch (e) { problem = 'THROWN ' + (e as Error).stack; }
  n++;
  if (show) { console.log(trace.join('\n')); console.log(JSON.stringify({ ...drawCase(seed), sources: undefined }, null, 1)); console.log(problem); }
  if (problem !== undefined) { bad++; const c = problem.replace(/\d+/g, 'N').slice(0, 110).replace(/\n/g, ' | '); const l = classes.get(c) ?? []; l.push(seed); classes.set(c, l); }
}
for (const [c, seeds] of [...classes].sort((a, b) => b[1].length - a[1].length).slice(0, 25)) console.log(seeds.length, c, seeds.slice(0, 6).join(' '));
console.log(`${n} seeds, ${bad} bad, ${(n / (performance.now() - t0) * 1000).toFixed(0)} seeds/s`);
