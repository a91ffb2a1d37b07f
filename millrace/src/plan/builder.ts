import { MillraceError } from '../base/errors.ts';
import type { Operator } from '../spi/operator.ts';
import type { Sink } from '../spi/sink.ts';
import type { Source } from '../spi/source.ts';
import { changelogMode, type Edge, type Exchange, type Plan, type PlanNode, type Stage } from './graph.ts';

/** What a node does, before it has an id. */
export type Step =
  | { readonly type: 'source'; readonly source: Source<unknown> }
  | { readonly type: 'rejects' }
  | { readonly type: 'stage'; readonly stage: Stage }
  | { readonly type: 'union' }
  | { readonly type: 'operator'; readonly operator: Operator }
  | { readonly type: 'sink'; readonly sink: Sink<never> };

/** A node that is still being described: it may be given a name. */
export interface Draft {
  readonly step: Step;
  readonly inputs: readonly DraftEdge[];
  name?: string;
}

export interface DraftEdge {
  readonly from: Draft;
  readonly side?: string;
  readonly exchange: Exchange;
}

/** Collects the nodes of a pipeline as the program names them, and makes a plan of them. */
export class PlanBuilder {
  private readonly pipeline: string;
  private readonly drafts: Draft[] = [];

  constructor(pipeline: string) {
    this.pipeline = pipeline;
  }

  add(step: Step, inputs: readonly DraftEdge[]): Draft {
    const draft: Draft = { step, inputs };
    this.drafts.push(draft);
    return draft;
  }

  /** @throws MillraceError `NAME_INVALID` for a name that is empty, taken or contains a slash */
  rename(draft: Draft, name: string): void {
    const wrong =
      name === ''
        ? 'an empty name'
        : name.includes('/')
          ? `'${name}'`
          : this.drafts.some(d => d.name === name)
            ? `'${name}', which is taken`
            : '';
    if (wrong !== '') throw new MillraceError('NAME_INVALID', { where: `pipeline '${this.pipeline}'`, got: wrong });
    draft.name = name;
  }

  /** @throws MillraceError `PLAN_NO_SINK`, `PLAN_SINK_MODE` */
  build(): Plan {
    const nodes = new Map<Draft, PlanNode>();
    const ids = new Set<string>();
    for (const draft of this.drafts) {
      const inputs: Edge[] = draft.inputs.map(edge => ({ ...edge, from: nodes.get(edge.from)! }));
      const id = uniqueId(draft.name ?? pathOf(draft, inputs), ids);
      const name = draft.name === undefined ? {} : { name: draft.name };
      nodes.set(draft, { ...draft.step, id, ...name, inputs });
    }
    const plan: Plan = { pipeline: this.pipeline, nodes: leadingToSinks([...nodes.values()]) };
    check(plan);
    return plan;
  }
}

/** What no sink reads does not run. */
function leadingToSinks(nodes: readonly PlanNode[]): PlanNode[] {
  const needed = new Set<PlanNode>();
  for (const node of nodes.toReversed()) {
    if (node.type !== 'sink' && !needed.has(node)) continue;
    needed.add(node);
    for (const edge of node.inputs) needed.add(edge.from);
  }
  return nodes.filter(node => needed.has(node));
}

/** The kinds from the sources to here; stages count only in the ids of stages. */
function pathOf(draft: Draft, inputs: readonly Edge[]): string {
  if (inputs.length === 0) return kindOf(draft);
  const parents = [...new Set(inputs.map(edge => (draft.step.type === 'stage' ? edge.from.id : anchorOf(edge.from))))];
  return `${parents.join('+')}/${kindOf(draft)}`;
}

/** The id of the node, or for stages of the nearest node before them that is none. */
function anchorOf(node: PlanNode): string {
  return node.type === 'stage' && node.name === undefined ? anchorOf(node.inputs[0]!.from) : node.id;
}

function kindOf({ step }: Draft): string {
  switch (step.type) {
    case 'source':
      return step.source.connector;
    case 'stage':
      return step.stage.kind;
    case 'operator':
      return step.operator.kind.replaceAll(' ', '-');
    case 'sink':
      return `to-${step.sink.connector}`;
    default:
      return step.type;
  }
}

function uniqueId(wanted: string, taken: Set<string>): string {
  let id = wanted;
  for (let n = 2; taken.has(id); n++) id = `${wanted}-${n}`;
  taken.add(id);
  return id;
}

function check({ pipeline, nodes }: Plan): void {
  const where = `pipeline '${pipeline}'`;
  if (!nodes.some(node => node.type === 'sink')) throw new MillraceError('PLAN_NO_SINK', { where });
  for (const node of nodes) {
    if (node.type !== 'sink') continue;
    const mode = changelogMode(node.inputs[0]!.from);
    // To a sink of facts, each update of an upsert stream is a fact of its own.
    if (!node.sink.accepts.includes(mode) && !node.sink.accepts.includes('append')) {
      throw new MillraceError('PLAN_SINK_MODE', { where: `${where}, ${node.id}`, expected: node.sink.accepts.join(' or '), got: mode });
    }
  }
}
