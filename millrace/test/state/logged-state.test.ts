import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Key } from '../../src/base/key.ts';
import type { Segment } from '../../src/spi/epoch-store.ts';
import type { OperatorState, StateBackend } from '../../src/spi/state.ts';
import { HeapStateBackend } from '../../src/state/heap.ts';
import type { CompactionLimits } from '../../src/state/logged-table.ts';
import { type Collected, LoggedStateBackend } from '../../src/state/logged-state.ts';

/** What a store would keep: the segments by epoch, without those that were superseded. */
class Log {
  private kept: { epoch: number; segment: Segment }[] = [];

  add(epoch: number, { segments, superseded }: Collected): void {
    for (const segment of segments) this.kept.push({ epoch, segment });
    for (const { operator, table, before } of superseded) {
      this.kept = this.kept.filter(k => k.segment.operator !== operator || k.segment.table !== table || k.epoch >= before);
    }
  }

  get segments(): Segment[] {
    return this.kept.map(k => k.segment);
  }

  /** With what a store needs for each segment besides. */
  get bytes(): number {
    return this.kept.reduce((sum, { segment }) => sum + segment.bytes.length + 64, 0);
  }

  restore(limits?: CompactionLimits): LoggedStateBackend {
    const state = new LoggedStateBackend(limits);
    state.restore(this.segments);
    return state;
  }
}

type Contents = Record<string, Map<number, Map<Key, unknown>>>;

const TABLES = [
  ['a', 'one'],
  ['a', 'two'],
  ['b', 'one'],
] as const;

/** All cells of all tables; spaces without any are as good as none. */
function contents(state: StateBackend): Contents {
  const all: Contents = {};
  for (const [operator, name] of TABLES) {
    const table = state.operator(operator).table(name);
    const spaces = new Map<number, Map<Key, unknown>>();
    for (const namespace of [...table.namespaces()].sort((a, b) => a - b)) {
      const cells = [...table.space(namespace).cells()].map(({ key, value }): [Key, unknown] => [key, value]);
      if (cells.length > 0) spaces.set(namespace, new Map(cells));
    }
    all[`${operator}/${name}`] = spaces;
  }
  return structuredClone(all);
}

type Step =
  | { do: 'cell'; change: 'put' | 'append' | 'remove'; table: number; namespace: number; key: number; value: number }
  | { do: 'drop'; table: number; namespace: number }
  | { do: 'collect' }
  | { do: 'restart' };

function perform(step: Step, state: StateBackend): void {
  if (step.do === 'collect' || step.do === 'restart') return;
  const [operator, name] = TABLES[step.table]!;
  const table = state.operator(operator).table<{ n: number; list: number[] }>(name);
  if (step.do === 'drop') return table.drop(step.namespace);
  const space = table.space(step.namespace);
  const key = keyOf(step.key);
  const cell = space.get(key);
  if (step.change === 'remove') return space.remove(key);
  if (step.change === 'put') {
    if (cell === undefined) space.add(key, { n: step.value, list: [] });
    else {
      cell.value = { n: step.value, list: [step.value] };
      space.mark(cell);
    }
  } else if (cell !== undefined) {
    cell.value.list.push(step.value);
    space.mark(cell);
    if (step.value % 2 === 0) space.mark(cell);
  }
}

/** Mostly one, so that its log becomes long. */
const table = fc.constantFrom(0, 0, 0, 0, 1, 2);
const cellStep = fc.record({
  do: fc.constant('cell' as const),
  change: fc.constantFrom('put' as const, 'put' as const, 'append' as const, 'remove' as const),
  table,
  namespace: fc.nat({ max: 3 }),
  key: fc.nat({ max: 15 }),
  value: fc.nat({ max: 1000 }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: cellStep },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const), table, namespace: fc.nat({ max: 3 }) }) },
  { weight: 4, arbitrary: fc.constant<Step>({ do: 'collect' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'restart' }) },
);

