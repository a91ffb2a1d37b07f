import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { dataset } from '../datasets.ts';
import { startProgram } from '../start-program.ts';

const HOUR_MS = 3_600_000;
const GAP_MS = 6 * HOUR_MS;
const OUT_OF_ORDER_MS = 48 * HOUR_MS;

const Quake = z.object({
  time: z.number(),
  updated: z.number(),
  mag: z.number(),
  place: z.string(),
  latitude: z.number(),
  longitude: z.number(),
});
const Swarm = z.object({
  key: z.tuple([z.number(), z.number()]),
  window: z.object({ start: z.number(), end: z.number() }),
  quakes: z.number(),
  strongest: Quake,
});
const Feed = z.object({
  features: z.array(
    z.object({
      properties: z.object({ time: z.number(), updated: z.number(), mag: z.number(), place: z.string() }),
      geometry: z.object({ coordinates: z.array(z.number()) }),
    }),
  ),
});

function readLines<T>(path: string, schema: z.ZodType<T>): T[] {
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  return lines.map(line => schema.parse(JSON.parse(line)));
}

interface Span {
  place: string;
  start: number;
  end: number;
  quakes: number;
  mag: number;
}

/** What overlaps at one place is made one. */
function merged(spans: readonly Span[]): Span[] {
  const result: Span[] = [];
  for (const { ...span } of [...spans].sort((a, b) => a.place.localeCompare(b.place) || a.start - b.start)) {
    const before = result.at(-1);
    if (before === undefined || before.place !== span.place || span.start >= before.end) result.push(span);
    else {
      before.end = Math.max(before.end, span.end);
      before.quakes += span.quakes;
      before.mag = Math.max(before.mag, span.mag);
    }
  }
  return result;
}

test('finds the swarms of a week, whatever the order', async () => {
  const program = startProgram('earthquakes/earthquakes.ts', '20');
  const { code, stdout, stderr } = await program.ended;
  expect(code, stderr).toBe(0);
  const swarms = readLines(join(program.folder, 'out/swarms.jsonl'), Swarm);
  const late = readLines(join(program.folder, 'out/late.jsonl'), Quake);
  const { features } = Feed.parse(JSON.parse(readFileSync(dataset('earthquakes.json'), 'utf8')));
  const feed = features
    .map(({ properties, geometry }) =>
      Quake.parse({ ...properties, longitude: geometry.coordinates[0], latitude: geometry.coordinates[1] }),
    )
    .sort((a, b) => a.updated - b.updated);

  // Every quake is in a swarm or late.
  expect(feed).toHaveLength(1707);
  expect(swarms.reduce((sum, { quakes }) => sum + quakes, 0) + late.length).toBe(feed.length);

  // What is late came when one was known that is younger by the gap and by as much as events may be out of order.
  expect(late.length).toBeGreaterThan(0);
  const newestBefore = new Map<string, number>();
  let newest = -Infinity;
  for (const quake of feed) {
    newestBefore.set(JSON.stringify(quake), newest);
    newest = Math.max(newest, quake.time);
  }
  const tooEarly = late.filter(q => q.time + GAP_MS + OUT_OF_ORDER_MS > (newestBefore.get(JSON.stringify(q)) ?? -Infinity));
  expect(tooEarly).toEqual([]);

  // All others are in a swarm of their place, which goes on for as long as there is never a quiet gap. One that came when its swarm had been
  // written has a swarm of its own, which overlaps that one.
  const isLate = new Set(late.map(quake => JSON.stringify(quake)));
  const inTime = feed.filter(quake => !isLate.has(JSON.stringify(quake)));
  const single = inTime.map(({ time, mag, latitude, longitude }) => ({
    place: `${Math.floor(latitude)} ${Math.floor(longitude)}`,
    start: time,
    end: time + GAP_MS,
    quakes: 1,
    mag,
  }));
  const written = swarms.map(({ key, window, quakes, strongest }) => ({ place: key.join(' '), ...window, quakes, mag: strongest.mag }));
  expect(merged(written)).toEqual(merged(single));

  // The table shows the large ones.
  const [, , ...rows] = stdout.trimEnd().split('\n');
  const large = swarms
    .filter(({ quakes }) => quakes >= 10)
    .map(({ quakes, strongest }) => [String(quakes), String(strongest.mag), strongest.place]);
  expect(large.length).toBeGreaterThan(0);
  expect(rows.map(row => row.trim().split(/ {2,}/).slice(2))).toEqual(large);
});
