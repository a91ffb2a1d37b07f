import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { type AsyncOptions, mapAsync } from '../../src/operators/async.ts';
import { HeapStateBackend } from '../../src/state/heap.ts';
import { OperatorHarness } from '../support/operator-harness.ts';

interface Call {
  readonly record: number;
  readonly attempt: number;
  readonly signal: AbortSignal;
  /** Settles with ten times the record. */
  resolve(): void;
  reject(message: string): void;
  open: boolean;
}

/** An operator whose calls settle when the test says so. */
function start(options: AsyncOptions = {}, backend = new HeapStateBackend()) {
  const calls: Call[] = [];
  const operator = mapAsync(
    (record: number, { attempt, signal }) =>
      new Promise<number>((resolve, reject) => {
        const call: Call = {
          record,
          attempt,
          signal,
          open: true,
          resolve: () => {
            call.open = false;
            resolve(record * 10);
          },
          reject: message => {
            call.open = false;
            reject(new Error(message));
          },
        };
        calls.push(call);
      }),
    options,
  );
  const h = new OperatorHarness(operator, backend);
  const call = (record: number) => calls.findLast(c => c.record === record)!;
  const called = () => calls.map(c => c.record);
  const held = () => backend.operator('test').table('calls').space(0).size;
  return { h, calls, call, called, held, backend };
}

describe('results', () => {
  test('keep the order of their records', async () => {
    const { h, call } = start();
    h.feed(1, 100).feed(2, 200).feed(3, 300);
    call(3).resolve();
    call(2).resolve();
    await h.settle();
    expect(h.out).toEqual([]);
    call(1).resolve();
    await h.settle();
    expect(h.out).toEqual([
      { value: 10, time: 100 },
      { value: 20, time: 200 },
      { value: 30, time: 300 },
    ]);
  });

  test('come as they are there without order, but not past a watermark', async () => {
    const { h, call } = start({ ordered: false });
    h.feed(1, 100).feed(2, 100).advance(150).feed(3, 200);
    call(3).resolve();
    call(2).resolve();
    await h.settle();
    expect([h.values, h.watermarks]).toEqual([[20], []]);
    call(1).resolve();
    await h.settle();
    expect([h.values, h.watermarks]).toEqual([[20, 10, 30], [150]]);
  });

  test.each([true, false])('hold watermarks and the end of input behind them (ordered %s)', async ordered => {
    const { h, call } = start({ ordered });
    h.advance(50);
    expect(h.watermarks).toEqual([50]);
    h.feed(1, 100).advance(60).advance(70).feed(2, 100).advance(Infinity);
    await h.settle();
    expect(h.watermarks).toEqual([50]);
    call(1).resolve();
    await h.settle();
    expect([h.values, h.watermarks]).toEqual([[10], [50, 70]]);
    call(2).resolve();
    await h.settle();
    expect([h.values, h.watermarks]).toEqual([
      [10, 20],
      [50, 70, Infinity],
    ]);
  });

  test('wait while the output is blocked', async () => {
    const { h, call } = start();
    h.feed(1).advance(9);
    h.blocked = true;
    call(1).resolve();
    await h.settle();
    expect([h.values, h.watermarks]).toEqual([[], []]);
    h.resume();
    expect([h.values, h.watermarks]).toEqual([[10], [9]]);
  });

  test('of a function that returns at once need no turn of their own', () => {
    const backend = new HeapStateBackend();
    const h = new OperatorHarness(
      mapAsync((n: number) => {
        if (n < 0) throw new Error('below zero');
        return n + 1;
      }),
      backend,
    );
    h.feed(1, 5).feed(-1, 6).feed(2, 7).advance(8);
    expect(h.out).toEqual([
      { value: 2, time: 5 },
      { value: 3, time: 7 },
    ]);
    expect(h.rejects).toEqual([{ reason: 'failed', message: 'below zero', value: -1, time: 6 }]);
    expect(h.watermarks).toEqual([8]);
    expect(backend.operator('test').table('calls').space(0).size).toBe(0);
  });

  test('at once and later ones of one function keep their order', async () => {
    const h = new OperatorHarness(mapAsync((n: number) => (n % 2 === 0 ? n : Promise.resolve(n))));
    for (const n of [1, 2, 3, 4]) h.feed(n);
    expect(h.values).toEqual([]);
    await h.settle();
    expect(h.values).toEqual([1, 2, 3, 4]);
  });

  test('of at once, with the output blocked, are emitted when it opens', async () => {
    const h = new OperatorHarness(mapAsync((n: number) => n));
    h.blocked = true;
    h.feed(1).feed(2);
    await h.settle();
    expect(h.values).toEqual([]);
    h.resume();
    expect(h.values).toEqual([1, 2]);
  });
});

