import { closeSync, openSync, writeSync } from 'node:fs';
import { FIRST_TIME_MS } from './events.ts';
import { randomNumbers } from './random.ts';

/** 200 bytes a line, of which a job needs a few fields. */
export function jsonLines(count: number, keys: number, perSecond: number, outOfOrdernessMs: number, take: (line: string) => void): void {
  const random = randomNumbers(7);
  const int = (below: number) => Math.floor(random() * below);
  for (let i = 0; i < count; i++) {
    const time = FIRST_TIME_MS + Math.floor((i * 1000) / perSecond) - int(outOfOrdernessMs);
    take(
      JSON.stringify({
        id: `evt-${String(i).padStart(9, '0')}`,
        type: EVENT_TYPES[int(EVENT_TYPES.length)],
        time,
        user: `user-${int(keys)}`,
        amount: int(1_000_000) / 100,
        currency: 'EUR',
        country: COUNTRIES[int(COUNTRIES.length)],
        session: `${(int(2 ** 31)).toString(36)}-${int(2 ** 31).toString(36)}`,
        mobile: random() < 0.5,
        page: `/products/${int(100_000)}/details`,
      }),
    );
  }
}

const EVENT_TYPES = ['view', 'view', 'view', 'search', 'cart', 'purchase'];
const COUNTRIES = ['DE', 'FR', 'US', 'JP', 'BR', 'IN'];

/** What a job reads of an event. */
export const UserEvent = {
  type: 'object',
  properties: { user: { type: 'string' }, time: { type: 'number' }, amount: { type: 'number' } },
  required: ['user', 'time', 'amount'],
} as const;

/** Writes the lines to a file, about a megabyte at a time. */
export function writeJsonLines(path: string, count: number, keys: number, perSecond: number, outOfOrdernessMs: number): void {
  const file = openSync(path, 'w');
  let pending: string[] = [];
  const flush = () => {
    writeSync(file, pending.join(''));
    pending = [];
  };
  jsonLines(count, keys, perSecond, outOfOrdernessMs, line => {
    if (pending.push(`${line}\n`) === 5000) flush();
  });
  flush();
  closeSync(file);
}
