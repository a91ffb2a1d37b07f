import { generator } from 'millrace/connectors/generator';

/** An hour of four sensors, each with a reading every 100 ms or so. They are sent over different ways, so that they arrive up to 2 s late. */
export const readings = generator({
  seed: 7,
  count: 4 * 36_000,
  make(index, random) {
    const second = index / 40;
    const wave = Math.sin((second / 600) * 2 * Math.PI);
    return {
      sensor: `hall-${1 + (index % 4)}`,
      measuredAt: Date.UTC(2026, 0, 1) + Math.round(second * 1_000 - random.next() * 2_000),
      celsius: 20 + (index % 4) + 2 * wave + random.next(),
    };
  },
});