test('no record is rejected while another one is being processed', async () => {
  const h = new OperatorHarness(
    mapAsync((n: number) => {
      if (n < 0) throw new Error('below zero');
      return n;
    }),
  );
  h.blocked = true;
  h.feed(-1);
  h.blocked = false;
  h.feed(2);
  expect(h.rejects).toEqual([]);
  await h.settle();
  expect([h.rejects.map(r => r.value), h.values]).toEqual([[-1], [2]]);
});

describe('capacity', () => {
  test('bounds the calls under way; what comes beyond waits and holds input back', async () => {
    const { h, call, called } = start({ capacity: 2 });
    expect(h.task.blocked).toBe(false);
    for (const n of [1, 2, 3, 4]) h.feed(n);
    expect(called()).toEqual([1, 2]);
    expect(h.task.blocked).toBe(true);
    call(2).resolve();
    await h.settle();
    expect(called()).toEqual([1, 2]);
    call(1).resolve();
    await h.settle();
    expect(called()).toEqual([1, 2, 3, 4]);
    expect(h.task.blocked).toBe(true);
    call(3).resolve();
    await h.settle();
    expect(h.task.blocked).toBe(false);
  });

  test('is freed by any result without order', async () => {
    const { h, call, called } = start({ capacity: 2, ordered: false });
    for (const n of [1, 2, 3]) h.feed(n);
    call(2).resolve();
    await h.settle();
    expect(called()).toEqual([1, 2, 3]);
  });
});

describe('a call that fails', () => {
  test('is rejected', async () => {
    const { h, call } = start();
    h.feed(1, 100).feed(2, 200);
    call(1).reject('down');
    call(2).resolve();
    await h.settle();
    expect(h.values).toEqual([20]);
    expect(h.rejects).toEqual([{ reason: 'failed', message: 'down', value: 1, time: 100 }]);
  });

  test('is made again after a pause that grows, so often and no more', async () => {
    const { h, calls, call } = start({ retry: { attempts: 4, backoff: 100, maxBackoff: 150 } });
    h.feed(1);
    const longest = [100, 150, 150];
    for (const pauseMs of longest) {
      const before = calls.length;
      call(1).reject('down');
      await h.settle();
      h.tick(h.now + pauseMs);
      expect(calls.length).toBe(before + 1);
    }
    expect(calls.map(c => c.attempt)).toEqual([1, 2, 3, 4]);
    call(1).reject('still down');
    await h.settle();
    h.tick(h.now + 10_000);
    expect(calls).toHaveLength(4);
    expect(h.rejects).toMatchObject([{ reason: 'failed', message: 'still down (attempt 4 of 4)' }]);
  });

  test('pauses at random', async () => {
    const { h, calls } = start({ retry: { attempts: 2, backoff: 1000 }, capacity: 50 });
    for (let n = 0; n < 50; n++) h.feed(n);
    for (const call of [...calls]) call.reject('down');
    await h.settle();
    const again = [];
    for (let now = 0; now <= 1000; now += 100) again.push(h.tick(now) && calls.length - 50);
    expect(again.at(-1)).toBe(50);
    expect(new Set(again).size).toBeGreaterThan(6);
  });

  test('is made again only for errors that are worth it', async () => {
    const { h, calls } = start({ retry: { attempts: 3, backoff: 1, retryIf: error => String(error).includes('busy') } });
    h.feed(1).feed(2);
    calls[0]!.reject('busy');
    calls[1]!.reject('forbidden');
    await h.settle();
    h.tick(10);
    expect(calls.map(c => [c.record, c.attempt])).toEqual([
      [1, 1],
      [2, 1],
      [1, 2],
    ]);
    calls[2]!.resolve();
    await h.settle();
    expect(h.values).toEqual([10]);
    expect(h.rejects.map(r => r.message)).toEqual(['forbidden (attempt 1 of 3)']);
  });

  test('is rejected with what `retryIf` throws', async () => {
    const { h, call } = start({
      retry: {
        attempts: 2,
        retryIf: () => {
          throw new Error('cannot tell');
        },
      },
    });
    h.feed(1);
    call(1).reject('down');
    await h.settle();
    expect(h.rejects.map(r => r.message)).toEqual(['cannot tell (attempt 1 of 2)']);
  });

  test('at once is made again too', async () => {
    let calls = 0;
    const operator = mapAsync(
      (n: number) => {
        if (++calls < 3) throw new Error('not yet');
        return n;
      },
      { retry: { attempts: 3, backoff: 10 } },
    );
    const h = new OperatorHarness(operator).feed(7);
    h.tick(30);
    await h.settle();
    expect([h.values, calls]).toEqual([[7], 3]);
  });
});

