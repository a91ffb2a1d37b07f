import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { dataset } from '../datasets.ts';
import { startProgram } from '../start-program.ts';

const HOUR_MS = 3_600_000;

const Line = z.object({
  until: z.iso.datetime().transform(Date.parse),
  readings: z.number(),
  mean: z.number(),
  variance: z.number(),
  stddev: z.number(),
});

test('slides a day over the year, hour by hour', async () => {
  const program = startProgram('sliding-stats/sliding-stats.ts');
  const { code, stderr } = await program.ended;
  expect(code, stderr).toBe(0);
  const lines = readFileSync(join(program.folder, 'out/temperature.jsonl'), 'utf8').trim().split('\n');
  const results = lines.map(line => Line.parse(JSON.parse(line)));

  const rows = readFileSync(dataset('seattle-weather-hourly-normals.csv'), 'utf8').trim().split(/\r?\n/).slice(1);
  const normals = rows.map(row => {
    const [date, , temperature] = row.split(',');
    return { at: Date.parse(`${date}Z`) + 8 * HOUR_MS, temperature: Number(temperature) };
  });
  const first = normals[0]?.at ?? NaN;
  const last = normals.at(-1)?.at ?? NaN;

  let i = 0;
  for (let until = first + HOUR_MS; until <= last + 24 * HOUR_MS; until += HOUR_MS) {
    const day = normals.filter(({ at }) => at >= until - 24 * HOUR_MS && at < until).map(({ temperature }) => temperature);
    const mean = day.reduce((a, b) => a + b) / day.length;
    const variance = day.reduce((sum, t) => sum + (t - mean) ** 2, 0) / day.length;
    const result = results[i++];
    expect(result).toMatchObject({ until, readings: day.length });
    expect(result?.mean).toBeCloseTo(mean, 8);
    expect(result?.variance).toBeCloseTo(variance, 8);
    expect(result?.stddev).toBeCloseTo(Math.sqrt(variance), 8);
  }
  expect(results).toHaveLength(i);
});
