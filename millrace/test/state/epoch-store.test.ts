import { describe, expect, test } from 'vitest';
import type { Epoch, EpochStore, Segment, StoredEpoch } from '../../src/spi/epoch-store.ts';
import { openLmdbEpochStore } from '../../src/state/lmdb/lmdb-epoch-store.ts';
import { MemoryEpochStore } from '../../src/state/memory-epoch-store.ts';
import { tempDir } from '../support/temp-dir.ts';

const key = Buffer.alloc(32, 7).toString('base64');

function segment(operator: string, table: string, ...bytes: number[]): Segment {
  return { operator, table, bytes: Uint8Array.from(bytes) };
}

function epoch(number: number, rest: Partial<Epoch> = {}): Epoch {
  return { number, timeMs: 1000 * number, segments: [], superseded: [], control: null, pending: [], ...rest };
}

/** Opens the same store again and again. */
type Opener = () => Promise<EpochStore>;

describe.each<[string, () => Opener]>([
  [
    'in memory',
    () => {
      const store = new MemoryEpochStore();
      return async () => store;
    },
  ],
  [
    'in LMDB',
    () => {
      const directory = tempDir();
      return async () => openLmdbEpochStore(await directory);
    },
  ],
  [
    'in LMDB, encrypted',
    () => {
      const directory = tempDir();
      return async () => openLmdbEpochStore(await directory, { key });
    },
  ],
])('epochs %s', (_, opener) => {
  test('there is none in a new store', async () => {
    const open = opener();
    for (let i = 0; i < 2; i++) {
      const store = await open();
      expect(store.newest()).toBeUndefined();
      expect([...store.segments()]).toEqual([]);
      await store.close();
    }
  });

  test('come back whole, at once and after the store was opened again', async () => {
    const open = opener();
    let store = await open();
    const first = epoch(1, {
      control: { sources: { a: [1, 2.5, 'x', null] } },
      segments: [segment('op', 't', 1, 2, 3), segment('op', 'u', 4), segment('op', 't', 5, 6)],
      pending: [
        { sink: 's1', data: { file: 'f' } },
        { sink: 's2', data: null, bytes: Uint8Array.of(7, 8) },
        { sink: 's3', data: [1], bytes: Uint8Array.of() },
      ],
    });
    await store.commit(first);
    const check = () => {
      const { number, timeMs, control, pending } = first;
      expect(readable(store.newest())).toEqual(readable({ number, timeMs, control, pending }));
      expect(byTable(store)).toEqual({
        'op/t': [
          [1, 2, 3],
          [5, 6],
        ],
        'op/u': [[4]],
      });
    };
    check();
    await store.close();
    store = await open();
    check();
    await store.close();
  });

  test('replace each other but for their segments, which stay in order until they are superseded', async () => {
    const open = opener();
    let store = await open();
    for (let number = 1; number <= 300; number++) {
      await store.commit(
        epoch(number, {
          control: number,
          segments: [segment('a', 't', number % 256), segment('b', 't', number % 256, 1), segment('b', 't', number % 256, 2)],
          superseded:
            number === 290
              ? [{ operator: 'a', table: 't', before: 288 }]
              : number === 299
                ? [{ operator: 'b', table: 't', before: 299 }]
                : [],
          pending: [{ sink: 's', data: number, bytes: Buffer.alloc(number === 299 ? 700_000 : 10, number) }],
        }),
      );
      if (number % 100 === 50) {
        await store.close();
        store = await open();
      }
    }
    const newest = store.newest()!;
    expect([newest.number, newest.control, newest.pending.length]).toEqual([300, 300, 1]);
    expect(Buffer.from(newest.pending[0]!.bytes!)).toEqual(Buffer.alloc(10, 300));
    expect(byTable(store)).toEqual({
      'a/t': Array.from({ length: 13 }, (_, i) => [(288 + i) % 256]),
      'b/t': [299, 300].flatMap(n => [
        [n % 256, 1],
        [n % 256, 2],
      ]),
    });
    await store.close();
  });

  test('names of tables and operators may be anything', async () => {
    const open = opener();
    let store = await open();
    const names = ['', ' ', 'a/b', '\u0000', '😀', 'x'.repeat(10_000)];
    await store.commit(epoch(1, { segments: names.map((name, i) => segment(name, names[(i + 1) % names.length]!, i)) }));
    await store.close();
    store = await open();
    expect([...store.segments()].map(s => [s.operator, s.table, s.bytes[0]])).toEqual(
      names.map((name, i) => [name, names[(i + 1) % names.length], i]),
    );
    await store.close();
  });

  test('long output and long segments', async () => {
    const open = opener();
    let store = await open();
    const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * i) % 251));
    await store.commit(epoch(1, { segments: [{ operator: 'op', table: 't', bytes }], pending: [{ sink: 's', data: 1, bytes }] }));
    await store.close();
    store = await open();
    expect(Buffer.from([...store.segments()][0]!.bytes).equals(bytes)).toBe(true);
    expect(Buffer.from(store.newest()!.pending[0]!.bytes!).equals(bytes)).toBe(true);
    await store.close();
  });

  test('follow one another, one at a time', async () => {
    const store = await opener()();
    await expect(store.commit(epoch(2))).rejects.toThrow('epoch 2 does not follow epoch 0');
    const first = store.commit(epoch(1));
    await expect(store.commit(epoch(2))).rejects.toThrow('while another is');
    await first;
    await expect(store.commit(epoch(1))).rejects.toThrow('epoch 1 does not follow epoch 1');
    await store.commit(epoch(2));
    expect(store.newest()!.number).toBe(2);
    await store.close();
  });

  test('what a store gives is not changed by later commits', async () => {
    const store = await opener()();
    const bytes = Buffer.alloc(5000, 1);
    const control = { n: 1 };
    await store.commit(epoch(1, { control, segments: [{ operator: 'op', table: 't', bytes }] }));
    bytes.fill(2);
    control.n = 2;
    const newest = store.newest()!;
    const segments = [...store.segments()];
    for (let number = 2; number < 20; number++) {
      await store.commit(
        epoch(number, { segments: [{ operator: 'op', table: 't', bytes }], superseded: [{ operator: 'op', table: 't', before: number }] }),
      );
    }
    expect(newest.control).toEqual({ n: 1 });
    expect(Buffer.from(segments[0]!.bytes).equals(Buffer.alloc(5000, 1))).toBe(true);
    await store.close();
  });
});

