import type { EdgeDescription, NodeDescription, PlanDescription } from './render-description.ts';

/** A plan as a Mermaid flowchart. Nodes of one chain that no other chain shares stand in one box. */
export function renderPlanMermaid({ nodes, chains, pipeline }: PlanDescription): string {
  const mermaidId = new Map(nodes.map(({ id }, i) => [id, `n${i}`]));
  const lines = ['---', `title: ${JSON.stringify(pipeline)}`, '---', 'flowchart TD'];
  const chained = new Set<string>();
  for (const [i, chain] of chains.entries()) {
    const members = nodes.filter(({ id }) => chain.includes(id) && chains.every(other => other === chain || !other.includes(id)));
    if (members.length < 2) continue;
    lines.push(`  subgraph c${i}["chain"]`);
    for (const node of members) {
      lines.push(`    ${shape(mermaidId.get(node.id)!, node)}`);
      chained.add(node.id);
    }
    lines.push('  end');
  }
  for (const node of nodes) if (!chained.has(node.id)) lines.push(`  ${shape(mermaidId.get(node.id)!, node)}`);
  for (const node of nodes) {
    for (const edge of node.inputs) lines.push(`  ${mermaidId.get(edge.from)} -->|"${escape(edgeText(edge))}"| ${mermaidId.get(node.id)}`);
  }
  return `${lines.join('\n')}\n`;
}

function shape(mermaidId: string, { id, type, kind, description, state }: NodeDescription): string {
  const stateLines = state.map(({ name, boundedBy }) => `state ${name}: ${boundedBy ?? 'unbounded'}`);
  const label = [id, kind, description, ...stateLines].map(escape).join('<br/>');
  switch (type) {
    case 'source':
    case 'rejects':
      return `${mermaidId}(["${label}"])`;
    case 'sink':
      return `${mermaidId}[["${label}"]]`;
    default:
      return `${mermaidId}["${label}"]`;
  }
}

function edgeText({ exchange, key, side }: EdgeDescription): string {
  return `${exchange}${key === null ? '' : ` by ${key}`}${side === null ? '' : `, side output ${side}`}`;
}

/**
 * Text in a quoted label. Mermaid reads entities written with `#` and takes no others. Letters, digits and signs that mean nothing to it
 * stay as they are.
 * Two of its rules look into labels: a colon after `style` makes it cut the last entity, and `direction` before a blank is a statement.
 */
function escape(text: string): string {
  return text.replace(/(?<=direction)\s|[^\p{L}\p{N} .,/_+=()'-]/gu, character => `#${character.codePointAt(0)};`);
}
