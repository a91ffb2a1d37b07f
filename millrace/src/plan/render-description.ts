import { formatDuration } from '../base/duration.ts';
import type { StateDescription } from '../spi/state.ts';
import type { ChangelogMode } from '../types/changelog.ts';
import { chainsOf } from './render-chains.ts';
import { changelogMode, type Edge, type Plan, type PlanNode, type Stage } from './graph.ts';
import { readsRejects } from './reject-sink.ts';

/** A plan as plain data: what `millrace plan --format json` prints. Fields may be added within a version, never renamed or removed. */
export interface PlanDescription {
  readonly version: 1;
  readonly pipeline: string;
  /** Every node stands behind the nodes it reads. */
  readonly nodes: readonly NodeDescription[];
  /**
   * Ids of the nodes that run as one loop, in the order in which a record passes them. An operator with several inputs may end several chains.
   */
  readonly chains: readonly (readonly string[])[];
  /** What nothing bounds. */
  readonly unbounded: readonly UnboundedState[];
  /** Who takes the rejected records: the program itself, or the reject log. */
  readonly rejects: 'program' | 'log';
}

export interface NodeDescription {
  readonly id: string;
  /** Given by the program; null when the id was derived. */
  readonly name: string | null;
  readonly type: PlanNode['type'];
  /** The connector of a source or sink, the kind of a stage or operator. */
  readonly kind: string;
  readonly description: string;
  /** Workers that it runs on. */
  readonly parallelism: number;
  /** What its records mean; null for a sink. */
  readonly makes: ChangelogMode | null;
  /** Whether it ends by itself; null for all but sources. */
  readonly bounded: boolean | null;
  readonly inputs: readonly EdgeDescription[];
  readonly state: readonly { readonly name: string; readonly kind: StateDescription['kind']; readonly boundedBy: string | null }[];
}

export interface EdgeDescription {
  readonly from: string;
  /** Tag of the side output; null for the main output. */
  readonly side: string | null;
  readonly exchange: Edge['exchange']['kind'];
  /** What a hash exchange partitions by; null for the others. */
  readonly key: string | null;
}

export interface UnboundedState {
  readonly operator: string;
  readonly state: string;
  readonly kind: StateDescription['kind'];
  /** What would bound it. */
  readonly boundedWith: string;
}

/** The plan as plain data. */
export function describePlan(plan: Plan): PlanDescription {
  return {
    version: 1,
    pipeline: plan.pipeline,
    nodes: plan.nodes.map(describeNode),
    chains: chainsOf(plan).map(chain => chain.map(node => node.id)),
    unbounded: plan.nodes.flatMap(node =>
      stateOf(node).flatMap(({ name, kind, boundedBy }) =>
        boundedBy === undefined ? { operator: node.id, state: name, kind, boundedWith: boundFor(node, kind) } : [],
      ),
    ),
    rejects: readsRejects(plan) ? 'program' : 'log',
  };
}

function boundFor(node: PlanNode, kind: StateDescription['kind']): string {
  return kindOf(node) === 'dedupe' ? "a span: { within: '1d' }" : BOUNDED_WITH[kind];
}

const BOUNDED_WITH: Readonly<Record<StateDescription['kind'], string>> = {
  value: "a time to live: { ttl: '1d' }",
  list: "a time to live: { ttl: '1d' }",
  map: "a time to live: { ttl: '1d' }",
  reducing: "a time to live: { ttl: '1d' }",
  aggregating: "a time to live: { ttl: '1d' }",
  window: 'windows of time, or a trigger that purges',
  buffer: 'windows of time or an interval',
  broadcast: 'deleting the entries that are no longer needed',
};

function describeNode(node: PlanNode): NodeDescription {
  return {
    id: node.id,
    name: node.name ?? null,
    type: node.type,
    kind: kindOf(node),
    description: descriptionOf(node),
    parallelism: 1,
    makes: node.type === 'sink' ? null : changelogMode(node),
    bounded: node.type === 'source' ? node.source.bounded : null,
    inputs: node.inputs.map(describeEdge),
    state: stateOf(node).map(({ name, kind, boundedBy }) => ({ name, kind, boundedBy: boundedBy ?? null })),
  };
}

function describeEdge({ from, side, exchange }: Edge): EdgeDescription {
  return { from: from.id, side: side ?? null, exchange: exchange.kind, key: exchange.kind === 'hash' ? exchange.description : null };
}

function stateOf(node: PlanNode): readonly StateDescription[] {
  return node.type === 'operator' ? node.operator.state : [];
}

function kindOf(node: PlanNode): string {
  switch (node.type) {
    case 'source':
      return node.source.connector;
    case 'sink':
      return node.sink.connector;
    case 'stage':
      return node.stage.kind;
    case 'operator':
      return node.operator.kind;
    default:
      return node.type;
  }
}

function descriptionOf(node: PlanNode): string {
  switch (node.type) {
    case 'source':
      return node.source.description;
    case 'sink':
      return node.sink.description;
    case 'stage':
      return describeStage(node.stage);
    case 'operator':
      return node.operator.description;
    case 'rejects':
      return 'every record that was rejected';
    case 'union':
      return `${node.inputs.length} streams as one`;
  }
}

function describeStage(stage: Stage): string {
  switch (stage.kind) {
    case 'map':
      return describeFunction(stage.apply);
    case 'filter':
      return describeFunction(stage.keep);
    case 'flatMap':
      return describeFunction(stage.expand);
    case 'eventTime': {
      const time = stage.extract === undefined ? 'of the records' : describeFunction(stage.extract);
      const idle = stage.idleAfterMs === undefined ? '' : `, idle after ${formatDuration(stage.idleAfterMs)}`;
      return `${time}, ${stage.strategy.description}${idle}`;
    }
  }
}

/** Longest text of a function that is shown whole, in characters. */
const FUNCTION_TEXT = 60;

/** A function's name, or the beginning of its text. Stripped types leave blanks behind, which are closed. */
function describeFunction(f: (value: never) => unknown): string {
  if (f.name !== '') return f.name;
  const text = String(f)
    .replace(/\s+/g, ' ')
    .replace(/ (?=[,)])/g, '');
  return text.length <= FUNCTION_TEXT ? text : `${text.slice(0, FUNCTION_TEXT - 1)}…`;
}
