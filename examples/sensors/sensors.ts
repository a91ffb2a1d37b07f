// Averages per sensor and 5 seconds, and from these the highest average of each minute: a window over the results of another window.
//
//   npm run millrace -- run examples/sensors/sensors.ts

import { max, mean, min, pipeline, tumbling } from 'millrace';
import { print } from 'millrace/connectors/console';
import { readings } from './readings.ts';

const p = pipeline('sensors');

p.from(readings)
  .eventTime(r => r.measuredAt, { outOfOrderness: '2s' })
  .keyBy('sensor')
  .window(tumbling('5s'))
  .aggregate({ celsius: mean(r => r.celsius) })
  // A result has the time of the last moment of its window, so it belongs to the minute that its 5 seconds belong to.
  .keyBy('key')
  .window(tumbling('1m'))
  .aggregate({ lowest: min(r => r.celsius), highest: max(r => r.celsius) })
  .map(({ key, window, lowest, highest }) => ({ sensor: key, minute: new Date(window.start), lowest, highest }))
  .to(print());

export default p;
