import { Job, type JobState } from '../../millrace/src/runtime/job.ts';
import { LoggedStateBackend } from '../../millrace/src/state/logged-state.ts';
import type { JobResult, Reject } from '../../millrace/src/index.ts';
import type { Case } from '../case/case.ts';
import { type Expectation, expectationOf, sinkNameOf, streamAt } from '../case/expectation.ts';
import { difference } from '../operators/end.ts';
import { endNamed } from '../operators/ends.ts';
import type { Event } from '../operators/event.ts';
import { Disk } from '../world/disk.ts';
import { DurableStore } from '../world/durable-store.ts';
import { wasInjected } from '../world/fault.ts';
import { Incarnation, World } from '../world/world.ts';
import { type Built, buildCase } from './build.ts';
import type { Canary } from './canaries.ts';
import { compactEarly } from './compact-early.ts';
import { explain, watchFailures } from './watch-failures.ts';

/** Tables whose contents are gone when all that is open has fired; windows are not among them, as global ones stay. */
const ENDING_TABLES = new Set(['panes', 'event-calls', 'timers.event', 'left', 'right', 'calls']);

export interface Outcome {
  /** What is wrong; undefined: nothing. */
  readonly problem: string | undefined;
  readonly trace: readonly string[];
}

/** Runs a case from its first start to its end, and compares what was published with what plain computations make of the same input. */
export async function runCase(testCase: Case, canary?: Canary): Promise<Outcome> {
  const expectation = expectationOf(testCase);
  if (expectation === undefined) throw new Error('the case does not fit together');
  const world = new World(testCase);
  const unpatch = canary?.patch?.();
  const unlimit = testCase.compacts ? compactEarly() : undefined;
  const unhandled = (error: unknown) => world.violated(`a promise was rejected and nobody looked: ${explain(error)}`);
  process.on('unhandledRejection', unhandled);
  try {
    const run = new Run(testCase, world, canary);
    await run.toEnd();
    // Node tells of unhandled rejections when it comes to rest.
    await new Promise(resolve => setImmediate(resolve));
    return { problem: world.problem ?? run.compare(expectation) ?? run.leftovers(), trace: world.trace };
  } finally {
    process.off('unhandledRejection', unhandled);
    unlimit?.();
    unpatch?.();
  }
}

/** What the program counts of its rejects: 1, 2, 3, ... of each reason and operator. */
function compareCounts(rows: readonly unknown[], expected: Expectation['rejects']): string | undefined {
  return difference(
    { rows, exactlyOnce: true },
    [...expected].flatMap(([key, times]) => Array.from({ length: times }, (_, i) => ({ key, n: i + 1 }))),
  );
}

class Run {
  private readonly testCase: Case;
  private readonly world: World;
  private readonly canary: Canary | undefined;
  private readonly disk: Disk;
  private readonly built: Built;
  private job: Job | undefined;
  private again: boolean;

  constructor(testCase: Case, world: World, canary: Canary | undefined) {
    this.testCase = testCase;
    this.world = world;
    this.canary = canary;
    this.disk = new Disk(world);
    this.built = buildCase(testCase, world, canary);
    this.again = testCase.again;
  }

  async toEnd(): Promise<void> {
    const { world } = this;
    world.onCrash = pauseMs => this.startAfter(pauseMs);
    for (const fault of this.testCase.faults) {
      if ('at' in fault) continue;
      world.later(fault.atMs, () => {
        if (fault.does === 'jump') {
          world.log(`the clock steps by ${fault.byMs} ms`);
          world.stepClock(fault.byMs);
        } else if (fault.does === 'crash') world.crash('', fault.pauseMs);
        else if (world.incarnation !== undefined) this.halt(fault.does, fault.pauseMs);
      });
    }
    this.startAfter(0);
    await world.run();
  }

  compare({ streams, rejects }: Expectation): string | undefined {
    const { built } = this;
    const rejected = this.testCase.countsRejects ? [] : (built.rejects.rows as Reject[]);
    const late = rejected.filter(({ reason }) => reason === 'late').map(({ value }) => value as Event);
    for (const [i, sink] of this.testCase.sinks.entries()) {
      const { events, traits } = streamAt(streams, sink.input);
      const end = endNamed(sink.end);
      const taken = sink.refuses === 0 ? events : events.filter(e => e.v % sink.refuses !== 0);
      const { rows, kind } = built.targets[i]!;
      const wrong = end.check({ rows, exactlyOnce: kind !== 'at-least-once', late }, taken, sink.params, traits);
      if (wrong !== undefined) return `${sinkNameOf(i)}: ${wrong}`;
    }
    const wrong = this.testCase.countsRejects ? compareCounts(built.rejects.rows, rejects) : this.compareRejects(rejected, rejects);
    return wrong === undefined ? undefined : `rejects: ${wrong}`;
  }

  /** State that ends with the input and is still there. */
  leftovers(): string | undefined {
    const state = new LoggedStateBackend();
    const store = new DurableStore(this.world, new Incarnation(0, this.world), this.disk);
    state.restore(store.segments());
    for (const { operator, table, cells } of state.sizes()) {
      if (ENDING_TABLES.has(table) && cells > 0)
        return `operator ${operator} keeps ${cells} cells of its table ${table} although all input has ended`;
    }
    return undefined;
  }

  private compareRejects(rejected: readonly Reject[], expected: Expectation['rejects']): string | undefined {
    const isLateCase = this.testCase.sinks.some(({ end }) => endNamed(end).forLate);
    const rows = rejected.filter(({ reason }) => !isLateCase || reason !== 'late').map(({ reason, operator }) => `${reason} ${operator}`);
    return difference(
      { rows, exactlyOnce: true },
      [...expected].flatMap(([id, times]) => Array.from({ length: times }, () => id)),
    );
  }

  private startAfter(pauseMs: number): void {
    this.world.later(pauseMs, () => this.start());
  }

  private start(): void {
    const { world, testCase } = this;
    const of = world.begin();
    world.log('START');
    watchFailures(of.environment, world);
    const state: JobState = { open: () => this.openStore(of), intervalMs: testCase.epochMs, maxRestarts: testCase.maxRestarts };
    const job = new Job(this.built.plan, of.environment, state);
    this.job = job;
    job.done.then(
      result => {
        if (!of.dead) this.ended(result);
      },
      (error: unknown) => {
        if (!of.dead) this.failed(error);
      },
    );
  }

  private openStore(of: Incarnation): Promise<DurableStore> {
    const { world, disk, canary } = this;
    return world.call(of, 'store-open', 'the simulated disk', () => canary?.store?.(world, of, disk) ?? new DurableStore(world, of, disk));
  }

  private pauseMs = 0;

  private halt(how: 'stop' | 'abort', pauseMs: number): void {
    this.world.log(how);
    this.pauseMs = pauseMs;
    if (how === 'abort') this.job!.abort();
    else {
      this.world.incarnation!.stopping = true;
      void this.job!.stop();
    }
  }

  private ended({ outcome }: JobResult): void {
    const { world } = this;
    world.log(`END ${outcome}`);
    world.leave();
    if (outcome !== 'finished') this.startAfter(this.pauseMs);
    else if (this.again) {
      this.again = false;
      this.startAfter(0);
    } else world.end();
  }

  private failed(error: unknown): void {
    const { world } = this;
    world.log(`END failed: ${String(error)}`);
    world.leave();
    if (wasInjected(error)) this.startAfter(this.world.dice.int(0, 300));
    else world.violated(`the job failed without cause: ${explain(error)}`);
  }
}
