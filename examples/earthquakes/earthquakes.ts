// Swarms of earthquakes: within one degree of latitude and longitude, never six hours without one. A week of real quakes is replayed in the
// order in which they became known, some after minutes and some after days, so that event time runs far out of order.
//
//   npm run millrace -- run examples/earthquakes/earthquakes.ts                 a day in a second
//   npm run millrace -- run examples/earthquakes/earthquakes.ts -- 100          a day in 100 ms
//
// Shows the swarms of ten quakes and more, writes all of them to out/swarms.jsonl, and what came too late for its swarm to out/late.jsonl.

import { count, maxBy, pipeline, session, sideTag } from 'millrace';
import { consoleTable } from 'millrace/connectors/console';
import { file } from 'millrace/connectors/file';
import { fromIterable } from 'millrace/connectors/memory';
import { type Quake, replay } from './feed.ts';

const msPerDay = Number(process.argv[2] ?? 1_000);
const late = sideTag<Quake>('late');

const p = pipeline('earthquakes');

const swarms = p
  .from(fromIterable(() => replay(msPerDay), { bounded: true }))
  // Nine of ten are known after two days. To wait for the last one would hold every swarm back for a week.
  .eventTime(quake => quake.time, { outOfOrderness: '2d' })
  .keyBy(({ latitude, longitude }) => [Math.floor(latitude), Math.floor(longitude)])
  .window(session('6h'))
  .sideOutputLateData(late)
  .aggregate({ quakes: count(), strongest: maxBy(quake => quake.mag) });

swarms.to(file({ path: 'out/swarms.jsonl' }));
swarms.sideOutput(late).to(file({ path: 'out/late.jsonl' }));

swarms
  .filter(({ quakes }) => quakes >= 10)
  .to(
    consoleTable({
      columns: {
        from: ({ window }) => new Date(window.start),
        to: ({ window }) => new Date(window.end),
        quakes: ({ quakes }) => quakes,
        strongest: ({ strongest }) => strongest.mag,
        at: ({ strongest }) => strongest.place,
      },
    }),
  );

export default p;
