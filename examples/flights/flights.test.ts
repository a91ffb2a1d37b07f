import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { asyncBufferFromFile, parquetRead } from 'hyparquet';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { dataset } from '../datasets.ts';
import { startProgram } from '../start-program.ts';

const DAY_MS = 86_400_000;

interface Delays {
  flights: number;
  sum: number;
  worst: number;
}

const Line = z.object({ airport: z.string(), day: z.iso.date(), flights: z.number(), mean: z.number(), worst: z.number() });

/** A column as it stands in the file, by another way than the program reads it. */
async function column<T>(name: string, convert: (value: unknown) => T): Promise<T[]> {
  const parts: { from: number; values: T[] }[] = [];
  await parquetRead({
    file: await asyncBufferFromFile(dataset('flights-3m.parquet')),
    columns: [name],
    compressors: { ZSTD: bytes => zstdDecompressSync(bytes) },
    onChunk: ({ columnData, rowStart }) => void parts.push({ from: rowStart, values: Array.from(columnData, convert) }),
  });
  return parts.sort((a, b) => a.from - b.from).flatMap(({ values }) => values);
}

function addTo(groups: Map<string, Delays>, id: string, delay: number): void {
  const group = groups.get(id);
  if (group === undefined) groups.set(id, { flights: 1, sum: delay, worst: delay });
  else {
    group.flights++;
    group.sum += delay;
    group.worst = Math.max(group.worst, delay);
  }
}

/** The same by a loop over the columns. */
async function aggregate(): Promise<{ days: Map<string, Delays>; routes: Map<string, Delays> }> {
  const days = new Map<string, Delays>();
  const routes = new Map<string, Delays>();
  const delays = await column('delay', Number);
  const origins = await column('origin', String);
  const destinations = await column('destination', String);
  const dates = await column('date', date => (date instanceof Date ? Math.floor(date.getTime() / DAY_MS) : NaN));
  for (const [i, delay] of delays.entries()) {
    addTo(days, `${origins[i]} ${dates[i]}`, delay);
    addTo(routes, `${origins[i]} → ${destinations[i]}`, delay);
  }
  return { days, routes };
}

test('aggregates three million flights', async () => {
  const program = startProgram('flights/flights.ts');
  const { code, stdout, stderr } = await program.ended;
  expect(code, stderr).toBe(0);
  expect(stderr).toContain('3,000,000 events');
  expect(existsSync(join(program.folder, 'flights.rejects.jsonl'))).toBe(false);
  const { days, routes } = await aggregate();

  const lines = readFileSync(join(program.folder, 'out/delays.jsonl'), 'utf8').trim().split('\n');
  const results = lines.map(line => Line.parse(JSON.parse(line)));
  expect(new Set(results.map(({ airport, day }) => `${airport} ${Date.parse(day) / DAY_MS}`))).toEqual(new Set(days.keys()));
  expect(results).toHaveLength(days.size);
  const wrong = results.filter(({ airport, day, flights, mean, worst }) => {
    const expected = days.get(`${airport} ${Date.parse(day) / DAY_MS}`);
    return !(expected && flights === expected.flights && worst === expected.worst && Math.abs(mean - expected.sum / flights) < 1e-9);
  });
  expect(wrong).toEqual([]);

  const worstRoutes = [...routes]
    .filter(([, { flights }]) => flights >= 500)
    .sort(([, a], [, b]) => b.sum / b.flights - a.sum / a.flights)
    .slice(0, 10);
  const [header, , ...rows] = stdout.trimEnd().split('\n');
  expect(header).toMatch(/^route +flights +mean delay \(min\) +longest \(min\)$/);
  expect(rows).toHaveLength(10);
  for (const [i, [route, { flights, sum, worst }]] of worstRoutes.entries()) {
    const [from, arrow, to, ...figures] = rows[i]?.trim().split(/ +/) ?? [];
    expect([from, arrow, to].join(' ')).toBe(route);
    const [shownFlights, shownMean, shownWorst] = figures.map(figure => Number(figure.replaceAll(',', '')));
    expect(shownFlights).toBe(flights);
    expect(shownMean).toBeCloseTo(sum / flights, 2);
    expect(shownWorst).toBe(worst);
  }
});
