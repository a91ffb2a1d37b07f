import type { Prepared, Sink, SinkContext, SinkRecovery, SinkWriter } from '../../millrace/src/spi/sink.ts';
import type { Batch } from '../../millrace/src/types/batch.ts';
import type { ChangelogMode } from '../../millrace/src/types/changelog.ts';
import { type Device, type Incarnation, incarnationOf, type World } from './world.ts';

/**
 * What a sink's target can do:
 * `transactional`: holds pending results and publishes them together with a marker; `outbox`: cannot hold them, so they are kept with the epoch, and are published with a marker;
 * `idempotent`: likewise without a marker, an epoch written twice is there once; `at-least-once`: writes are visible at once.
 */
export const TARGET_KINDS = ['transactional', 'outbox', 'idempotent', 'at-least-once'] as const;

export type TargetKind = (typeof TARGET_KINDS)[number];

/** A database, a directory, a queue: what stands in it survives the program. */
export class Target implements Device {
  readonly kind: TargetKind;
  private readonly name: string;
  private readonly forgetful: boolean;
  /** Results that a reader sees, by the epoch that published them; at-least-once: all under 0. */
  private readonly published = new Map<number, unknown[]>();
  /** Results that wait for their epoch to be published. */
  private readonly pending = new Map<number, unknown[]>();
  private marker = 0;
  /** Results that were handed over and belong to no epoch yet; not durable. */
  private staged: unknown[] = [];

  /** @param forgetful it does not know what it has published; this is a bug */
  constructor(world: World, name: string, kind: TargetKind, forgetful: boolean) {
    this.name = name;
    this.forgetful = forgetful;
    this.kind = kind;
    world.devices.push(this);
  }

  /** All that a reader has seen, in the order in which it became visible. */
  get rows(): unknown[] {
    return [...this.published.values()].flat();
  }

  stage(rows: readonly unknown[]): void {
    if (this.kind === 'at-least-once') this.append(0, rows);
    else this.staged.push(...rows);
  }

  takeStaged(): unknown[] {
    return this.staged.splice(0);
  }

  hold(epoch: number, rows: unknown[]): void {
    this.pending.set(epoch, rows);
  }

  /** Makes what is held for an epoch visible, and its marker with it. Returns what is wrong. */
  publishHeld(epoch: number): string | undefined {
    const rows = this.pending.get(epoch);
    if (rows === undefined) return `${this.name}: epoch ${epoch} is published, which the target does not hold`;
    if (!this.forgetful) this.pending.delete(epoch);
    this.publish(epoch, rows);
    return undefined;
  }

  publish(epoch: number, rows: readonly unknown[]): void {
    if (this.kind === 'idempotent' && !this.forgetful) this.published.set(epoch, [...rows]);
    else this.append(epoch, rows);
    this.marker = epoch;
  }

  isPublished(epoch: number): boolean {
    return !this.forgetful && this.marker >= epoch;
  }

  /** Forgets results of epochs that were never committed. */
  discardAfter(epoch: number): void {
    this.staged = [];
    for (const held of [...this.pending.keys()]) if (held > epoch) this.pending.delete(held);
  }

  crash(): void {
    this.staged = [];
  }

  private append(epoch: number, rows: readonly unknown[]): void {
    const there = this.published.get(epoch);
    if (there === undefined) this.published.set(epoch, [...rows]);
    else there.push(...rows);
  }
}

export interface TargetSinkOptions {
  /** Whether writes take time, so that the upstream is held back. */
  readonly slow: boolean;
  /** Records of which this is true are refused. */
  readonly refuses: (value: unknown) => boolean;
}

/** Writes to a simulated target, and watches that it is called as the contract says. */
export class TargetSink implements Sink<unknown> {
  readonly connector = 'simulated';
  readonly description: string;
  readonly accepts: readonly ChangelogMode[] = ['append', 'upsert'];
  readonly target: Target;
  private readonly world: World;
  private readonly options: TargetSinkOptions;

  constructor(world: World, name: string, target: Target, options: TargetSinkOptions) {
    this.world = world;
    this.description = name;
    this.target = target;
    this.options = options;
  }

