import { totalmem } from 'node:os';
import { pipeline } from 'millrace';
import { callback } from 'millrace/connectors/memory';
import { expect, test } from 'vitest';
import { startProgram } from '../start-program.ts';
import { machine, type Sample } from './machine.ts';

test('shows windows that hold every sample', async () => {
  const { code, stdout, stderr } = await startProgram('machine-metrics/machine-metrics.ts', '40', '10').ended;
  expect(code, stderr).toBe(0);
  const [header, , ...lines] = stdout.trimEnd().split('\n');
  expect(header).toMatch(/^until +samples +cpu % +peak % +load +memory MiB$/);
  let all = 0;
  for (const line of lines) {
    const [day, time, ...figures] = line.split(/ +/);
    expect(Date.parse(`${day}T${time}Z`) % 5_000).toBe(0);
    const [samples = NaN, cpu = NaN, peak = NaN, load = NaN, memory = NaN] = figures.map(Number);
    all += samples;
    expect(cpu).toBeGreaterThanOrEqual(0);
    expect(peak).toBeGreaterThanOrEqual(cpu);
    expect(peak).toBeLessThanOrEqual(100);
    expect(load).toBeGreaterThanOrEqual(0);
    expect(memory).toBeGreaterThan(0);
    expect(memory * 2 ** 20).toBeLessThan(totalmem());
  }
  expect(all).toBe(40);
});

test('goes on until it is stopped', async () => {
  const samples: Sample[] = [];
  const enough = Promise.withResolvers<void>();
  const p = pipeline('samples');
  const take = (sample: Sample) => {
    if (samples.push(sample) === 3) enough.resolve();
  };
  p.from(machine(5, Infinity)).to(callback(take));
  const startedAt = Date.now();
  const job = p.start();
  await enough.promise;
  const { outcome, metrics } = await job.stop();
  expect(outcome).toBe('finished');
  expect(metrics.recordsIn).toBe(samples.length);
  const times = samples.map(({ at }) => at);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(times[0]).toBeGreaterThanOrEqual(startedAt);
  expect(times.at(-1)).toBeLessThanOrEqual(Date.now());
});
