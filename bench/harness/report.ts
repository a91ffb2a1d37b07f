import { availableParallelism, cpus, totalmem } from 'node:os';
import type { BenchCase, Claim } from './case.ts';
import type { Sample } from './sample.ts';
import type { Samples } from './rounds.ts';
import { type Spread, spread } from './statistics.ts';
import { type Verdict, verdicts } from './verdicts.ts';

/** The results of one case as Markdown. */
export function caseReport(bench: BenchCase, samples: Samples): { text: string; missed: number } {
  const judged = verdicts(bench, samples);
  const contenders = [...samples].map(([name, of]) => [name, ...speedOf(of)]);
  const claims = judged.map(verdict => [claimText(verdict.claim), ...spreadText(verdict), boundText(verdict.claim), verdictText(verdict)]);
  const sections = [`## ${bench.name}: ${bench.title}`, table(['contender', 'time', 'records/s', 'other'], contenders)];
  if (claims.length > 0) sections.push(table(['claim', 'min', 'median', 'max', 'target', 'verdict'], claims));
  return { text: sections.join('\n\n'), missed: judged.filter(({ met }) => met === false).length };
}

/** What the numbers depend on. */
export function machineReport(command: string, rounds: number): string {
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return [
    `- command: \`${command}\``,
    `- date: ${new Date().toISOString().slice(0, 10)}`,
    `- Node ${process.version}, V8 ${process.versions.v8}, ${process.platform} ${process.arch}`,
    `- ${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores, ${gigabytes} GB`,
    `- rounds: ${rounds}`,
  ].join('\n');
}

function speedOf(samples: readonly Sample[]): [time: string, speed: string, other: string] {
  const timeMs = spread(samples.map(({ elapsedMs }) => elapsedMs)).median;
  const { records } = samples[0]!;
  const other = Object.keys(samples[0]!.figures).map(
    name => `${name} ${number(spread(samples.map(({ figures }) => figures[name]!)).median)}`,
  );
  return [`${number(timeMs)} ms`, records > 1 ? perSecond(records / timeMs) : '', other.join(', ')];
}

function perSecond(perMs: number): string {
  return perMs >= 1000 ? `${number(perMs / 1000)} M` : `${number(perMs)} k`;
}

function claimText(claim: Claim): string {
  return claim.kind === 'ratio' ? `${claim.of} / ${claim.to}` : `${claim.of}: ${claim.figure}`;
}

function boundText(claim: Claim): string {
  if (claim.kind === 'ratio') return claim.atLeast === undefined ? '' : `≥ ${claim.atLeast}`;
  return claim.atMost === undefined ? '' : `≤ ${claim.atMost}`;
}

function spreadText({ spread: { min, median, max } }: { spread: Spread }): string[] {
  return [min, median, max].map(number);
}

function verdictText({ met }: Verdict): string {
  return met === undefined ? 'reported' : met ? 'met' : 'MISSED';
}

/** Three significant digits, and no fewer than there are before the point. */
function number(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toPrecision(3);
}

/** A Markdown table whose columns also line up as text. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const used = head.map((_, column) => rows.some(row => row[column] !== ''));
  const kept = (row: readonly string[]) => row.filter((_, column) => used[column]);
  const lines = [head, ...rows].map(kept);
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map(line => line[column]!.length)));
  const numeric = lines[0]!.map(
    (_, column) => column > 0 && lines.slice(1).every(line => /^[\d≥≤-]/.test(line[column]!) || line[column] === ''),
  );
  const pad = (text: string, column: number) => (numeric[column] ? text.padStart(widths[column]!) : text.padEnd(widths[column]!));
  const [first, ...rest] = lines.map(line => `| ${line.map(pad).join(' | ')} |`);
  const rule = `|${widths.map((width, column) => (numeric[column] ? `${'-'.repeat(width + 1)}:` : '-'.repeat(width + 2))).join('|')}|`;
  return [first, rule, ...rest].join('\n');
}
