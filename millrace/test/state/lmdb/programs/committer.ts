// Restores the state of a directory, and changes and commits it epoch after epoch until it is killed.

import { writeSync } from 'node:fs';
import { openLmdbEpochStore } from '../../../../src/state/lmdb/lmdb-epoch-store.ts';
import { LoggedStateBackend } from '../../../../src/state/logged-state.ts';
import { change } from './churn.ts';

const store = await openLmdbEpochStore(process.argv[2]!);
const state = new LoggedStateBackend();
state.restore(store.segments());
writeSync(1, 'running\n');
for (let number = (store.newest()?.number ?? 0) + 1; ; number++) {
  change(state, number);
  const pending = [{ sink: 's', data: number, bytes: Buffer.alloc((number % 7) * 10_000, number) }];
  await store.commit({ number, timeMs: number, control: { number }, pending, ...state.collect(number) });
  // At once, so that the reader knows of it even if the process is killed now.
  writeSync(1, `${number}\n`);
}
