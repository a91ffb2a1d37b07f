import type { Operator } from '../spi/operator.ts';
import type { Sink } from '../spi/sink.ts';
import type { Source } from '../spi/source.ts';
import type { ChangelogMode } from '../types/changelog.ts';
import type { WatermarkStrategy } from '../time/watermarks.ts';

/** A step that needs no state and no exchange. Neighbouring stages are chained into one loop. */
export type Stage =
  | { readonly kind: 'map'; readonly apply: (value: never) => unknown }
  | { readonly kind: 'filter'; readonly keep: (value: never) => unknown }
  | { readonly kind: 'flatMap'; readonly expand: (value: never) => Iterable<unknown> }
  | {
      readonly kind: 'eventTime';
      /** Absent: the records bring their time. */
      readonly extract?: (value: never) => number | Date;
      readonly strategy: WatermarkStrategy<never>;
      /** A split without records for so long does not hold the watermark back. */
      readonly idleAfterMs?: number;
      /** A time further ahead of the clock than this is rejected, so that one wrong record cannot make all others late. */
      readonly maxAheadMs: number;
    };

/** How records reach the workers of the consumer: as they are, by key group, all to all, or evenly. */
export type Exchange =
  | { readonly kind: 'forward' | 'broadcast' | 'rebalance' }
  | { readonly kind: 'hash'; readonly selectKey: (value: never) => unknown; readonly description: string };

/** A stream that a node reads: the output of another node, or one of its side outputs. */
export interface Edge {
  readonly from: PlanNode;
  /** Tag of the side output; undefined for the main output. */
  readonly side?: string;
  readonly exchange: Exchange;
}

interface NodeBase {
  /**
   * Stable from one version of a program to the next: the explicit name, or the path of kinds from the sources. Stateless stages do not count in the
   * ids of the operators behind them, so that adding a filter keeps their state.
   */
  readonly id: string;
  /** Given by the program with `name`. */
  readonly name?: string;
  readonly inputs: readonly Edge[];
}

export interface SourceNode extends NodeBase {
  readonly type: 'source';
  readonly source: Source<unknown>;
}

/** The rejected records of the whole pipeline, as a stream. */
export interface RejectsNode extends NodeBase {
  readonly type: 'rejects';
}

export interface StageNode extends NodeBase {
  readonly type: 'stage';
  readonly stage: Stage;
}

export interface UnionNode extends NodeBase {
  readonly type: 'union';
}

export interface OperatorNode extends NodeBase {
  readonly type: 'operator';
  readonly operator: Operator;
}

export interface SinkNode extends NodeBase {
  readonly type: 'sink';
  readonly sink: Sink<never>;
}

export type PlanNode = SourceNode | RejectsNode | StageNode | UnionNode | OperatorNode | SinkNode;

/** What a pipeline does, before it runs. Every node stands behind the nodes it reads. */
export interface Plan {
  readonly pipeline: string;
  readonly nodes: readonly PlanNode[];
}

/** What the node's records mean. */
export function changelogMode(node: PlanNode): ChangelogMode {
  switch (node.type) {
    case 'operator':
      return node.operator.makes;
    case 'stage':
      // A mapped record may have lost its key, so what a map makes is a stream of facts: each update as it happened.
      return node.stage.kind === 'map' || node.stage.kind === 'flatMap' ? 'append' : changelogMode(node.inputs[0]!.from);
    case 'union':
      return node.inputs.every(edge => changelogMode(edge.from) === 'upsert') ? 'upsert' : 'append';
    default:
      return 'append';
  }
}

/** Whether the node's records have event time and it makes watermarks. */
export function makesWatermarks(node: PlanNode): boolean {
  if (node.type === 'stage' && node.stage.kind === 'eventTime') return true;
  return node.inputs.length > 0 && node.inputs.every(edge => makesWatermarks(edge.from));
}
