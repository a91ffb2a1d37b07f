import type { EdgeDescription, NodeDescription, PlanDescription } from './render-description.ts';

/** Columns of the whole text. */
const WIDTH = 100;
/** Most columns of the ids; a longer one stands on a line of its own. */
const ID_WIDTH = 44;

/** A line of the graph: its place in the tree, and what stands beside it. */
interface Row {
  readonly tree: string;
  readonly kind?: string;
  readonly text?: string;
}

/** One end of an edge, from the node that is read. */
interface Consumer {
  readonly node: NodeDescription;
  readonly input: number;
  readonly edge: EdgeDescription;
}

/**
 * A plan as text of 100 columns: a tree from each source on. A node with several inputs stands below the last of them, and the others name
 * it.
 *
 *     Pipeline words: 1 source, 2 stages, 1 operator, 1 sink; parallelism 1
 *
 *       lines                   source     socket: 127.0.0.1:9000, unbounded
 *       ↓ forward
 *     ┌ lines/flatMap           flatMap    line => line.split(' ')
 *     │ ↓ hash by word => word
 *     └ lines/aggregate         aggregate  count
 *                               state      count: aggregating, unbounded
 *       ↓ forward
 *       lines/aggregate/to-console
 *                               sink       console: stdout
 */
export function renderPlanText(plan: PlanDescription): string {
  const rows = new GraphRows(plan).rows;
  const widest = Math.max(...rows.map(row => (row.kind === undefined ? 0 : row.tree.length)).filter(length => length <= ID_WIDTH), 0);
  const kindWidth = Math.max(...rows.map(row => row.kind?.length ?? 0));
  const lines = [title(plan), ''];
  for (const row of rows) lines.push(...layOut(row, widest, kindWidth));
  if (plan.chains.some(chain => chain.length > 1)) lines.push('', '┌ │ └  one chain: these run as one loop');
  lines.push(
    '',
    ...stateSection(plan),
    '',
    plan.rejects === 'log' ? 'Rejected records go to the reject log.' : 'Rejected records go where the program sends them.',
  );
  return `${lines.join('\n')}\n`;
}

function title({ pipeline, nodes }: PlanDescription): string {
  const counts = (['source', 'stage', 'operator', 'sink'] as const).flatMap(type => {
    const n = nodes.filter(node => node.type === type).length;
    return n === 0 ? [] : `${n} ${type}${n === 1 ? '' : 's'}`;
  });
  return `Pipeline ${pipeline}: ${counts.join(', ')}; parallelism ${Math.max(...nodes.map(node => node.parallelism))}`;
}

class GraphRows {
  readonly rows: Row[] = [];
  private readonly plan: PlanDescription;
  private readonly consumers = new Map<string, Consumer[]>();
  private readonly inputsSeen = new Map<string, number>();

  constructor(plan: PlanDescription) {
    this.plan = plan;
    for (const node of plan.nodes) {
      for (const [input, edge] of node.inputs.entries()) {
        this.consumers.set(edge.from, [...(this.consumers.get(edge.from) ?? []), { node, input, edge }]);
      }
    }
    for (const node of plan.nodes) {
      if (node.inputs.length > 0) continue;
      if (this.rows.length > 0) this.rows.push({ tree: '' });
      this.node(node, undefined, '');
    }
  }

