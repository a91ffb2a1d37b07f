// The process of one contender in one round: prepares, warms up, measures, and sends the sample to the driver. Started by hand, as with a
// profiler, it prints the sample.

import { caseNamed } from '../cases/index.ts';
import type { Outcome } from './case.ts';
import type { Sample } from './sample.ts';

const [caseName = '', contenderName = '', scale = '1', clock = 'wall'] = process.argv.slice(2);
const bench = caseNamed(caseName);
const contender = bench.contenders.find(({ name }) => name === contenderName);
if (contender === undefined) throw new Error(`case ${caseName} has no contender '${contenderName}'`);

const prepared = await contender.prepare(Number(scale));
for (let i = 0; i < bench.warmUps; i++) await prepared.run();

const outcomes: Outcome[] = [];
const times: number[] = [];
for (let i = 0; i < bench.runs; i++) {
  gc?.();
  const startedAt = now();
  const outcome = await prepared.run();
  const elapsedMs = now() - startedAt;
  outcomes.push(outcome);
  times.push(outcome.elapsedMs ?? elapsedMs);
}
const first = outcomes[0]!;
for (const { checksum } of outcomes) {
  if (checksum !== first.checksum) throw new Error(`two runs of ${contenderName} came to ${first.checksum} and ${checksum}`);
}
const sample: Sample = {
  checksum: first.checksum,
  records: first.records,
  elapsedMs: Math.min(...times),
  figures: { ...outcomes.at(-1)!.figures, ...(await prepared.figures?.()) },
};
if (process.send === undefined) console.log(sample);
else process.send(sample, () => process.disconnect());

/** Milliseconds on the clock that was asked for. */
function now(): number {
  if (clock === 'wall') return performance.now();
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