describe('a call that takes too long', () => {
  test.each([true, false])('is rejected and aborted, and what it gives later is ignored (ordered %s)', async ordered => {
    const { h, call } = start({ timeout: '5s', ordered });
    h.feed(1, 100).tick(1000).feed(2, 200).advance(300);
    h.tick(4999);
    expect(h.rejects).toEqual([]);
    expect(call(1).signal.aborted).toBe(false);
    h.tick(5000);
    expect(h.rejects).toEqual([{ reason: 'timeout', message: 'no result after 5s, in attempt 1', value: 1, time: 100 }]);
    expect(call(1).signal.aborted).toBe(true);
    expect(call(2).signal.aborted).toBe(false);
    call(1).resolve();
    call(2).resolve();
    await h.settle();
    expect([h.values, h.watermarks]).toEqual([[20], [300]]);
    h.tick(1e6);
    expect(h.rejects).toHaveLength(1);
  });

  test('counts all attempts and pauses', async () => {
    const { h, calls } = start({ timeout: 1000, retry: { attempts: 5, backoff: 1 } });
    h.feed(1).tick(600);
    calls[0]!.reject('slow');
    await h.settle();
    h.tick(999);
    expect([calls.length, h.rejects.length]).toEqual([2, 0]);
    h.tick(1000);
    expect(h.rejects).toMatchObject([{ reason: 'timeout', message: 'no result after 1s, in attempt 2' }]);
    calls[1]!.reject('too late');
    await h.settle();
    h.tick(9000);
    expect([calls.length, h.rejects.length]).toEqual([2, 1]);
  });

  test('is not made again when the wake-up for it comes after the deadline', async () => {
    const { h, calls } = start({ timeout: 1000, retry: { attempts: 5, backoff: 10 } });
    h.feed(1);
    calls[0]!.reject('down');
    await h.settle();
    h.now = 2000;
    h.tick(2000);
    expect(calls).toHaveLength(1);
    expect(h.rejects.map(r => r.reason)).toEqual(['timeout']);
  });

  test('is not made again where the pause would outlast it', async () => {
    const { h, calls } = start({ timeout: 1000, retry: { attempts: 5, backoff: '1d', maxBackoff: '1d' } });
    h.feed(1);
    calls[0]!.reject('down');
    await h.settle();
    expect(h.rejects).toMatchObject([{ reason: 'failed', message: 'down (attempt 1 of 5)' }]);
  });
});

describe('stopping', () => {
  test('aborts the calls and emits nothing any more', async () => {
    const { h, call } = start();
    h.feed(1).feed(2);
    call(1).resolve();
    h.abort();
    call(2).resolve();
    await h.settle();
    h.tick(1e6);
    expect([h.out, h.rejects, h.watermarks]).toEqual([[], [], []]);
    expect(call(1).signal.aborted).toBe(true);
  });

  test('drops what had settled and not been looked at', async () => {
    const { h, call } = start();
    h.feed(1);
    call(1).resolve();
    await new Promise(resolve => setImmediate(resolve));
    h.abort();
    await h.settle();
    expect(h.out).toEqual([]);
  });

  test('does not wake the operator for calls that settle afterwards', async () => {
    const { h, call } = start();
    h.feed(1);
    h.abort();
    const wake = vi.spyOn(h.task, 'wake');
    call(1).resolve();
    await h.settle();
    expect(wake).not.toHaveBeenCalled();
  });

  test('a signal that is first looked at afterwards is aborted', async () => {
    let late: AbortSignal | undefined;
    let letGo = () => {};
    const operator = mapAsync(async (n: number, call) => {
      await new Promise<void>(resolve => (letGo = resolve));
      late = call.signal;
      return n;
    });
    const h = new OperatorHarness(operator).feed(1);
    h.abort();
    letGo();
    await h.settle();
    expect(late?.aborted).toBe(true);
  });
});

