import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WatermarkCombiner } from '../../src/time/watermark-combiner.ts';

function combiner(...inputs: number[]): WatermarkCombiner {
  const combined = new WatermarkCombiner();
  for (const input of inputs) combined.add(input);
  return combined;
}

describe('the combined watermark', () => {
  test('is the minimum over all inputs', () => {
    const combined = combiner(0, 1);
    combined.update(0, 50);
    expect(combined.watermark).toBe(-Infinity);
    combined.update(1, 20);
    expect(combined.watermark).toBe(20);
    combined.update(1, 70);
    expect(combined.watermark).toBe(50);
  });

  test('does not wait for idle inputs, and stays when all are idle', () => {
    const combined = combiner(0, 1);
    combined.update(0, 50);
    combined.setIdle(1);
    expect(combined.watermark).toBe(50);
    expect(combined.idle).toBe(false);
    combined.setIdle(0);
    combined.update(0, 90);
    expect(combined.watermark).toBe(50);
    expect(combined.idle).toBe(true);
    combined.setActive(0);
    expect(combined.watermark).toBe(90);
    expect(combined.idle).toBe(false);
  });

  test('does not go back for an input that comes late or comes back', () => {
    const combined = combiner(0);
    combined.update(0, 50);
    combined.add(1);
    expect(combined.watermark).toBe(50);
    combined.update(1, 10);
    combined.update(0, 60);
    expect(combined.watermark).toBe(50);
    combined.update(1, 55);
    expect(combined.watermark).toBe(55);
  });

  test('does not wait for an input that was taken out', () => {
    const combined = combiner(0, 1);
    combined.update(0, 50);
    combined.end(1);
    expect(combined.watermark).toBe(50);
    combined.end(0);
    expect(combined.watermark).toBe(50);
    expect(combined.idle).toBe(false);
    combined.add(2);
    combined.update(2, 60);
    expect(combined.watermark).toBe(60);
  });

  test('is Infinity once every input is, and not while an idle one may come back', () => {
    const combined = combiner(0, 1);
    combined.update(1, 10);
    combined.setIdle(1);
    combined.update(0, 50);
    combined.update(0, Infinity);
    expect(combined.watermark).toBe(50);
    expect(combined.idle).toBe(true);
    combined.update(1, Infinity);
    expect(combined.watermark).toBe(Infinity);
    expect(combined.idle).toBe(false);
  });

  test('is Infinity once an idle input that has come further has ended', () => {
    const combined = combiner(0);
    combined.setIdle(0);
    combined.update(0, 10);
    expect([combined.watermark, combined.idle]).toEqual([-Infinity, true]);
    combined.update(0, Infinity);
    expect([combined.watermark, combined.idle]).toEqual([Infinity, false]);
  });

  test('ignores inputs it does not know, lower watermarks and NaN', () => {
    const combined = combiner(0);
    combined.update(7, 10);
    combined.setIdle(7);
    combined.update(0, 5);
    combined.update(0, Number.NaN);
    combined.update(0, 3);
    combined.add(0);
    expect(combined.watermark).toBe(5);
  });
});

/** What the documentation says, computed from all that has happened. */
class Model {
  readonly inputs = new Map<number, { watermark: number; idle: boolean }>();
  watermark = -Infinity;

  settle(): void {
    const inputs = [...this.inputs.values()];
    const running = inputs.filter(i => i.watermark < Infinity);
    const active = running.filter(i => !i.idle);
    if (active.length > 0) this.watermark = Math.max(this.watermark, Math.min(...active.map(i => i.watermark)));
    else if (inputs.length > 0 && running.length === 0) this.watermark = Infinity;
  }

  get idle(): boolean {
    const running = [...this.inputs.values()].filter(i => i.watermark < Infinity);
    return running.length > 0 && running.every(i => i.idle);
  }
}

test('follows the rule step by step, whatever happens', () => {
  const input = fc.nat(2);
  const step = fc.oneof(
    fc.record({ do: fc.constant('add' as const), input }),
    fc.record({ do: fc.constant('end' as const), input }),
    fc.record({ do: fc.constant('idle' as const), input }),
    fc.record({ do: fc.constant('active' as const), input }),
    fc.record({ do: fc.constant('update' as const), input, watermark: fc.oneof(fc.nat(9), fc.nat(30), fc.constant(Infinity)) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const combined = new WatermarkCombiner();
      const model = new Model();
      for (const s of steps) {
        const before = combined.watermark;
        const at = model.inputs.get(s.input);
        switch (s.do) {
          case 'add':
            combined.add(s.input);
            if (at === undefined) model.inputs.set(s.input, { watermark: -Infinity, idle: false });
            break;
          case 'end':
            combined.end(s.input);
            model.inputs.delete(s.input);
            break;
          case 'idle':
            combined.setIdle(s.input);
            if (at) at.idle = true;
            break;
          case 'active':
            combined.setActive(s.input);
            if (at) at.idle = false;
            break;
          case 'update':
            combined.update(s.input, s.watermark);
            if (at) at.watermark = Math.max(at.watermark, s.watermark);
            break;
        }
        model.settle();
        expect(combined.watermark).toBe(model.watermark);
        expect(combined.idle).toBe(model.idle);
        expect(combined.watermark).toBeGreaterThanOrEqual(before);
      }
    }),
    { numRuns: 500 },
  );
});
