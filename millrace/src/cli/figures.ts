import type { Environment } from '../base/environment.ts';
import type { Plan, PlanNode } from '../plan/graph.ts';
import type { JobMetrics } from '../runtime/metrics.ts';

/** What is told about a job while it runs. */
export interface Figures {
  readonly metrics: JobMetrics;
  /** Records read per second during the last few seconds. */
  readonly recordsPerSecond: number;
  /** Records read per second since the start. */
  readonly meanRecordsPerSecond: number;
  /**
   * How far the watermark is behind the clock; undefined when no source is unbounded, as event time is history then, and while there is no
   * watermark.
   */
  readonly lagMs: number | undefined;
  readonly late: number;
  /** Late ones included. */
  readonly rejected: number;
  /** Ids of the nodes that hold those before them back, now and when looked at last. */
  readonly heldBackBy: readonly string[];
}

/** The rate is taken over so much time. */
const RATE_SPAN_MS = 3_000;

/** What is watched: a job. */
export interface Measured {
  metrics(): JobMetrics;
}

/** Watches a job; each call of `read` is a sample. */
export class FigureReader {
  private readonly plan: Plan;
  private readonly job: Measured;
  private readonly environment: Environment;
  private readonly unbounded: boolean;
  private readonly samples: { readonly elapsedMs: number; readonly recordsIn: number }[] = [{ elapsedMs: 0, recordsIn: 0 }];
  private heldBackBefore: ReadonlySet<string> = new Set();

  constructor(plan: Plan, job: Measured, environment: Environment) {
    this.plan = plan;
    this.job = job;
    this.environment = environment;
    this.unbounded = plan.nodes.some(node => node.type === 'source' && !node.source.bounded);
  }

  read(): Figures {
    const metrics = this.job.metrics();
    const { elapsedMs, recordsIn, watermarkMs, rejected } = metrics;
    const samples = this.samples;
    while (samples.length > 1 && samples[1]!.elapsedMs <= elapsedMs - RATE_SPAN_MS) samples.shift();
    const oldest = samples[0]!;
    samples.push({ elapsedMs, recordsIn });

    const heldBack = heldBackBy(this.plan, metrics);
    const heldBackTwice = heldBack.filter(id => this.heldBackBefore.has(id));
    this.heldBackBefore = new Set(heldBack);
    return {
      metrics,
      recordsPerSecond: perSecond(recordsIn - oldest.recordsIn, elapsedMs - oldest.elapsedMs),
      meanRecordsPerSecond: perSecond(recordsIn, elapsedMs),
      lagMs: this.unbounded && Number.isFinite(watermarkMs) ? this.environment.clock.now() - watermarkMs : undefined,
      late: rejected.late ?? 0,
      rejected: Object.values(rejected).reduce((total, n) => total + n, 0),
      heldBackBy: heldBackTwice,
    };
  }
}

function perSecond(records: number, ms: number): number {
  return ms > 0 ? (records * 1_000) / ms : 0;
}

/**
 * The nodes that are busy while nothing behind them is: it is they who hold back. A sink is busy for the length of each write, so that a
 * single look says little.
 */
export function heldBackBy({ nodes }: Plan, metrics: JobMetrics): string[] {
  const blocked = new Set(metrics.nodes.filter(node => node.blocked).map(node => node.id));
  const behindBlocked = new Set<PlanNode>();
  for (const node of nodes.toReversed()) {
    if (!blocked.has(node.id) && !behindBlocked.has(node)) continue;
    for (const { from } of node.inputs) behindBlocked.add(from);
  }
  return nodes.filter(node => blocked.has(node.id) && node.type !== 'source' && !behindBlocked.has(node)).map(node => node.id);
}
