// Three million real flights within the USA, January to June 2001: the delays of each airport and day, and the worst routes.
//
//   npm start        or: npm run millrace -- run examples/flights/flights.ts
//
// Writes out/delays.jsonl, a line for each airport and day, and shows the ten routes with the longest delays.

import { count, eventTimeTrigger, globalWindow, max, mean, pipeline, tumbling } from 'millrace';
import { consoleTable } from 'millrace/connectors/console';
import { file } from 'millrace/connectors/file';
import { z } from 'zod';
import { dataset } from '../datasets.ts';

/** `date` is when the flight departed, by the clocks of its origin; `delay` how many minutes late it arrived, below 0 when it was early. */
const Flight = z.object({ date: z.date(), delay: z.number(), origin: z.string(), destination: z.string() });

const p = pipeline('flights');

// The file is sorted by date, so nothing comes out of order. Its dates name no time zone and are read as UTC: a day of UTC is then a day of
// the airport's own calendar.
const flights = p.from(file({ path: dataset('flights-3m.parquet'), schema: Flight })).eventTime(f => f.date);

flights
  .keyBy('origin')
  .window(tumbling('1d'))
  .aggregate({ flights: count(), mean: mean(f => f.delay), worst: max(f => f.delay) })
  .map(({ key, window, ...delays }) => ({ airport: key, day: new Date(window.start).toISOString().slice(0, 10), ...delays }))
  .to(file({ path: 'out/delays.jsonl' }));

// A route is judged by all of its flights: one window that ends with the input.
flights
  .keyBy(f => `${f.origin} → ${f.destination}`)
  .window(globalWindow())
  .trigger(eventTimeTrigger())
  .aggregate({ flights: count(), mean: mean(f => f.delay), worst: max(f => f.delay) })
  .filter(route => route.flights >= 500)
  .keyBy(() => 'all routes')
  .window(globalWindow())
  .trigger(eventTimeTrigger())
  .process((_key, _window, routes) => [...routes].sort((a, b) => b.mean - a.mean).slice(0, 10))
  .to(
    consoleTable({
      columns: { route: r => r.key, flights: r => r.flights, 'mean delay (min)': r => r.mean, 'longest (min)': r => r.worst },
    }),
  );

export default p;