describe('state that is collected and restored', () => {
  test('is after every epoch what it was, whatever was done', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 200, size: 'max' }),
        fc.nat({ max: 200 }),
        fc.integer({ min: 1, max: 100 }),
        (steps, longer, portion) => {
          // So small that logs are compacted all the time, in portions of a few cells.
          const limits = { logBytesMin: longer, portionBytesMin: portion };
          const log = new Log();
          let epoch = 0;
          let state = new LoggedStateBackend(limits);
          let model = new HeapStateBackend();
          let saved = contents(model);
          for (const backend of [state, model]) fill(backend);
          for (const step of steps) {
            perform(step, state);
            perform(step, model);
            if (step.do === 'collect') {
              epoch++;
              log.add(epoch, state.collect(epoch));
              saved = contents(model);
              expect(contents(state)).toEqual(saved);
              expect(contents(log.restore())).toEqual(saved);
              expect(logBytes(state)).toBe(log.bytes);
            } else if (step.do === 'restart') {
              // What was done since the last epoch is lost.
              state = log.restore(limits);
              model = backendOf(saved);
            }
          }
        },
      ),
      { numRuns: 80 },
    );
  });

  test('only what has changed is collected', () => {
    const state = new LoggedStateBackend();
    const space = state.operator('a').table<string>('one').space(0);
    for (let i = 0; i < 100; i++) space.add(i, 'value');
    const all = size(state.collect(1).segments);
    const cell = space.get(50)!;
    space.mark(cell);
    space.mark(cell);
    const one = size(state.collect(2).segments);
    expect(one).toBeLessThan(all / 20);
    expect(state.collect(3)).toEqual({ segments: [], superseded: [] });
  });

  test('what was added and removed within an epoch leaves nothing', () => {
    const state = new LoggedStateBackend();
    const table = state.operator('a').table<string>('one');
    table.space(0).add('k', 'v');
    table.space(0).remove('k');
    table.space(7).add('k', 'v');
    table.drop(7);
    expect(state.collect(1)).toEqual({ segments: [], superseded: [] });
  });

  test('a namespace that was emptied and not dropped is not there after a restart', () => {
    const log = new Log();
    const state = new LoggedStateBackend();
    const table = state.operator('a').table<string>('one');
    table.space(7).add('k', 'v');
    log.add(1, state.collect(1));
    table.space(7).remove('k');
    log.add(2, state.collect(2));
    expect([...log.restore().operator('a').table('one').namespaces()]).toEqual([]);
  });

  test('a namespace that was emptied and dropped in the same epoch is gone', () => {
    const log = new Log();
    const state = new LoggedStateBackend();
    const table = state.operator('a').table<string>('one');
    table.space(7).add('k', 'v');
    log.add(1, state.collect(1));
    table.space(7).remove('k');
    table.drop(7);
    log.add(2, state.collect(2));
    expect([...log.restore().operator('a').table('one').namespaces()]).toEqual([]);
  });

  test('tables that no operator asks for stay', () => {
    const log = new Log();
    const state = new LoggedStateBackend();
    state.operator('old').table<number>('t').space(0).add('k', 1);
    log.add(1, state.collect(1));
    const next = log.restore();
    next.operator('new').table<number>('t').space(0).add('k', 2);
    log.add(2, next.collect(2));
    expect([...log.restore().sizes()].map(s => [s.operator, s.table, s.cells])).toEqual([
      ['old', 't', 1],
      ['new', 't', 1],
    ]);
  });

  test('the sizes of tables are known, and the same after a restart', () => {
    const log = new Log();
    const state = new LoggedStateBackend();
    const table = state.operator('a').table<{ text: string }>('one');
    for (let i = 0; i < 1000; i++) table.space(i % 10).add(i, { text: 'x'.repeat(i % 50) });
    log.add(1, state.collect(1));
    for (let i = 0; i < 1000; i += 3) table.space(i % 10).remove(i);
    for (let i = 1; i < 1000; i += 3) {
      const cell = table.space(i % 10).get(i)!;
      cell.value = { text: 'y'.repeat(60) };
      table.space(i % 10).mark(cell);
    }
    table.drop(4);
    log.add(2, state.collect(2));
    const [size] = state.sizes();
    expect(size).toEqual([...log.restore().sizes()][0]);
    expect(size!.cells).toBe(666 - [...Array(1000).keys()].filter(i => i % 10 === 4 && i % 3 !== 0).length);
    expect(size!.stateBytes).toBeGreaterThan(20 * size!.cells);
    expect(size!.logBytes).toBeGreaterThan(size!.stateBytes);
  });
});

