// A pipeline over a file with windows, timers and a join, that a test kills again and again: node killed-program.ts DIRECTORY EPOCH_MS NS_PER_RECORD
import { join } from 'node:path';
import { file } from '../../src/connectors/file/index.ts';
import { count, mapState, pipeline, sum, tumbling } from '../../src/index.ts';
import { Event } from './killed-job.ts';

const [directory = '.', epochMs = '50', nsPerRecord = '0'] = process.argv.slice(2);

/** Takes its time over a record, so that there is something to kill. */
function dawdle<T>(record: T): T {
  const until = process.hrtime.bigint() + BigInt(nsPerRecord);
  while (process.hrtime.bigint() < until);
  return record;
}

const p = pipeline('killed');
const events = p
  .from(file({ path: join(directory, 'events.jsonl'), schema: Event }))
  .map(dawdle)
  .eventTime(e => e.at, { outOfOrderness: '2s' });
const out = (name: string) => file({ directory: join(directory, name), format: 'json', rollBytes: 20_000 });

events
  .keyBy('k')
  .window(tumbling('1s'))
  .aggregate({ n: count(), total: sum(e => e.v) })
  .to(out('windows'));

events
  .keyBy('k')
  .process({
    state: { totals: mapState<number, number>('totals') },
    onRecord(e, ctx) {
      const end = Math.floor(e.at / 500) * 500 + 500;
      ctx.state.totals.set(end, (ctx.state.totals.get(end) ?? 0) + e.v);
      ctx.timers.event(end);
    },
    *onTimer({ timeMs }, ctx) {
      yield { key: ctx.key, end: timeMs, total: ctx.state.totals.get(timeMs) ?? 0 };
      ctx.state.totals.delete(timeMs);
    },
  })
  .to(out('timers'));

events
  .filter(e => e.v % 2 === 0)
  .keyBy('k')
  .intervalJoin(events.filter(e => e.v % 2 === 1).keyBy('k'))
  .between('-20ms', '20ms')
  .join((even, odd) => ({ even: even.id, odd: odd.id }))
  .to(out('joins'));

console.log('running');
const { outcome } = await p.run({ state: join(directory, 'state'), epochInterval: Number(epochMs) });
console.log(outcome);
