import { pipeline } from 'millrace';
import { callback } from 'millrace/connectors/memory';
import { json } from 'millrace/formats/json';
import type { Source } from 'millrace/spi';
import type { BenchCase, Outcome, Scale } from '../harness/case.ts';
import { Checksum } from '../inputs/checksum.ts';
import { jsonLines, UserEvent } from '../inputs/json-events.ts';

const LINES = 100_000;
const CHUNK_BYTES = 256 * 1024;
/** How often the lines are decoded in one run. */
const PASSES = 20;

/** Whole lines, as a file or a connection hands them over. */
function chunksOfLines(lines: number): Buffer[] {
  const chunks: Buffer[] = [];
  let text = '';
  jsonLines(lines, 10_000, 10_000, 2000, line => {
    text += `${line}\n`;
    if (text.length >= CHUNK_BYTES) {
      chunks.push(Buffer.from(text));
      text = '';
    }
  });
  if (text !== '') chunks.push(Buffer.from(text));
  return chunks;
}

const format = json({ schema: UserEvent });

/** Decodes chunks that are in memory, again and again. */
function decoded(chunks: readonly Buffer[]): Source<{ user: string; time: number; amount: number }> {
  return {
    connector: 'chunks',
    description: `${chunks.length} chunks`,
    bounded: true,
    async enumerate({ found }) {
      found([{ id: 'chunks' }]);
    },
    async open({ reject }) {
      const decoder = format.decoder({ reject });
      let next = 0;
      let at = 0;
      return {
        poll(batch) {
          const chunk = chunks[next % chunks.length]!;
          at = decoder.decode(chunk, at, chunk.length, true, 0, batch);
          if (at === chunk.length) {
            next++;
            at = 0;
          }
          return next === chunks.length * PASSES ? 'end' : 'more';
        },
        position: () => next,
        async close() {},
      };
    },
  };
}

async function millrace(chunks: readonly Buffer[], lines: number): Promise<Outcome> {
  const checksum = new Checksum();
  const p = pipeline('json-decode');
  p.from(decoded(chunks)).to(callback(({ user, time, amount }) => checksum.add(user.length + (time % 1000) + Math.round(amount))));
  await p.run();
  return { checksum: checksum.value, records: lines * PASSES };
}

function jsonParse(chunks: readonly Buffer[], lines: number): Outcome {
  const checksum = new Checksum();
  for (let pass = 0; pass < PASSES; pass++) {
    for (const chunk of chunks) {
      const text = chunk.toString();
      for (let from = 0, to = text.indexOf('\n'); to >= 0; from = to + 1, to = text.indexOf('\n', from)) {
        const { user, time, amount }: { user: string; time: number; amount: number } = JSON.parse(text.slice(from, to));
        checksum.add(user.length + (time % 1000) + Math.round(amount));
      }
    }
  }
  return { checksum: checksum.value, records: lines * PASSES };
}

const prepared = (contender: (chunks: readonly Buffer[], lines: number) => Outcome | Promise<Outcome>) => (scale: Scale) => {
  const chunks = chunksOfLines(LINES * scale);
  return { run: () => contender(chunks, LINES * scale) };
};

export const jsonDecode: BenchCase = {
  name: 'json-decode',
  title: 'JSON Lines in memory to records of 3 of their 10 fields, 200 bytes a line',
  warmUps: 1,
  runs: 3,
  contenders: [
    { name: 'millrace', prepare: prepared(millrace) },
    { name: 'JSON.parse', prepare: prepared(jsonParse) },
  ],
  claims: [{ kind: 'ratio', of: 'millrace', to: 'JSON.parse' }],
};
