import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { systemEnvironment } from '../../src/base/system.ts';
import { buildChain, type ChainStage, type Cursor } from '../../src/runtime/chain.ts';
import { EventTimeAssigner } from '../../src/runtime/event-time-assigner.ts';
import { Output } from '../../src/runtime/output.ts';
import type { Receiver } from '../../src/runtime/receiver.ts';
import { boundedOutOfOrderness, punctuated } from '../../src/time/watermarks.ts';
import { Batch } from '../../src/types/batch.ts';

type Seen = readonly unknown[];

/** Everything a chain does to a batch of numbers, in order. */
function observe(
  generate: boolean,
  stages: (log: Seen[]) => ChainStage[],
  end: 'output' | 'keyed' | 'unkeyed',
  input: readonly number[],
): Seen[] {
  const log: Seen[] = [];
  const batch = new Batch<unknown>(64);
  batch.split = 7;
  for (const [i, n] of input.entries()) batch.push(n, i, 100 + i);
  const output = new Output();
  const receiver: Receiver = {
    blocked: false,
    signal: () => {},
    receive: b => {
      for (let i = 0; i < b.length; i++) log.push(['out', b.values[i], b.times[i], b.positions[i], b.split]);
    },
  };
  output.connect(receiver, 0);
  const cursor: Cursor = { batch: undefined, index: 0 };
  const run = buildChain(
    {
      stages: stages(log),
      end:
        end === 'output'
          ? { kind: 'output', output }
          : {
              kind: 'operator',
              cursor,
              process: (key, value, time) => {
                if ((value as unknown) === 13) throw new Error('thirteen');
                log.push(['process', key, value, time, cursor.index]);
              },
              ...(end === 'keyed'
                ? { selectKey: (v: never) => ((v as number) % 5 === 0 ? null : (v as number) % 3 === 0 ? [v % 4, 'x'] : v % 4) }
                : {}),
            },
      failed: (error, _batch, index, step) => log.push(['failed', String(error), index, step]),
    },
    generate,
  );
  run(batch);
  output.flush();
  return log;
}

const stageArb = fc.oneof(
  fc.constant<ChainStage>({ kind: 'map', apply: (v: never) => (v as number) + 1 }),
  fc.constant<ChainStage>({
    kind: 'map',
    apply: (v: never) => {
      if ((v as number) % 7 === 0) throw new Error('seven');
      return (v as number) * 2;
    },
  }),
  fc.constant<ChainStage>({ kind: 'filter', keep: (v: never) => (v as number) % 2 === 0 }),
  fc.constant<ChainStage>({ kind: 'flatMap', expand: (v: never) => [v, (v as number) + 7] }),
  fc.constant<ChainStage>({
    kind: 'flatMap',
    *expand(v: never) {
      yield v;
      if ((v as number) % 11 === 0) throw new Error('eleven');
      yield (v as number) + 1;
    },
  }),
);

const endArb = fc.constantFrom('output' as const, 'keyed' as const, 'unkeyed' as const);

describe('chain', () => {
  test('generated code and closures do the same', () => {
    fc.assert(
      fc.property(
        fc.array(stageArb, { maxLength: 5 }),
        endArb,
        fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 20 }),
        (stages, end, input) => {
          expect(observe(true, () => stages, end, input)).toEqual(observe(false, () => stages, end, input));
        },
      ),
    );
  });

  test.each([true, false])('a record that fails leaves its neighbours and siblings alone (generated: %s)', generate => {
    const stages: ChainStage[] = [
      { kind: 'flatMap', expand: (v: never) => [v, (v as number) + 1] },
      {
        kind: 'map',
        apply: (v: never) => {
          if ((v as number) === 3) throw new Error('three');
          return v;
        },
      },
    ];
    expect(observe(generate, () => stages, 'output', [1, 2, 4])).toEqual([
      ['failed', 'Error: three', 1, 1],
      ['out', 1, 0, 100, 7],
      ['out', 2, 0, 100, 7],
      ['out', 2, 1, 101, 7],
      ['out', 4, 2, 102, 7],
      ['out', 5, 2, 102, 7],
    ]);
  });

  test.each([true, false])('all that a flatMap makes begins with the time of its record (generated: %s)', generate => {
    const refused: unknown[] = [];
    const assigner = () =>
      new EventTimeAssigner(boundedOutOfOrderness(0), 1000, systemEnvironment, -Infinity, (_, value, time) => refused.push([value, time]));
    const stages: ChainStage[] = [
      { kind: 'flatMap', expand: (v: never) => [v, (v as number) + 1, (v as number) + 2] },
      { kind: 'eventTime', assigner: assigner() },
      { kind: 'eventTime', assigner: assigner(), extract: (v: never) => ((v as number) === 1 ? Number.NaN : 500) },
      { kind: 'map', apply: v => v },
    ];
    expect(observe(generate, () => stages, 'output', [1])).toEqual([
      ['out', 2, 500, 100, 7],
      ['out', 3, 500, 100, 7],
    ]);
    expect(refused).toEqual([[1, Number.NaN]]);
  });

  test.each([
    [true, 'bounded'],
    [false, 'bounded'],
    [true, 'punctuated'],
    [false, 'punctuated'],
  ] as const)('event time is assigned, checked and makes a watermark (generated: %s, %s)', (generate, kind) => {
    const refused: unknown[] = [];
    const strategy = kind === 'bounded' ? boundedOutOfOrderness(10) : punctuated<number>((v, time) => (v === 50 ? time : undefined));
    let assigner: EventTimeAssigner | undefined;
    const log = observe(
      generate,
      () => {
        assigner = new EventTimeAssigner(strategy, 1000, systemEnvironment, -Infinity, (message, value) => refused.push([value, message]));
        return [
          {
            kind: 'eventTime',
            assigner,
            extract: (v: never) =>
              (v as number) === 1
                ? Number.NaN
                : (v as number) === 2
                  ? Date.UTC(9999, 0)
                  : (v as number) === 3
                    ? new Date(3000)
                    : (v as number) * 1000,
          },
        ];
      },
      'unkeyed',
      [1, 2, 3, -1, 50, 4],
    );
    expect(log.map(([, , value, time]) => [value, time])).toEqual([
      [3, 3000],
      [-1, -1000],
      [50, 50_000],
      [4, 4000],
    ]);
    expect(refused.map(r => (r as unknown[])[0])).toEqual([1, 2]);
    expect([...assigner!.news()]).toEqual([{ kind: 'watermark', time: kind === 'bounded' ? 49_989 : 50_000 }]);
    expect([...assigner!.news()]).toEqual([]);
  });
});
