import type { Sink } from '../spi/sink.ts';
import type { Source } from '../spi/source.ts';
import type { Plan, PlanNode, SinkNode, SourceNode } from './graph.ts';

/** The same plan with other sources and sinks; ids stay. */
export function replaceEnds(plan: Plan, ends: { source(node: SourceNode): Source<unknown>; sink(node: SinkNode): Sink<never> }): Plan {
  const replaced = new Map<PlanNode, PlanNode>();
  for (const node of plan.nodes) {
    const inputs = node.inputs.map(edge => ({ ...edge, from: replaced.get(edge.from)! }));
    if (node.type === 'source') replaced.set(node, { ...node, source: ends.source(node) });
    else if (node.type === 'sink') replaced.set(node, { ...node, inputs, sink: ends.sink(node) });
    else replaced.set(node, { ...node, inputs });
  }
  return { ...plan, nodes: [...replaced.values()] };
}
