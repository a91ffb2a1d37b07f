import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { millraceRun, PEAK_MEMORY, runNode } from '../contenders/command-line.ts';
import type { BenchCase, Outcome } from '../harness/case.ts';

const FLIGHTS = 3_000_000;
const program = new URL('../../examples/flights/flights.ts', import.meta.url);

function millrace(): Promise<Outcome> {
  return runNode([...PEAK_MEMORY, ...millraceRun(program)], ({ elapsedMs, directory }) => {
    const peakMb = Number(readFileSync(join(directory, 'peak-memory'), 'utf8'));
    const lines = readFileSync(join(directory, 'out/delays.jsonl'), 'utf8').trimEnd().split('\n');
    const flights = lines.reduce((total, line) => total + JSON.parse(line).flights, 0);
    if (flights !== FLIGHTS) throw new Error(`the windows of the flights example hold ${flights} flights`);
    return { checksum: flights, records: FLIGHTS, elapsedMs, figures: { seconds: elapsedMs / 1000, peakMb } };
  });
}

export const flights: BenchCase = {
  name: 'flights',
  title: 'the example of 3,000,000 flights, by `millrace run`',
  warmUps: 0,
  runs: 1,
  maxRounds: 3,
  contenders: [{ name: 'millrace run flights.ts', prepare: () => ({ run: millrace }) }],
  claims: [
    { kind: 'figure', of: 'millrace run flights.ts', figure: 'seconds', atMost: 15 },
    { kind: 'figure', of: 'millrace run flights.ts', figure: 'peakMb', atMost: 500 },
  ],
};