describe('the store in memory', () => {
  test('lets a test fail a commit before and after', async () => {
    const steps: string[] = [];
    const store = new MemoryEpochStore((step, number) => {
      steps.push(`${step} ${number}`);
      if (steps.length === 1 || steps.length === 5) throw new Error('as told');
    });
    await expect(store.commit(epoch(1))).rejects.toThrow('as told');
    expect(store.newest()).toBeUndefined();
    await store.commit(epoch(1));
    await expect(store.commit(epoch(2)).then(() => store.commit(epoch(3)))).rejects.toThrow('as told');
    expect(steps).toEqual(['before 1', 'before 1', 'after 1', 'before 2', 'after 2']);
    expect(store.newest()!.number).toBe(2);
  });
});

function byTable(store: EpochStore): Record<string, number[][]> {
  const tables: Record<string, number[][]> = {};
  for (const { operator, table, bytes } of store.segments()) (tables[`${operator}/${table}`] ??= []).push([...bytes]);
  return tables;
}

/** With bytes as text, so that kinds of arrays of bytes do not matter. */
function readable(epoch: StoredEpoch | undefined): unknown {
  return (
    epoch && { ...epoch, pending: epoch.pending.map(p => ({ ...p, ...(p.bytes && { bytes: Buffer.from(p.bytes).toString('hex') }) })) }
  );
}
