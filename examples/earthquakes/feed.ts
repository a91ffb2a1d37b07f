import { setTimeout } from 'node:timers/promises';
import { pipeline } from 'millrace';
import { file } from 'millrace/connectors/file';
import { jsonDocument } from 'millrace/formats/json';
import { z } from 'zod';
import { dataset } from '../datasets.ts';

const DAY_MS = 86_400_000;

/** `time` is when the earth quaked, `updated` when the survey last published something about it, both in epoch milliseconds. */
export const Quake = z
  .object({
    properties: z.object({ time: z.number(), updated: z.number(), mag: z.number(), place: z.string() }),
    geometry: z.object({ coordinates: z.tuple([z.number(), z.number(), z.number()]) }),
  })
  .transform(({ properties, geometry: { coordinates } }) => ({ ...properties, longitude: coordinates[0], latitude: coordinates[1] }));

export type Quake = z.infer<typeof Quake>;

/** All earthquakes of a week that the geological survey of the USA knows of: https://earthquake.usgs.gov/earthquakes/feed */
const feed = file({ path: dataset('earthquakes.json'), format: jsonDocument({ path: 'features', schema: Quake }) });

/** The quakes as they came to be known, ordered by `updated`; each day of that within `msPerDay` milliseconds. */
export async function* replay(msPerDay: number): AsyncGenerator<Quake> {
  const quakes: Quake[] = [];
  for await (const quake of pipeline('feed').from(feed)) quakes.push(quake);
  quakes.sort((a, b) => a.updated - b.updated);
  const startedAtMs = Date.now();
  for (const quake of quakes) {
    const dueAtMs = startedAtMs + ((quake.updated - (quakes[0]?.updated ?? 0)) / DAY_MS) * msPerDay;
    if (dueAtMs > Date.now()) await setTimeout(dueAtMs - Date.now());
    yield quake;
  }
}
