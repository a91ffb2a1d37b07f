import type { Plan } from '../plan/graph.ts';
import type { RejectReason } from '../spi/reject.ts';
import type { Worker } from './worker.ts';

/** Counts of one node since the job started. */
export interface NodeMetrics {
  readonly id: string;
  readonly recordsIn: number;
  readonly recordsOut: number;
  readonly rejected: number;
  /** Newest watermark passed on, epoch milliseconds; -Infinity before the first, Infinity after the last record. */
  readonly watermarkMs: number;
  /** Whether it is held back by what follows. */
  readonly blocked: boolean;
}

/** Counts of a job since it started. */
export interface JobMetrics {
  readonly pipeline: string;
  readonly elapsedMs: number;
  /** Records read by all sources. */
  readonly recordsIn: number;
  /** Records handed to all sinks but those of the reject stream. */
  readonly recordsOut: number;
  /** Smallest watermark of all operators and sinks, epoch milliseconds. */
  readonly watermarkMs: number;
  readonly rejected: Readonly<Partial<Record<RejectReason, number>>>;
  /** How often the job was started again from its newest epoch after a failure. */
  readonly restarts: number;
  readonly nodes: readonly NodeMetrics[];
}

/** The counts of a job that has not begun to work yet. */
export function noMetrics({ pipeline }: Plan, elapsedMs: number): JobMetrics {
  return { pipeline, elapsedMs, recordsIn: 0, recordsOut: 0, watermarkMs: -Infinity, rejected: {}, restarts: 0, nodes: [] };
}

export function readMetrics(plan: Plan, worker: Worker, elapsedMs: number, restarts: number): JobMetrics {
  const { drivers, rejects } = worker;
  const nodes = new Map<string, NodeMetrics>();
  const rejectedBy = (id: string) => rejects.byOperator.get(id) ?? 0;
  for (const { node, output, blocked, finished } of drivers.sources) {
    nodes.set(node.id, {
      id: node.id,
      recordsIn: 0,
      recordsOut: output.records,
      rejected: rejectedBy(node.id),
      watermarkMs: finished ? Infinity : -Infinity,
      blocked,
    });
  }
  for (const { node, output, sides, recordsIn, watermarkOut, blocked } of drivers.operators) {
    let recordsOut = output.records;
    for (const side of sides.values()) recordsOut += side.records;
    nodes.set(node.id, { id: node.id, recordsIn, recordsOut, rejected: rejectedBy(node.id), watermarkMs: watermarkOut, blocked });
  }
  for (const { node, recordsIn, watermark, blocked } of drivers.sinks) {
    nodes.set(node.id, { id: node.id, recordsIn, recordsOut: recordsIn, rejected: rejectedBy(node.id), watermarkMs: watermark, blocked });
  }
  const sum = (of: readonly { recordsIn: number }[]) => of.reduce((total, { recordsIn }) => total + recordsIn, 0);
  const behindSources = [...drivers.main.operators.map(o => o.watermarkOut), ...drivers.main.sinks.map(s => s.watermark)];
  return {
    pipeline: plan.pipeline,
    elapsedMs,
    recordsIn: drivers.sources.reduce((total, { output }) => total + output.records, 0),
    recordsOut: sum(drivers.main.sinks),
    watermarkMs: behindSources.length === 0 ? -Infinity : Math.min(...behindSources),
    rejected: Object.fromEntries(rejects.counts),
    restarts,
    nodes: plan.nodes.flatMap(node => nodes.get(node.id) ?? []),
  };
}
