// Opens the store of a directory, tells so, and commits an epoch for each line it reads.

import { createInterface } from 'node:readline';
import { MillraceError } from '../../../../src/base/errors.ts';
import { openLmdbEpochStore } from '../../../../src/state/lmdb/lmdb-epoch-store.ts';

try {
  const store = await openLmdbEpochStore(process.argv[2]!);
  console.log('open');
  for await (const _ of createInterface({ input: process.stdin })) {
    const number = (store.newest()?.number ?? 0) + 1;
    await store.commit({ number, timeMs: 0, control: 'holder', segments: [], superseded: [], pending: [] });
    console.log(`committed ${number}`);
  }
  await store.close();
  console.log('closed');
} catch (error) {
  console.log(error instanceof MillraceError ? error.code : error);
  process.exit(1);
}
