// Opens the store of a directory, tells so, and commits an epoch for each line it reads.

import { createInterface } from 'node:readline';
import { MillraceError } from '../../../../src/base/errors.ts';
import { openLmdbEpochStore } from '../../../../src/state/lmdb/lmdb-epoch-store.ts';

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  const store = await openLmdbEpochStore(process.argv[2]!);
  tell('open');
  for await (const _ of createInterface({ input: process.stdin })) {
    const number = (store.newest()?.number ?? 0) + 1;
    await store.commit({ number, timeMs: 0, control: 'holder', segments: [], superseded: [], pending: [] });
    tell(`committed ${number}`);
  }
  await store.close();
  tell('closed');
} catch (error) {
  tell(error instanceof MillraceError ? error.code : String(error));
  process.exit(1);
}
