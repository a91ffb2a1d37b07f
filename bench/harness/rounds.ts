import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BenchCase, Contender, Scale } from './case.ts';
import type { Sample } from './sample.ts';

/** Samples of each contender, one for each round. */
export type Samples = ReadonlyMap<string, readonly Sample[]>;

/** Elapsed time; or the processor time of the main thread, which says more where the machine is busy with other things. */
export type Clock = 'wall' | 'cpu';

export interface RoundOptions {
  readonly rounds: number;
  readonly scale: Scale;
  readonly clock: Clock;
}

/**
 * Runs all contenders of a case one after another, round after round, so that what else the machine does meets all of them alike.
 *
 * @throws Error when contenders that do the same work come to different checksums
 */
export async function runRounds(
  bench: BenchCase,
  { rounds, scale, clock }: RoundOptions,
  progress: (text: string) => void,
): Promise<Samples> {
  await bench.setUp?.(scale);
  const samples = new Map<string, Sample[]>(bench.contenders.map(({ name }) => [name, []]));
  const checksums = new Map<string, { checksum: number; by: string }>();
  const count = Math.min(rounds, bench.maxRounds ?? rounds);
  for (let round = 1; round <= count; round++) {
    for (const contender of bench.contenders) {
      progress(`${bench.name}, round ${round} of ${count}: ${contender.name}`);
      const sample = await runContender(bench, contender, scale, clock);
      const work = contender.work ?? bench.name;
      const known = checksums.get(work);
      if (known === undefined) checksums.set(work, { checksum: sample.checksum, by: contender.name });
      else if (known.checksum !== sample.checksum) {
        throw new Error(`${bench.name}: ${contender.name} came to the checksum ${sample.checksum}, ${known.by} to ${known.checksum}`);
      }
      samples.get(contender.name)!.push(sample);
    }
  }
  return samples;
}

function runContender(bench: BenchCase, contender: Contender, scale: Scale, clock: Clock): Promise<Sample> {
  const child = fork(fileURLToPath(new URL('contender-process.ts', import.meta.url)), [bench.name, contender.name, String(scale), clock], {
    execArgv: ['--conditions=millrace-source', '--expose-gc', ...(contender.nodeOptions ?? [])],
  });
  return new Promise((resolve, reject) => {
    let sample: Sample | undefined;
    child.on('message', message => {
      sample = message as Sample;
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (sample !== undefined && code === 0) resolve(sample);
      else reject(new Error(`${bench.name}: the process of ${contender.name} ended with ${signal ?? code}`));
    });
  });
}
