// Commits epochs until one fails, lifts the limit on the size of files that it was started with, and commits some more.

import { execFileSync } from 'node:child_process';
import { MillraceError } from '../../../../src/base/errors.ts';
import { openLmdbEpochStore } from '../../../../src/state/lmdb/lmdb-epoch-store.ts';

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}

const store = await openLmdbEpochStore(process.argv[2]!);
let failures = 0;
for (let commits = 0; commits < 100 && failures < 2; commits++) {
  const number = (store.newest()?.number ?? 0) + 1;
  const bytes = Buffer.alloc(200_000, number);
  try {
    await store.commit({
      number,
      timeMs: 0,
      control: number,
      segments: [{ operator: 'op', table: 't', bytes }],
      superseded: [],
      pending: [],
    });
    tell(`committed ${number}`);
  } catch (error) {
    tell(error instanceof MillraceError ? `${error.code} at ${number}, newest ${store.newest()?.number}` : String(error));
    failures++;
  }
}
execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited']);
for (let i = 0; i < 3; i++) {
  const number = store.newest()!.number + 1;
  const bytes = Buffer.alloc(200_000, number);
  await store.commit({
    number,
    timeMs: 0,
    control: number,
    segments: [{ operator: 'op', table: 't', bytes }],
    superseded: [],
    pending: [],
  });
  tell(`committed ${number}`);
}
await store.close();
