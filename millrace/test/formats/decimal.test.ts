import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shortDecimal } from '../../src/formats/decimal.ts';

const read = (text: string) => shortDecimal(Buffer.from(`x${text}9`), 1, 1 + text.length);

test('a short decimal is read to the last bit', () => {
  const digits = (max: number) => fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: max });
  fc.assert(
    fc.property(fc.boolean(), digits(17), fc.option(digits(17)), (negative, whole, fraction) => {
      const text = `${negative ? '-' : ''}${whole}${fraction === null ? '' : `.${fraction}`}`;
      const number = read(text);
      if (whole.length + (fraction?.length ?? 0) > 15) expect(number).toBeNaN();
      else expect(number).toBe(Number(text));
    }),
    { numRuns: 1000 },
  );
});

test.each(['', '-', '.5', '1.', '+1', '1e5', ' 1', '1 ', '1.2.3', '--1', '1a', '1.a'])('%j is left to others', text => {
  expect(read(text)).toBeNaN();
});
