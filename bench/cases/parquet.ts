import { pipeline } from 'millrace';
import { file } from 'millrace/connectors/file';
import { callback } from 'millrace/connectors/memory';
import { dataset } from '../../examples/datasets.ts';
import type { BenchCase, Outcome } from '../harness/case.ts';
import { Checksum } from '../inputs/checksum.ts';

/** Two of the five columns. */
const Flight = {
  type: 'object',
  properties: { delay: { type: 'number' }, origin: { type: 'string' } },
  required: ['delay', 'origin'],
} as const;

async function millrace(): Promise<Outcome> {
  const checksum = new Checksum();
  let records = 0;
  const p = pipeline('parquet');
  p.from(file({ path: dataset('flights-3m.parquet'), schema: Flight })).to(
    callback(({ delay, origin }) => {
      records++;
      checksum.add(delay + origin.length);
    }),
  );
  await p.run();
  return { checksum: checksum.value, records };
}

export const parquet: BenchCase = {
  name: 'parquet',
  title: 'two columns of 3,000,000 rows of a Parquet file, packed with zstd',
  warmUps: 1,
  runs: 2,
  maxRounds: 3,
  contenders: [{ name: 'millrace', prepare: () => ({ run: millrace }) }],
  claims: [],
};