  async open(context: SinkContext, recovery?: SinkRecovery): Promise<SinkWriter<unknown>> {
    const { world, target, description } = this;
    const of = incarnationOf(context.environment);
    const newest = recovery?.epoch ?? 0;
    await world.call(of, 'sink-open', `${description}, newest epoch ${newest}`, () => target.discardAfter(newest));
    return writerFor(world, of, description, target, this.options, context);
  }
}

function writerFor(
  world: World,
  of: Incarnation,
  name: string,
  target: Target,
  { slow, refuses }: TargetSinkOptions,
  context: SinkContext,
): SinkWriter<unknown> {
  let buffer: unknown[] = [];
  let writing = 0;
  let preparing = false;
  let closed = false;
  let newestPublished = 0;
  const underWay = new Set<Promise<unknown>>();
  const held = { sink: name };
  of.held.add(held);

  const check = (holds: boolean, what: string) => {
    if (!of.dead && !holds) world.violated(`${name}: ${what}`);
  };
  /** What is under way when the sink is closed has ended, one way or the other, before another writer is opened. */
  const watched = <R>(call: Promise<R>): Promise<R> => {
    underWay.add(call);
    const over = () => {
      underWay.delete(call);
    };
    call.then(over, over);
    return call;
  };

  const writer: SinkWriter<unknown> = {
    write(batch: Batch<unknown>) {
      check(!closed, 'a write after the sink was closed');
      check(writing === 0, 'a write while another one is under way');
      if (of.dead) return undefined;
      for (const value of batch.values.slice(0, batch.length)) {
        if (refuses(value)) context.reject('refused', 'the target does not want it', value);
        else buffer.push(structuredClone(value));
      }
      if (!slow || world.dice.chance(0.4)) {
        world.callNow(of, 'write', () => {}, undefined);
        return undefined;
      }
      writing++;
      return watched(world.call(of, 'write', `${name}, ${batch.length} records`, () => {})).finally(() => writing--);
    },
    flush() {
      check(!closed, 'a flush after the sink was closed');
      if (target.kind === 'outbox' || target.kind === 'idempotent') return undefined;
      const rows = buffer;
      buffer = [];
      if (target.kind === 'transactional') {
        // The target knows them from now on, and forgets them when it is asked to or dies.
        if (!of.dead) target.stage(rows);
        return undefined;
      }
      if (rows.length === 0) return undefined;
      return watched(world.call(of, 'flush', `${name}, ${rows.length} records`, () => target.stage(rows)));
    },
    async close(outcome) {
      check(!closed, 'closed twice');
      closed = true;
      of.held.delete(held);
      await Promise.allSettled(underWay);
      await world.call(of, 'sink-close', `${name}, ${outcome}`, () => {});
    },
  };
  if (target.kind === 'at-least-once') return writer;

  writer.prepare = async epoch => {
    check(!closed, 'prepare after the sink was closed');
    check(writing === 0, 'prepare while a write is pending');
    check(!preparing, 'prepare while another epoch is prepared');
    preparing = true;
    const rows = of.dead ? [] : [...target.takeStaged(), ...buffer];
    buffer = [];
    const prepared: Prepared =
      target.kind === 'transactional'
        ? { data: { held: rows.length } }
        : {
            data: null,
            bytes: Buffer.from(JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))),
          };
    await watched(
      world.call(of, 'prepare', `${name}, epoch ${epoch}, ${rows.length} records`, () => {
        if (target.kind === 'transactional') target.hold(epoch, rows);
      }),
    );
    preparing = false;
    return prepared;
  };
  writer.publish = async (epoch, prepared) => {
    check(!closed, 'publish after the sink was closed');
    check(epoch > newestPublished, `epoch ${epoch} is published after ${newestPublished}`);
    newestPublished = epoch;
    await watched(
      world.call(of, 'publish', `${name}, epoch ${epoch}`, () => {
        if (target.kind === 'transactional') {
          const wrong = target.publishHeld(epoch);
          if (wrong !== undefined) world.violated(wrong);
        } else target.publish(epoch, JSON.parse(Buffer.from(prepared.bytes!).toString()) as unknown[]);
      }),
    );
  };
  if (target.kind !== 'idempotent') {
    writer.published = epoch => watched(world.call(of, 'published', `${name}, epoch ${epoch}`, () => target.isPublished(epoch)));
  }
  return writer;
}
