import { describe, expect, test } from 'vitest';
import { consoleTable } from '../../../src/connectors/console/index.ts';
import { ManualEnvironment } from '../../support/manual-environment.ts';
import { SinkHarness, writeAll } from '../../support/sink-harness.ts';
import { TestStream } from './terminal.ts';

const day = 86_400_000;
const results = [
  { key: 'ATL', window: { start: 11_323 * day, end: 11_324 * day }, flights: 3, mean: 12.34567 },
  { key: 'ORD', window: { start: 11_323 * day + 21_600_000, end: 11_324 * day }, flights: 12_000, mean: 0.000123456 },
  { key: 'Zürich 東京 🛫', window: { start: -Infinity, end: Infinity }, flights: 1, mean: 100 },
];

describe('elsewhere than on a terminal', () => {
  test('each result is a line when it comes', async () => {
    const stream = new TestStream();
    const run = await SinkHarness.open(consoleTable({ stream }));
    await run.write(results);
    expect(stream.text).toMatchInlineSnapshot(`
      "key             window.start      window.end  flights       mean
      ──────────────  ────────────────  ──────────  ───────  ─────────
      ATL             2001-01-01        2001-01-02        3     12.346
      ORD             2001-01-01 06:00  2001-01-02    12000  0.0001235
      Zürich 東京 🛫  -∞                ∞                 1        100
      "
    `);
    const before = stream.text;
    await run.write([results[0]!]);
    await run.close();
    expect(stream.text.slice(before.length)).toMatchInlineSnapshot(`
      "ATL             2001-01-01        2001-01-02        3     12.346
      "
    `);
  });

  test('with a key, the newest results are shown once more at the end', async () => {
    const stream = new TestStream();
    const updates = ['a', 'b', 'a', 'a'].map((key, i) => ({ key, n: i }));
    await writeAll(consoleTable<{ key: string; n: number }>({ stream, by: r => r.key }), updates);
    expect(stream.text).toMatchInlineSnapshot(`
      "key  n
      ───  ─
      a    0
      b    1
      a    2
      a    3

      key  n
      ───  ─
      a    3
      b    1
      "
    `);
  });

  test('the header comes again when a record has new fields', async () => {
    const stream = new TestStream();
    const run = await SinkHarness.open(consoleTable<object>({ stream }));
    await run.write([{ a: 1 }]);
    await run.write([{ a: 2, b: 'x' }]);
    await run.write([{ b: 'y' }]);
    expect(stream.text).toMatchInlineSnapshot(`
      "a
      ─
      1
      a  b
      ─  ─
      2  x
         y
      "
    `);
  });

  test('values of every kind have a cell', async () => {
    const stream = new TestStream();
    await writeAll(consoleTable<unknown>({ stream }), [
      { text: 'a', big: 10n ** 20n, none: null, at: new Date(0), list: [1, 'two'], deep: { inner: { x: 1 } }, nan: NaN },
      'just text',
      42,
      null,
    ]);
    expect(stream.text).toMatchInlineSnapshot(`
      "text                    big  none  at          list       deep.inner  nan  value
      ────  ─────────────────────  ────  ──────────  ─────────  ──────────  ───  ─────────
      a     100000000000000000000        1970-01-01  [1,"two"]  {"x":1}     NaN
                                                                                 just text
                                                                                 42

      "
    `);
  });

  test('only the columns that are asked for', async () => {
    const stream = new TestStream();
    const columns = { airport: (r: (typeof results)[0]) => r.key, flights: (r: (typeof results)[0]) => r.flights };
    await writeAll(consoleTable({ stream, columns }), results.slice(0, 2));
    expect(stream.text).toMatchInlineSnapshot(`
      "airport  flights
      ───────  ───────
      ATL            3
      ORD        12000
      "
    `);
  });
});