describe('a restart', () => {
  test.each([true, false])('makes the calls again whose results have not left (ordered %s)', async ordered => {
    const first = start({ ordered, capacity: 3 });
    for (const n of [1, 2, 3, 4, 5]) first.h.feed(n, n * 100);
    first.call(1).resolve();
    await first.h.settle();
    expect(first.h.values).toEqual([10]);
    expect(first.held()).toBe(4);

    const second = start({ ordered, capacity: 3 }, first.backend);
    second.h.feed(6, 600).feed(7, 700).advance(600);
    expect(second.held()).toBe(6);
    await second.h.settle();
    expect(second.called()).toEqual([2, 3, 4]);
    for (const n of [2, 3, 4, 5, 6, 7]) {
      second.call(n).resolve();
      await second.h.settle();
    }
    expect(second.h.out).toEqual([2, 3, 4, 5, 6, 7].map(n => ({ value: n * 10, time: n * 100 })));
    expect(second.h.watermarks).toEqual([600]);
    expect(second.held()).toBe(0);
    expect(first.h.values).toEqual([10]);
  });
});

test.each([
  [{ capacity: 0 }, 'OPTION_INVALID'],
  [{ capacity: 1.5 }, 'OPTION_INVALID'],
  [{ retry: { attempts: 0 } }, 'OPTION_INVALID'],
  [{ timeout: 0 }, 'DURATION_INVALID'],
  [{ retry: { attempts: 2, backoff: -1 } }, 'DURATION_INVALID'],
])('%j is refused', (options, code) => {
  expect(() => mapAsync(() => 0, options)).toThrow(expect.objectContaining({ code }));
});

test('says what it does', () => {
  expect(mapAsync(() => 0, { ordered: false, capacity: 7, timeout: '2s', retry: { attempts: 3 } })).toMatchObject({
    kind: 'async map',
    description: 'unordered, capacity 7, timeout 2s, 3 attempts',
    makes: 'append',
    state: [{ name: 'calls', kind: 'buffer', boundedBy: 'capacity 7 + one batch' }],
  });
});

describe.each([true, false])('whatever happens (ordered %s)', ordered => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('feed' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('watermark' as const) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('resolve' as const), which: fc.nat(20) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('reject' as const), which: fc.nat(20) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(300) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('block' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('resume' as const) }) },
  );

  test('every record leaves once, within the capacity, on its side of every watermark', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 50 }), fc.integer({ min: 1, max: 4 }), async (steps, capacity) => {
        const { h, calls, held } = start({ ordered, capacity, timeout: 1000, retry: { attempts: 2, backoff: 100 } });
        /** Records and watermarks as they went in. */
        const fed: (number | `watermark ${number}`)[] = [];
        let records = 0;
        const pick = (which: number) => {
          const open = calls.filter(c => c.open && !c.signal.aborted);
          return open[which % Math.max(1, open.length)];
        };
        for (const s of steps) {
          switch (s.do) {
            case 'feed':
              fed.push(records);
              h.feed(records++, 0);
              break;
            case 'watermark':
              fed.push(`watermark ${fed.length}`);
              h.advance(fed.length - 1);
              break;
            case 'resolve':
              pick(s.which)?.resolve();
              break;
            case 'reject':
              pick(s.which)?.reject('down');
              break;
            case 'wait':
              h.tick(h.now + s.ms);
              break;
            case 'block':
              h.blocked = true;
              break;
            case 'resume':
              h.resume();
              break;
          }
          await h.settle();
          const underWay = new Set(calls.filter(c => c.open && !c.signal.aborted).map(c => c.record));
          expect(underWay.size).toBeLessThanOrEqual(capacity);
          expect(held()).toBe(records - h.out.length - h.rejects.length);
        }
        h.resume().advance(Infinity);
        while (h.watermarks.at(-1) !== Infinity) {
          pick(0)?.resolve();
          h.tick(h.now + 50);
          await h.settle();
        }
        expect(held()).toBe(0);

        const results = h.values.map(v => v / 10);
        const left = [...results, ...h.rejects.map(r => r.value as number)];
        expect(left.toSorted((a, b) => a - b)).toEqual(Array.from({ length: records }, (_, i) => i));
        if (ordered) expect(results).toEqual(results.toSorted((a, b) => a - b));
        expect(calls.every(c => c.attempt <= 2)).toBe(true);

        // Each result is behind all watermarks that came before its record and before those that came after it.
        for (const [i, result] of results.entries()) {
          const at = fed.indexOf(result);
          expect(h.watermarksBefore[i]).toBeLessThan(at);
          const next = fed.findIndex((f, j) => j > at && typeof f === 'string');
          expect(next === -1 || h.watermarksBefore[i]! < next).toBe(true);
        }
        expect(h.watermarks).toEqual(h.watermarks.toSorted((a, b) => a - b));
      }),
      { numRuns: 60 },
    );
  });
});
