import { KeyError } from '../base/key.ts';
import { MillraceError, messageOf } from '../base/errors.ts';
import { type Edge, makesWatermarks, type Plan, type PlanNode, type SourceNode, type StageNode } from '../plan/graph.ts';
import type { ChainEnd, ChainStage, StepFailed } from './chain.ts';
import { EventTimeAssigner } from './event-time-assigner.ts';
import { OperatorDriver } from './operator-driver.ts';
import { Output } from './output.ts';
import type { Receiver } from './receiver.ts';
import { RejectsDriver } from './rejects-driver.ts';
import { Segment, type SegmentEnd } from './segment.ts';
import { SinkDriver } from './sink-driver.ts';
import { SourceDriver } from './source-driver.ts';
import type { SplitNames } from './split-names.ts';
import { UnionDriver } from './union-driver.ts';
import type { Worker } from './worker.ts';

export interface DriverSet {
  readonly sources: readonly SourceDriver[];
  /** In the order of the plan: each stands behind those it reads. */
  readonly operators: readonly OperatorDriver[];
  readonly sinks: readonly SinkDriver[];
}

export interface Drivers extends DriverSet {
  /** By the id of their stage. */
  readonly assigners: ReadonlyMap<string, EventTimeAssigner>;
  /** Those that assign event time. */
  readonly timedSegments: readonly Segment[];
  /** Those that process the pipeline's own records. */
  readonly main: DriverSet;
  /** Those that process the reject stream. */
  readonly ofRejects: DriverSet;
}