describe('the log', () => {
  /** Cells of about 300 bytes, so that logs are long with few of them. */
  const text = 'x'.repeat(290);

  test('stays within a small factor of the state while all of it changes again and again, and can be restored at every epoch', () => {
    const log = new Log();
    const state = new LoggedStateBackend();
    const model = new HeapStateBackend();
    const random = mulberry(7);
    let largest = 0;
    let compactions = 0;
    for (let epoch = 1; epoch <= 150; epoch++) {
      for (const backend of [state, model]) change(backend.operator('a'), epoch);
      const collected = state.collect(epoch);
      compactions += collected.superseded.length;
      log.add(epoch, collected);
      if (epoch > 20) largest = Math.max(largest, log.bytes);
      if (epoch % 10 === 0) expect(contents(log.restore())).toEqual(contents(model));
    }
    const live = [...state.sizes()].reduce((sum, s) => sum + s.stateBytes, 0);
    expect(compactions).toBeGreaterThan(3);
    expect(live).toBeGreaterThan(2_000_000);
    expect(largest).toBeLessThan(4.5 * live);

    function change(operator: OperatorState, epoch: number): void {
      const table = operator.table<string>('one');
      if (epoch === 1) for (let i = 0; i < 8000; i++) table.space(i % 5).add(i, text);
      const draw = random(epoch);
      for (let n = 0; n < 400; n++) {
        const key = Math.floor(draw() * 8000);
        const space = table.space(key % 5);
        const cell = space.get(key);
        const kind = draw();
        if (cell === undefined) space.add(key, `${text}${epoch}`);
        else if (kind < 0.05) space.remove(key);
        else {
          cell.value = `${text}${epoch}`;
          space.mark(cell);
        }
      }
    }
  });

  test('is compacted in portions, which a restart in the middle does not disturb', () => {
    const log = new Log();
    let state = new LoggedStateBackend();
    const model = new HeapStateBackend();
    const tables = () => [state, model].map(backend => backend.operator('a').table<string>('one'));
    for (const table of tables()) for (let i = 0; i < 20_000; i++) table.space(i % 3).add(i, text);
    let epoch = 1;
    log.add(epoch, state.collect(epoch));
    // Until the log is long and the first portion has been written.
    let portion = 0;
    while (portion === 0) {
      for (const table of tables()) mark(table, epoch % 4);
      const collected = state.collect(++epoch);
      log.add(epoch, collected);
      expect(collected.superseded).toEqual([]);
      portion = size(collected.segments) > 2_000_000 ? size(collected.segments) : 0;
    }
    expect(contents(log.restore())).toEqual(contents(model));
    const before = log.bytes;
    state = log.restore();
    // Namespaces that the old compaction had begun with are gone or changed before the new one comes to them.
    let done = false;
    for (let round = 0; !done && round < 30; round++) {
      for (const table of tables()) {
        if (round === 1) table.drop(1);
        if (round === 2) table.space(1).add('again', 'v');
        table.space(2).remove(3 * round + 2);
      }
      const collected = state.collect(++epoch);
      log.add(epoch, collected);
      done = collected.superseded.length > 0;
      expect(contents(log.restore())).toEqual(contents(model));
    }
    expect(done).toBe(true);
    expect(log.bytes).toBeLessThan(before / 2);

    function mark(table: ReturnType<typeof tables>[number], part: number): void {
      for (let i = part; i < 20_000; i += 4) {
        const cell = table.space(i % 3).get(i)!;
        cell.value = `${text}${epoch}`;
        table.space(i % 3).mark(cell);
      }
    }
  });

  test('leaves out of a compaction what has changed with the epoch that begins it', () => {
    const state = new LoggedStateBackend({ logBytesMin: 0, portionBytesMin: 2 ** 30 });
    const space = state.operator('a').table<string>('one').space(0);
    for (let i = 0; i < 100; i++) space.add(i, text);
    const once = size(state.collect(1).segments);
    for (let epoch = 2; epoch < 5; epoch++) {
      for (const cell of space.cells()) space.mark(cell);
      expect(size(state.collect(epoch).segments)).toBe(once);
    }
  });

  test('of a table with a namespace for each cell is not compacted without end', () => {
    const state = new LoggedStateBackend();
    const table = state.operator('a').table<number[]>('timers');
    for (let i = 0; i < 100_000; i++) table.space(1_700_000_000_000 + i).add(i, [0]);
    state.collect(1);
    for (let epoch = 2; epoch < 10; epoch++) expect(state.collect(epoch)).toEqual({ segments: [], superseded: [] });
  });

  test('of a table that was emptied becomes nothing', () => {
    const log = new Log();
    const state = new LoggedStateBackend();
    const table = state.operator('a').table<string>('one');
    for (let i = 0; i < 8000; i++) table.space(0).add(i, text);
    log.add(1, state.collect(1));
    table.drop(0);
    log.add(2, state.collect(2));
    expect(log.bytes).toBeLessThan(100);
    expect(contents(log.restore())).toEqual(contents(new HeapStateBackend()));
  });
});

function fill(backend: StateBackend): void {
  for (const [operator, name] of TABLES) {
    for (let namespace = 0; namespace < 4; namespace++) {
      for (let key = 0; key < 16; key++) backend.operator(operator).table(name).space(namespace).add(keyOf(key), { n: 0, list: [] });
    }
  }
}

function keyOf(key: number): Key {
  return key % 3 === 0 ? `k${key}` : key % 3 === 1 ? key : BigInt(key);
}

function logBytes(state: LoggedStateBackend): number {
  return [...state.sizes()].reduce((sum, s) => sum + s.logBytes, 0);
}

function size(segments: readonly Segment[]): number {
  return segments.reduce((sum, s) => sum + s.bytes.length, 0);
}

function backendOf(all: Contents): HeapStateBackend {
  const backend = new HeapStateBackend();
  for (const [operator, name] of TABLES) {
    for (const [namespace, cells] of structuredClone(all[`${operator}/${name}`]!)) {
      for (const [key, value] of cells) backend.operator(operator).table(name).space(namespace).add(key, value);
    }
  }
  return backend;
}

/** Random numbers by seed: the same ones for the state and its model. */
function mulberry(seed: number): (epoch: number) => () => number {
  return epoch => {
    let s = Math.imul(seed + epoch, 0x9e3779b1);
    return () => {
      s = (s + 0x6d2b79f5) | 0;
      let t = Math.imul(s ^ (s >>> 15), 1 | s);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
  };
}
