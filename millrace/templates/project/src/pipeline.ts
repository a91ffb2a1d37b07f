import { count, max, mean, pipeline, tumbling } from 'millrace';
import { consoleTable } from 'millrace/connectors/console';
import { generator } from 'millrace/connectors/generator';

export interface Reading {
  sensor: string;
  celsius: number;
  /** Epoch milliseconds. */
  at: number;
}

const START = Date.UTC(2025, 0, 1);

/** An hour of readings, each second one of three sensors; they come out of order by up to four seconds. */
const readings = generator<Reading>({
  seed: 1,
  count: 3_600,
  make: (index, random) => ({
    sensor: `sensor-${index % 3}`,
    celsius: 20 + 5 * random.next(),
    at: START + index * 1_000 + Math.round(random.next() * 4_000),
  }),
});

const p = pipeline('temperatures');

p.from(readings)
  .name('readings')
  .eventTime(reading => reading.at, { outOfOrderness: '5s' })
  .keyBy('sensor')
  .window(tumbling('10m'))
  .aggregate({ readings: count(), mean: mean(reading => reading.celsius), highest: max(reading => reading.celsius) })
  .to(consoleTable(), { name: 'averages' });

export default p;
