import { pipeline } from 'millrace';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { startProgram } from '../start-program.ts';
import { readings } from './readings.ts';

const Result = z.object({ sensor: z.string(), minute: z.iso.datetime(), lowest: z.number(), highest: z.number() });

test('finds the highest average of 5 seconds in each minute', async () => {
  const { code, stdout, stderr } = await startProgram('sensors/sensors.ts').ended;
  expect(code, stderr).toBe(0);
  const results = stdout
    .trim()
    .split('\n')
    .map(line => Result.parse(JSON.parse(line)));

  const averages = new Map<string, { sum: number; n: number }>();
  for await (const { sensor, measuredAt, celsius } of pipeline('readings').from(readings)) {
    const id = `${sensor} ${Math.floor(measuredAt / 5_000)}`;
    const average = averages.get(id) ?? { sum: 0, n: 0 };
    averages.set(id, { sum: average.sum + celsius, n: average.n + 1 });
  }
  const minutes = new Map<string, number[]>();
  for (const [id, { sum, n }] of averages) {
    const [sensor, fiveSeconds] = id.split(' ');
    const minute = new Date(Math.floor(Number(fiveSeconds) / 12) * 60_000).toISOString();
    const inMinute = minutes.get(`${sensor} ${minute}`) ?? [];
    minutes.set(`${sensor} ${minute}`, [...inMinute, sum / n]);
  }

  expect(results).toHaveLength(minutes.size);
  for (const { sensor, minute, lowest, highest } of results) {
    const expected = minutes.get(`${sensor} ${minute}`) ?? [];
    expect(lowest).toBeCloseTo(Math.min(...expected), 10);
    expect(highest).toBeCloseTo(Math.max(...expected), 10);
  }
});
