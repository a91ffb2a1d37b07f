import type { Source } from '../../millrace/src/spi/source.ts';
import type { Segment } from '../../millrace/src/spi/epoch-store.ts';
import { TrackedSpace } from '../../millrace/src/state/tracked-space.ts';
import type { Event } from '../operators/event.ts';
import type { Disk } from '../world/disk.ts';
import { DurableStore } from '../world/durable-store.ts';
import type { Incarnation, World } from '../world/world.ts';

/** A bug that is planted to see whether it is found. */
export interface Canary {
  readonly description: string;
  /** In place of the store. */
  store?(world: World, of: Incarnation, disk: Disk): DurableStore;
  /** In place of a source. */
  source?(source: Source<Event>): Source<Event>;
  /** Sinks do not know what they have published. */
  readonly forgetfulTargets?: boolean;
  /** Changes a class of the engine. The returned function undoes it. */
  patch?(): () => void;
}

/** Acknowledges an epoch before it is durable. */
class HastyStore extends DurableStore {
  protected override async acknowledge(): Promise<void> {
    // The sync goes on by itself, as the caller goes on to publish.
    super.acknowledge().catch(() => {});
  }
}

/** Gives back state without the timers. */
class TimerlessStore extends DurableStore {
  override *segments(): Iterable<Segment> {
    for (const segment of super.segments()) if (!/^timers\.|-calls$/.test(segment.table)) yield segment;
  }
}

/** Its positions are one record too far now and then. */
function hasty(source: Source<Event>): Source<Event> {
  return {
    connector: source.connector,
    description: source.description,
    bounded: source.bounded,
    ...(source.timestamped === undefined ? {} : { timestamped: source.timestamped }),
    enumerate: context => source.enumerate(context),
    async open(context, position) {
      const reader = await source.open(context, position);
      return {
        poll: batch => reader.poll(batch),
        position() {
          const at = reader.position();
          return typeof at === 'number' && at % 3 === 1 ? at + 1 : at;
        },
        close: () => reader.close(),
      };
    },
  };
}

/** Every 50th change of a cell is not marked. */
function patchMark(): () => void {
  const { mark } = TrackedSpace.prototype;
  let changes = 0;
  TrackedSpace.prototype.mark = function (cell) {
    if (++changes % 50 !== 0) mark.call(this, cell);
  };
  return () => {
    TrackedSpace.prototype.mark = mark;
  };
}

export const canaries: ReadonlyMap<string, Canary> = new Map<string, Canary>(
  Object.entries<Canary>({
    'acknowledged-early': {
      description: 'an epoch is published before it is durable',
      store: (world, of, disk) => new HastyStore(world, of, disk),
    },
    'position-ahead': { description: 'the saved position of a split is one record too far', source: hasty },
    'unmarked-change': { description: 'a changed cell is not marked', patch: patchMark },
    'published-twice': { description: 'a target does not know what it has published already', forgetfulTargets: true },
    'timers-lost': {
      description: 'timers are lost when state is restored',
      store: (world, of, disk) => new TimerlessStore(world, of, disk),
    },
  }),
);
