import { type CpuInfo, cpus, freemem, loadavg, totalmem } from 'node:os';
import type { ReaderContext, Source, SplitReader } from 'millrace/spi';

export interface Sample {
  /** Epoch milliseconds. */
  at: number;
  /** Share of its time that the processor was at work since the sample before, 0 to 1. */
  cpu: number;
  /** Processes that ran or wanted to, on average over the last minute. */
  load: number;
  memoryUsedBytes: number;
}

/** Samples this machine every `everyMs` milliseconds, `count` times. */
export function machine(everyMs: number, count: number): Source<Sample> {
  return {
    connector: 'machine',
    description: `every ${everyMs} ms`,
    bounded: count < Infinity,
    async enumerate({ found }) {
      found([{ id: 'machine' }]);
    },
    open: async context => sampler(context, everyMs, count),
  };
}

/** Asks the engine's clock, so that it runs on virtual time as well. */
function sampler(context: ReaderContext, everyMs: number, count: number): SplitReader<Sample> {
  const { clock, scheduler } = context.environment;
  let taken = 0;
  let dueMs = clock.now();
  let before = cpuTimes();
  let cancelTimer = () => {};
  return {
    poll(batch) {
      const now = clock.now();
      if (now >= dueMs && taken < count) {
        const after = cpuTimes();
        const total = after.total - before.total;
        const cpu = total === 0 ? 0 : 1 - (after.idle - before.idle) / total;
        before = after;
        batch.push({ at: now, cpu, load: loadavg()[0] ?? 0, memoryUsedBytes: totalmem() - freemem() }, now, taken++);
        dueMs = now + everyMs;
      }
      if (taken >= count) return 'end';
      cancelTimer();
      cancelTimer = scheduler.at(dueMs, () => context.wake());
      return 'wait';
    },
    // A restart begins with a new sample: what was not measured cannot be made up for.
    position: () => taken,
    async close() {
      cancelTimer();
    },
  };
}

/** Milliseconds that all processors together have been idle, and that they have been there. */
function cpuTimes(): { idle: number; total: number } {
  const all = cpus().map(({ times }) => times);
  const sum = (of: (times: CpuInfo['times']) => number) => all.reduce((total, times) => total + of(times), 0);
  return { idle: sum(t => t.idle), total: sum(t => t.idle + t.user + t.nice + t.sys + t.irq) };
}
