import fc from 'fast-check';
import { expect, test } from 'vitest';
import { split } from '../../src/operators/split.ts';
import { OperatorHarness } from '../support/operator-harness.ts';

test('each record goes to the first branch that takes it', () => {
  const branches = { threes: (n: number) => n % 3 === 0, twos: (n: number) => n % 2 === 0 };
  fc.assert(
    fc.property(fc.array(fc.nat(100)), numbers => {
      const h = new OperatorHarness(split(branches));
      numbers.forEach((n, time) => h.feed(n, time));
      const side = (tag: string) => h.sides.get(tag) ?? [];
      const timed = numbers.map((value, time) => ({ value, time }));
      expect(side('threes')).toEqual(timed.filter(r => r.value % 3 === 0));
      expect(side('twos')).toEqual(timed.filter(r => r.value % 3 !== 0 && r.value % 2 === 0));
      expect(side('rest')).toEqual(timed.filter(r => r.value % 3 !== 0 && r.value % 2 !== 0));
      expect(h.out).toEqual([]);
    }),
  );
});

test('a predicate that throws rejects the record', () => {
  const h = new OperatorHarness(
    split({
      a: (n: number) => {
        if (n === 1) throw new Error('no');
        return true;
      },
    }),
  );
  h.feed(1).feed(2);
  expect(h.rejects).toMatchObject([{ message: 'no', value: 1 }]);
  expect(h.sides.get('a')?.map(s => s.value)).toEqual([2]);
});

test.each([[{}], [{ rest: () => true }]])('%o are no branches', branches => {
  expect(() => split(branches as never)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
});
