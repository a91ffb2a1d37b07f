import type { Device, Incarnation, World } from './world.ts';
import type { Dice } from './dice.ts';

/** The unit in which a write reaches the medium or not. */
export const SECTOR_BYTES = 64;

/**
 * A file whose writes are held in a cache until they are synced. When the process dies with the machine, each sector that was written since the last sync is there, as it was before, or
 * garbage.
 */
export class Disk implements Device {
  private readonly world: World;
  /** What is surely there. */
  private durable: Buffer = Buffer.alloc(0);
  /** What a read gives now. */
  private cached: Buffer = Buffer.alloc(0);

  constructor(world: World) {
    this.world = world;
    world.devices.push(this);
  }

  get contents(): Buffer {
    return this.cached;
  }

  write(of: Incarnation, at: number, bytes: Uint8Array): Promise<void> {
    return this.world.call(of, 'disk-write', `${bytes.length} bytes at ${at}`, () => {
      const grown = Buffer.alloc(Math.max(this.cached.length, at + bytes.length));
      grown.set(this.cached);
      grown.set(bytes, at);
      this.cached = grown;
    });
  }

  sync(of: Incarnation): Promise<void> {
    return this.world.call(of, 'disk-sync', `${this.cached.length} bytes`, () => {
      this.durable = this.cached;
    });
  }

  /** Gives up what was not synced, as a file system does with pages that it could not write. */
  discardUnsynced(): void {
    this.cached = this.durable;
  }

  crash(dice: Dice): void {
    if (this.cached === this.durable) return;
    const luck = dice.pick(['lost', 'kept', 'torn']);
    if (luck === 'kept') this.durable = this.cached;
    else if (luck === 'torn') this.durable = torn(this.durable, this.cached, dice);
    this.cached = this.durable;
    this.world.log(`disk: unsynced writes are ${luck}`);
  }
}

function torn(before: Buffer, after: Buffer, dice: Dice): Buffer {
  const result = Buffer.from(after);
  for (let at = 0; at < after.length; at += SECTOR_BYTES) {
    const end = Math.min(at + SECTOR_BYTES, after.length);
    const old = Buffer.alloc(end - at);
    if (at < before.length) before.copy(old, 0, at, end);
    if (old.equals(after.subarray(at, end))) continue;
    switch (dice.pick(['old', 'new', 'garbage'])) {
      case 'old':
        old.copy(result, at);
        break;
      case 'garbage':
        for (let i = at; i < end; i++) result[i] = dice.int(0, 255);
    }
  }
  return result;
}
