import type { Reject } from '../spi/reject.ts';
import type { Sink } from '../spi/sink.ts';
import type { Plan, PlanNode } from './graph.ts';

/** Whether the program reads the stream of rejected records itself. */
export function readsRejects({ nodes }: Plan): boolean {
  return nodes.some(node => node.inputs.some(edge => edge.from.type === 'rejects'));
}

/** The plan with a sink for rejected records, unless the program reads the reject stream itself. */
export function withRejectSink(plan: Plan, sink: Sink<Reject>): Plan {
  if (readsRejects(plan)) return plan;
  const rejects: PlanNode = { type: 'rejects', id: 'rejects', inputs: [] };
  const writer: PlanNode = {
    type: 'sink',
    id: `rejects/to-${sink.connector}`,
    sink,
    inputs: [{ from: rejects, exchange: { kind: 'forward' } }],
  };
  return { ...plan, nodes: [...plan.nodes.filter(node => node.type !== 'rejects'), rejects, writer] };
}
