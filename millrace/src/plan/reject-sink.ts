import type { Reject } from '../spi/reject.ts';
import type { Sink } from '../spi/sink.ts';
import type { Plan, PlanNode } from './graph.ts';

/** The plan with a sink for rejected records, unless the program reads the reject stream itself. */
export function withRejectSink(plan: Plan, sink: Sink<Reject>): Plan {
  const read = plan.nodes.some(node => node.inputs.some(edge => edge.from.type === 'rejects'));
  if (read) return plan;
  const rejects: PlanNode = { type: 'rejects', id: 'rejects', inputs: [] };
  const writer: PlanNode = { type: 'sink', id: `rejects/to-${sink.connector}`, sink, inputs: [{ from: rejects, exchange: { kind: 'forward' } }] };
  return { ...plan, nodes: [...plan.nodes.filter(node => node.type !== 'rejects'), rejects, writer] };
}
