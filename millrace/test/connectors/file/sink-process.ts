// Writes records { n, text } without end, or as many as it is told to, and says on each line of its output how many were taken.

import { systemEnvironment } from '../../../src/base/system.ts';
import { type FileSinkOptions, fileSink } from '../../../src/connectors/file/sink.ts';
import { json } from '../../../src/formats/json/index.ts';
import { Batch } from '../../../src/types/batch.ts';

const { from, count, parquet, ...target } = JSON.parse(process.argv[2]!) as Omit<FileSinkOptions, 'format'> & {
  from: number;
  count: number | null;
  parquet: boolean;
};

const writer = await fileSink({ ...target, format: parquet ? 'parquet' : json() }).open({
  operator: 'sink',
  environment: systemEnvironment,
  epochs: false,
  signal: new AbortController().signal,
  reject: (_reason, message) => {
    throw new Error(message);
  },
});
const batch = new Batch<unknown>(64);
const end = from + (count ?? Infinity);
for (let n = from; n < end; ) {
  for (batch.clear(); !batch.full && n < end; n++) batch.push({ n, text: `record ${n} `.repeat(20) }, NaN, n);
  await writer.write(batch);
  if (n % 5 === 0) await writer.flush('idle');
  process.stdout.write(`${n}\n`);
}
await writer.close('finished');
