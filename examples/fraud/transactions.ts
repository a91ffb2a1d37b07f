import { generator } from 'millrace/connectors/generator';

const START = Date.UTC(2026, 0, 1);

/** Fifty card payments in a second, without end. One card is used five times as often as each of the hundred others. */
export const transactions = generator({
  seed: 3,
  rate: 50,
  make(index, random) {
    const stolen = random.next() < 0.05;
    return {
      id: index,
      card: stolen ? 'card-13' : `card-${100 + Math.floor(random.next() * 100)}`,
      at: START + index * 20,
      cents: 100 + Math.floor(random.next() ** 4 * 100_000),
    };
  },
});
