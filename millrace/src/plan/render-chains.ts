import type { Plan, PlanNode } from './graph.ts';

/**
 * The nodes that run as one generated loop: stages that follow one another, with the operator or sink that they lead to. A stage whose
 * records go several ways ends its chain, and so does a union.
 */
export function chainsOf({ nodes }: Plan): PlanNode[][] {
  const consumers = new Map<PlanNode, PlanNode[]>();
  for (const node of nodes) for (const { from } of node.inputs) consumers.set(from, [...(consumers.get(from) ?? []), node]);

  const next = (node: PlanNode): PlanNode | undefined => {
    const [only, ...others] = consumers.get(node) ?? [];
    return node.type === 'stage' && others.length === 0 ? only : undefined;
  };
  const continues = (node: PlanNode) =>
    node.type === 'stage' && node.inputs[0]!.from.type === 'stage' && next(node.inputs[0]!.from) === node;

  const chains: PlanNode[][] = [];
  for (const node of nodes) {
    if (node.type !== 'stage' || continues(node)) continue;
    const chain: PlanNode[] = [];
    let at: PlanNode | undefined = node;
    while (at !== undefined && at.type !== 'union') {
      chain.push(at);
      at = next(at);
    }
    chains.push(chain);
  }
  return chains;
}
