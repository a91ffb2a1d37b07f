import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seededRandom } from '../../src/base/random.ts';

export const Event = {
  type: 'object',
  properties: { id: { type: 'integer' }, k: { type: 'string' }, at: { type: 'integer' }, v: { type: 'integer' } },
  required: ['id', 'k', 'at', 'v'],
} as const;

export interface KilledEvent {
  readonly id: number;
  readonly k: string;
  readonly at: number;
  readonly v: number;
}

/** Events out of order by up to two seconds. */
export function makeEvents(count: number, seed: number): KilledEvent[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, id) => ({
    id,
    k: `k${Math.floor(random.next() * 20)}`,
    at: Math.floor(id * 2 + random.next() * 2000),
    v: Math.floor(random.next() * 100),
  }));
}

export async function writeEvents(directory: string, events: readonly KilledEvent[]): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'events.jsonl'), events.map(e => `${JSON.stringify(e)}\n`).join(''));
}

/** All lines of the files that are visible in a directory; none may be broken. */
export async function published(directory: string): Promise<string[]> {
  const names = (await readdir(directory).catch(() => [])).filter(name => !name.startsWith('.'));
  const lines: string[] = [];
  for (const name of names) {
    const text = await readFile(join(directory, name), 'utf8');
    if (text !== '' && !text.endsWith('\n')) throw new Error(`${name} ends within a line`);
    for (const line of text.split('\n').slice(0, -1)) lines.push(JSON.stringify(JSON.parse(line)));
  }
  return lines.toSorted();
}

const group = (events: readonly KilledEvent[], sizeMs: number) => [
  ...Map.groupBy(events, e => `${e.k}|${Math.floor(e.at / sizeMs)}`).values(),
];

/** What the program computes, computed plainly. */
export function expected(events: readonly KilledEvent[]): { windows: string[]; timers: string[]; joins: string[] } {
  const total = (of: readonly KilledEvent[]) => of.reduce((t, e) => t + e.v, 0);
  const windows = group(events, 1000).map(of => {
    const start = Math.floor(of[0]!.at / 1000) * 1000;
    return { key: of[0]!.k, window: { start, end: start + 1000 }, n: of.length, total: total(of) };
  });
  const timers = group(events, 500).map(of => ({ key: of[0]!.k, end: Math.floor(of[0]!.at / 500) * 500 + 500, total: total(of) }));
  const joins: { even: number; odd: number }[] = [];
  for (const of of Map.groupBy(events, e => e.k).values()) {
    const odds = of.filter(e => e.v % 2 === 1).toSorted((a, b) => a.at - b.at);
    for (const even of of.filter(e => e.v % 2 === 0)) {
      for (const odd of odds) if (Math.abs(odd.at - even.at) <= 20) joins.push({ even: even.id, odd: odd.id });
    }
  }
  const sorted = (rows: readonly unknown[]) => rows.map(row => JSON.stringify(row)).toSorted();
  return { windows: sorted(windows), timers: sorted(timers), joins: sorted(joins) };
}