/** Makes the drivers of a plan and connects them; stages become parts of the segments between them. */
export function connectDrivers(plan: Plan, worker: Worker, splits: SplitNames): { drivers: Drivers; rejects: RejectsDriver } {
  const consumers = consumersOf(plan);
  const afterRejects = downstreamOf(
    plan.nodes.filter(node => node.type === 'rejects'),
    consumers,
  );
  const rejects = new RejectsDriver(worker, splits, new Set([...afterRejects].map(node => node.id)));

  const sources = new Map<PlanNode, SourceDriver>();
  const operators = new Map<PlanNode, OperatorDriver>();
  const sinks = new Map<PlanNode, SinkDriver>();
  const unions = new Map<PlanNode, UnionDriver>();
  const assigners = new Map<string, EventTimeAssigner>();
  const timedSegments: Segment[] = [];

  for (const node of plan.nodes) {
    if (node.type === 'source') sources.set(node, new SourceDriver(node, worker));
    else if (node.type === 'operator') operators.set(node, new OperatorDriver(node, worker));
    else if (node.type === 'sink') sinks.set(node, new SinkDriver(node, worker));
    else if (node.type === 'union') unions.set(node, new UnionDriver(node.inputs.length));
  }

  for (const node of plan.nodes) {
    if (node.type === 'stage') continue;
    for (const edge of consumers.get(node) ?? []) connect(outputOf(edge.edge), edge);
  }

  const set = (included: (node: PlanNode) => boolean): DriverSet => ({
    sources: [...sources].flatMap(([node, driver]) => (included(node) ? [driver] : [])),
    operators: [...operators].flatMap(([node, driver]) => (included(node) ? [driver] : [])),
    sinks: [...sinks].flatMap(([node, driver]) => (included(node) ? [driver] : [])),
  });
  return {
    drivers: {
      ...set(() => true),
      assigners,
      timedSegments,
      main: set(node => !afterRejects.has(node)),
      ofRejects: set(node => afterRejects.has(node)),
    },
    rejects,
  };

  function outputOf({ from, side }: Edge): Output {
    switch (from.type) {
      case 'source':
        return sources.get(from)!.output;
      case 'operator':
        return side === undefined ? operators.get(from)!.output : operators.get(from)!.sideOutput(side);
      case 'union':
        return unions.get(from)!.output;
      case 'rejects':
        return rejects.output;
      default:
        throw new Error(`${from.type} ${from.id} has no output of its own`);
    }
  }

  /** Connects an output to the consumer at the other end of the stages that follow. */
  function connect(output: Output, first: Consumer): void {
    const stages: StageNode[] = [];
    let consumer = first;
    while (consumer.node.type === 'stage') {
      stages.push(consumer.node);
      const next = consumers.get(consumer.node) ?? [];
      if (next.length !== 1) {
        const fork = new Output();
        output.connect(segment(stages, { kind: 'output', output: fork }, { output: fork }), 0);
        for (const branch of next) connect(fork, branch);
        return;
      }
      consumer = next[0]!;
    }
    const { node, edge, input } = consumer;
    switch (node.type) {
      case 'operator': {
        const operator = operators.get(node)!;
        const end: ChainEnd = {
          kind: 'operator',
          process: operator.task.inputs[input]!,
          cursor: operator.cursor,
          ...(edge.exchange.kind === 'hash' ? { selectKey: edge.exchange.selectKey } : {}),
        };
        output.connect(segment(stages, end, { operator, input }, node), 0);
        return;
      }
      case 'sink':
      case 'union': {
        const receiver: Receiver = node.type === 'sink' ? sinks.get(node)! : unions.get(node)!;
        if (stages.length === 0) output.connect(receiver, input);
        else {
          const last = new Output();
          last.connect(receiver, input);
          output.connect(segment(stages, { kind: 'output', output: last }, { output: last }), 0);
        }
        return;
      }
      default:
        throw new Error(`${node.type} ${node.id} cannot be read into`);
    }
  }

  function segment(stages: readonly StageNode[], chainEnd: ChainEnd, end: SegmentEnd, last?: PlanNode): Segment {
    const steps: readonly PlanNode[] = last === undefined ? stages : [...stages, last];
    const failed: StepFailed = (error, batch, index, step) => {
      const node = steps[step];
      if (node === undefined || error instanceof MillraceError) throw error;
      const reason = error instanceof KeyError ? 'key' : 'failed';
      rejects.fromOperator(node.id, reason, messageOf(error), batch.values[index], batch.times[index]!, batch, index);
    };
    const first = stages[0]?.inputs[0]?.from;
    const fedTimed = first !== undefined && makesWatermarks(first);
    const made = new Segment(stages.map(chainStage), fedTimed, chainEnd, end, failed);
    if (made.timed) timedSegments.push(made);
    return made;
  }

  function chainStage(node: StageNode): ChainStage {
    const { stage } = node;
    if (stage.kind !== 'eventTime') return stage;
    for (const source of sourcesOf(node)) {
      const driver = sources.get(source)!;
      driver.idleAfterMs = Math.min(driver.idleAfterMs, stage.idleAfterMs ?? Infinity);
    }
    const sent = worker.recovered?.eventTimes[node.id] ?? -Infinity;
    const assigner = new EventTimeAssigner(
      stage.strategy,
      stage.maxAheadMs,
      worker.environment,
      sent,
      (message, value, time, batch, index) => rejects.fromOperator(node.id, 'timestamp', message, value, time, batch, index),
    );
    assigners.set(node.id, assigner);
    return { kind: 'eventTime', assigner, ...(stage.extract === undefined ? {} : { extract: stage.extract }) };
  }
}

/** A node that reads, the edge it reads by and which of its inputs that is. */
interface Consumer {
  readonly node: PlanNode;
  readonly edge: Edge;
  readonly input: number;
}

function consumersOf(plan: Plan): Map<PlanNode, Consumer[]> {
  const consumers = new Map<PlanNode, Consumer[]>();
  for (const node of plan.nodes) {
    for (const [input, edge] of node.inputs.entries()) {
      const of = consumers.get(edge.from) ?? [];
      of.push({ node, edge, input });
      consumers.set(edge.from, of);
    }
  }
  return consumers;
}

function downstreamOf(starts: readonly PlanNode[], consumers: Map<PlanNode, Consumer[]>): Set<PlanNode> {
  const reached = new Set<PlanNode>(starts);
  for (const node of reached) for (const consumer of consumers.get(node) ?? []) reached.add(consumer.node);
  return reached;
}

/** The sources that a stage reads through other stages and unions alone. */
function sourcesOf(node: PlanNode): SourceNode[] {
  return node.inputs.flatMap(({ from }) =>
    from.type === 'source' ? [from] : from.type === 'stage' || from.type === 'union' ? sourcesOf(from) : [],
  );
}
