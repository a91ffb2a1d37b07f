import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { count, pipeline, tumbling } from 'millrace';
import { file } from 'millrace/connectors/file';
import { callback } from 'millrace/connectors/memory';
import { HandMadeWindows } from '../contenders/windows.ts';
import type { BenchCase, Outcome } from '../harness/case.ts';
import { Checksum } from '../inputs/checksum.ts';
import { dataFile } from '../inputs/files.ts';
import { UserEvent, writeJsonLines } from '../inputs/json-events.ts';

const LINES = 500_000;
const KEYS = 10_000;
const EVENTS_PER_SECOND = 10_000;
const outOfOrdernessMs = 2000;
const sizeMs = 10_000;

const path = dataFile('events.jsonl');

async function millrace(lines: number): Promise<Outcome> {
  const checksum = new Checksum();
  const p = pipeline('json-lines');
  p.from(file({ path, schema: UserEvent }))
    .eventTime(event => event.time, { outOfOrderness: outOfOrdernessMs })
    .keyBy(event => event.user)
    .window(tumbling(sizeMs))
    .aggregate({ events: count() })
    .to(callback(result => checksum.addWindow(result.window.end, result.events, 0)));
  await p.run();
  return { checksum: checksum.value, records: lines };
}

/** The records are not checked against a schema. */
async function byHand(lines: number): Promise<Outcome> {
  const checksum = new Checksum();
  const windows = new HandMadeWindows({ sizeMs, slideMs: sizeMs, outOfOrdernessMs }, result =>
    checksum.addWindow(result.window.end, result.events, 0),
  );
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    const event: { user: string; time: number } = JSON.parse(line);
    windows.add(event.user, 0, event.time);
  }
  windows.end();
  return { checksum: checksum.value, records: lines };
}

/** By events in place of an asynchronous loop, which is quicker and less often seen. */
async function byHandWithEvents(lines: number): Promise<Outcome> {
  const checksum = new Checksum();
  const windows = new HandMadeWindows({ sizeMs, slideMs: sizeMs, outOfOrdernessMs }, result =>
    checksum.addWindow(result.window.end, result.events, 0),
  );
  const closed = Promise.withResolvers<void>();
  createInterface({ input: createReadStream(path), crlfDelay: Infinity })
    .on('line', line => {
      const event: { user: string; time: number } = JSON.parse(line);
      windows.add(event.user, 0, event.time);
    })
    .on('close', closed.resolve);
  await closed.promise;
  windows.end();
  return { checksum: checksum.value, records: lines };
}

export const jsonLines: BenchCase = {
  name: 'json-lines',
  title: 'a JSON Lines file, by a schema, to a count for each of 10,000 keys in tumbling windows',
  warmUps: 1,
  runs: 2,
  setUp: scale => writeJsonLines(path, LINES * scale, KEYS, EVENTS_PER_SECOND, outOfOrdernessMs),
  contenders: [
    { name: 'millrace', prepare: scale => ({ run: () => millrace(LINES * scale) }) },
    { name: 'readline, for await', prepare: scale => ({ run: () => byHand(LINES * scale) }) },
    { name: 'readline, on line', prepare: scale => ({ run: () => byHandWithEvents(LINES * scale) }) },
  ],
  claims: [
    { kind: 'ratio', of: 'millrace', to: 'readline, for await', atLeast: 2 },
    { kind: 'ratio', of: 'millrace', to: 'readline, on line', atLeast: 2 },
  ],
};
