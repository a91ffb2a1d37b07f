// Live metrics of this machine, every five seconds. The source is one of our own: see machine.ts.
//
//   npm run millrace -- run examples/machine-metrics/machine-metrics.ts                 until Ctrl-C
//   npm run millrace -- run examples/machine-metrics/machine-metrics.ts -- 60 250       60 samples, one every 250 ms

import { count, max, mean, pipeline, tumbling } from 'millrace';
import { consoleTable } from 'millrace/connectors/console';
import { machine } from './machine.ts';

const [samples = Infinity, everyMs = 500] = process.argv.slice(2).map(Number);

const p = pipeline('machine-metrics');

p.from(machine(everyMs, samples))
  .eventTime(s => s.at)
  .keyBy(() => 'this machine')
  .window(tumbling('5s'))
  .aggregate({
    samples: count(),
    cpu: mean(s => s.cpu),
    cpuPeak: max(s => s.cpu),
    load: mean(s => s.load),
    memory: max(s => s.memoryUsedBytes),
  })
  .to(
    consoleTable({
      columns: {
        until: r => new Date(r.window.end),
        samples: r => r.samples,
        'cpu %': r => Math.round(r.cpu * 100),
        'peak %': r => Math.round(r.cpuPeak * 100),
        load: r => r.load,
        'memory MiB': r => Math.round(r.memory / 2 ** 20),
      },
    }),
  );

export default p;