describe('on a terminal', () => {
  const terminal = (columns = 80, rows = 24) => new TestStream({ isTTY: true, columns, rows });

  test('rows of the same key are replaced where they stand', async () => {
    const stream = terminal();
    const environment = new ManualEnvironment();
    const run = await SinkHarness.open(consoleTable<{ key: string; n: number }>({ stream, by: r => r.key }), { environment });
    await run.write([
      { key: 'a', n: 1 },
      { key: 'b', n: 2 },
    ]);
    environment.advance(100);
    await run.write([{ key: 'a', n: 10 }]);
    await run.close();
    expect(stream.screen).toMatchInlineSnapshot(`
      "key   n
      ───  ──
      a    10
      b     2
      "
    `);
    expect(environment.pending).toBe(0);
  });

  test('is drawn at most ten times a second, and the last results always', async () => {
    const stream = terminal();
    const environment = new ManualEnvironment();
    const run = await SinkHarness.open(consoleTable<{ n: number }>({ stream, by: () => 'all' }), { environment });
    const drawings = () => stream.text.split('───').length - 1;
    for (let n = 0; n < 1_000; n++) {
      await run.write([{ n: n + 100 }]);
      environment.advance(1);
    }
    expect(drawings()).toBeGreaterThan(5);
    expect(drawings()).toBeLessThanOrEqual(11);
    environment.advance(100);
    expect(stream.screen).toContain('1099');
    expect(environment.pending).toBe(0);
    const quiet = drawings();
    environment.advance(10_000);
    await run.close();
    expect(drawings()).toBe(quiet);
  });

  test('keeps a bounded number of rows and says so', async () => {
    const stream = terminal();
    const run = await SinkHarness.open(consoleTable<number>({ stream, maxRows: 3 }));
    await run.write(Array.from({ length: 5_000 }, (_, i) => i));
    await run.close();
    expect(stream.screen).toMatchInlineSnapshot(`
      "value
      ─────
       4997
       4998
       4999
      3 newest rows, of 5,000 results
      "
    `);
  });

  test('of keys, those that were updated last stay', async () => {
    const stream = terminal();
    const run = await SinkHarness.open(consoleTable<string>({ stream, maxRows: 2, by: r => r }));
    await run.write(['a', 'b', 'a', 'c']);
    await run.close();
    expect(stream.screen).toMatchInlineSnapshot(`
      "value
      ─────
      a
      c
      2 rows updated last, of 4 results
      "
    `);
  });

  test.each([40, 20, 8, 3])('no line wraps on %d columns', async columns => {
    const stream = terminal(columns);
    const environment = new ManualEnvironment();
    const run = await SinkHarness.open(consoleTable<object>({ stream, maxRows: 2 }), { environment });
    for (const result of results) {
      await run.write([result]);
      environment.advance(100);
    }
    await run.close();
    expect(stream.screen.split('\n').length).toBe(6);
  });

  test('on a narrow one, wide columns give way first', async () => {
    const stream = terminal(24);
    await writeAll(consoleTable<object>({ stream }), [{ id: 7, note: 'a long text that does not fit', n: 123456 }]);
    expect(stream.screen).toMatchInlineSnapshot(`
      "id  note               n
      ──  ────────────  ──────
       7  a long text…  123456
      "
    `);
  });

  test('on a low one, only rows that fit are drawn, so that the next drawing covers them', async () => {
    const stream = terminal(80, 8);
    const environment = new ManualEnvironment();
    const run = await SinkHarness.open(consoleTable<number>({ stream }), { environment });
    for (let i = 0; i < 30; i++) {
      await run.write([i]);
      environment.advance(100);
    }
    await run.close();
    expect(stream.screen.split('\n')).toEqual(['value', '─────', '   26', '   27', '   28', '   29', '20 newest rows, of 30 results', '']);
  });
});

describe('input that would harm', () => {
  test('nothing in the data or its field names commands the terminal', async () => {
    for (const isTTY of [true, false]) {
      const stream = new TestStream({ isTTY, columns: 400 });
      const evil = '\u001b[2J\u001b]0;owned\u0007\u009b31m\r\n\b\u202egpj.exe';
      await writeAll(consoleTable<object>({ stream }), [{ [evil]: evil, list: [evil], inner: { [evil]: 1 } }]);
      // oxlint-disable-next-line no-control-regex
      expect(stream.text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
      expect(stream.text).toContain(String.raw`\u001b[2J\u001b]0;owned\u0007\u009b31m\r\n\u0008\u202egpj.e`);
    }
  });

  test('a function that throws, or a key that is none, rejects its record alone', async () => {
    const stream = new TestStream();
    const run = await writeAll(
      consoleTable<{ key: string | null; n: number }>({
        stream,
        by: r => r.key,
        columns: {
          half: r => {
            if (r.n === 3) throw new Error('three');
            return r.n / 2;
          },
        },
      }),
      [1, 2, 3, 4].map(n => ({ key: n === 2 ? null : 'k', n })),
    );
    expect(run.rejects.map(r => [r.reason, r.message])).toEqual([
      ['key', 'the key is null'],
      ['failed', 'three'],
    ]);
    expect(stream.text).toContain('0.5');
    expect(stream.text).toContain('2');
  });

  test('records of ever new fields do not make ever more columns', async () => {
    const stream = new TestStream();
    await writeAll(
      consoleTable<object>({ stream }),
      Array.from({ length: 500 }, (_, i) => ({ [`field${i}`]: i })),
    );
    expect(stream.text).toContain('field63');
    expect(stream.text).not.toContain('field64');
  });

  test.each([0, 1.5, NaN])('maxRows %d is refused', maxRows => {
    expect(() => consoleTable({ maxRows })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
  });
});