  private node(node: NodeDescription, before: NodeDescription | undefined, indent: string): void {
    const consumers = this.consumers.get(node.id) ?? [];
    const next = consumers.length === 1 ? consumers[0]! : undefined;
    const opened = before !== undefined && this.chained(before, node);
    const goesOn = next !== undefined && this.chained(node, next.node);
    this.rows.push({ tree: `${indent}${bracket(opened, goesOn)}${node.id}`, kind: kindText(node), text: nodeText(node) });
    for (const { name, kind, boundedBy } of node.state) {
      const bound = boundedBy === null ? 'unbounded' : `bounded by ${boundedBy}`;
      this.rows.push({ tree: `${indent}${goesOn ? '│' : ''}`, kind: 'state', text: `${name}: ${kind}, ${bound}` });
    }
    if (next !== undefined) {
      this.edge(next, `${indent}${goesOn ? '│ ' : '  '}`, !goesOn);
      this.consumer(next, node, indent);
      return;
    }
    for (const [i, consumer] of consumers.entries()) {
      const last = i === consumers.length - 1;
      this.edge(consumer, `${indent}  ${last ? '└ ' : '├ '}`, true);
      this.consumer(consumer, node, `${indent}  ${last ? '  ' : '│ '}`);
    }
  }

  /** The node at the other end; only a pointer to it while more of its inputs are to come. */
  private consumer({ node, input }: Consumer, before: NodeDescription, indent: string): void {
    const seen = (this.inputsSeen.get(node.id) ?? 0) + 1;
    this.inputsSeen.set(node.id, seen);
    if (seen === node.inputs.length) this.node(node, before, indent);
    else {
      const text = `input ${input + 1} of ${node.inputs.length}, below`;
      this.rows.push({ tree: `${indent}${bracket(this.chained(before, node), false)}→ ${node.id}`, kind: '', text });
    }
  }

  private edge({ edge }: Consumer, before: string, showForward: boolean): void {
    const { exchange, key, side } = edge;
    if (exchange === 'forward' && side === null && !showForward) return;
    const by = key === null ? '' : ` by ${key}`;
    this.rows.push({ tree: `${before}↓ ${exchange}${by}${side === null ? '' : `, side output ${side}`}` });
  }

  private chained(first: NodeDescription, second: NodeDescription): boolean {
    return this.plan.chains.some(chain => chain.some((id, i) => id === first.id && chain[i + 1] === second.id));
  }
}

function bracket(opened: boolean, goesOn: boolean): string {
  if (opened) return goesOn ? '│ ' : '└ ';
  return goesOn ? '┌ ' : '  ';
}

function kindText({ type, kind }: NodeDescription): string {
  return type === 'source' || type === 'sink' ? type : kind;
}

function nodeText({ type, kind, description, bounded }: NodeDescription): string {
  if (type === 'source') return `${kind}: ${description}, ${bounded === true ? 'bounded' : 'unbounded'}`;
  return type === 'sink' ? `${kind}: ${description}` : description;
}

/** The row in columns; what is too long goes on below. */
function layOut({ tree, kind, text }: Row, idWidth: number, kindWidth: number): string[] {
  if (kind === undefined || text === undefined) return [tree.length <= WIDTH ? tree : `${tree.slice(0, WIDTH - 1)}…`];
  const column = idWidth + kindWidth + 4;
  const [first = '', ...more] = wrap(text, WIDTH - column);
  const beside = `${kind.padEnd(kindWidth)}  ${first}`.trimEnd();
  const head = tree.length <= idWidth ? [`${tree.padEnd(idWidth)}  ${beside}`.trimEnd()] : [tree, `${' '.repeat(idWidth)}  ${beside}`];
  return [...head, ...more.map(line => `${' '.repeat(column)}${line}`)];
}

/** Lines of at most so many characters, broken at blanks where there are any. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const blank = rest.lastIndexOf(' ', width);
    const end = blank > 0 ? blank : width;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest];
}

function stateSection({ nodes, unbounded }: PlanDescription): string[] {
  if (unbounded.length > 0) {
    const lines = unbounded.flatMap(({ operator, state, kind, boundedWith }) => {
      const [first = '', ...more] = wrap(`${operator}: ${state} (${kind}) would be bounded by ${boundedWith}`, WIDTH - 4);
      return [`  ${first}`, ...more.map(line => `    ${line}`)];
    });
    return ['Unbounded state', ...lines];
  }
  return [nodes.some(node => node.state.length > 0) ? 'All state is bounded.' : 'No state.'];
}
