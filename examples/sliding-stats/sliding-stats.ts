// The temperature in Seattle over a year of hourly normals: every hour, mean and spread of the 24 hours before.
//
//   npm run millrace -- run examples/sliding-stats/sliding-stats.ts
//
// Writes out/temperature.jsonl. A window of 24 hours every hour means that each reading counts in 24 windows; it is added up once all the same,
// because windows that overlap share their parts.

import { count, mean, pipeline, sliding, stddev, variance } from 'millrace';
import { file } from 'millrace/connectors/file';
import { csv } from 'millrace/formats/csv';
import { z } from 'zod';
import { dataset } from '../datasets.ts';

const Normal = z.object({ date: z.string(), temperature: z.number() });

const p = pipeline('sliding-stats');

p.from(file({ path: dataset('seattle-weather-hourly-normals.csv'), format: csv({ schema: Normal }) }))
  // The clock of Seattle in winter, all year.
  .eventTime(n => Date.parse(`${n.date}-08:00`))
  .keyBy(() => 'Seattle')
  .window(sliding('24h', '1h'))
  .aggregate({
    readings: count(),
    mean: mean(n => n.temperature),
    variance: variance(n => n.temperature),
    stddev: stddev(n => n.temperature),
  })
  .map(({ window, ...stats }) => ({ until: new Date(window.end), ...stats }))
  .to(file({ path: 'out/temperature.jsonl' }));

export default p;
