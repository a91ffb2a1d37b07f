import { crc32 } from 'node:zlib';
import type { Epoch, EpochStore, PendingOutput, Segment, StoredEpoch } from '../../millrace/src/spi/epoch-store.ts';
import type { Json } from '../../millrace/src/types/json.ts';
import { type Disk, SECTOR_BYTES } from './disk.ts';
import type { Incarnation, World } from './world.ts';

/** An epoch as it stands in the file. */
interface StoredRecord {
  readonly number: number;
  readonly timeMs: number;
  readonly control: Json;
  readonly superseded: Epoch['superseded'];
  readonly segments: readonly { operator: string; table: string; bytes: string }[];
  readonly pending: readonly { sink: string; data: Json; bytes?: string }[];
}

/** Length and checksum of what follows. */
const HEADER_BYTES = 8;

/**
 * Keeps epochs in a log on a simulated disk: one record per epoch, told complete by its checksum, acknowledged when it was synced. What is torn off by a crash is found when the log is read
 * and written over by the next epoch.
 */
export class DurableStore implements EpochStore {
  readonly location = 'the simulated disk';
  private readonly world: World;
  private readonly of: Incarnation;
  private readonly disk: Disk;
  private epoch: StoredEpoch | undefined;
  private kept: { readonly epoch: number; readonly segment: Segment }[] = [];
  private end = 0;
  private committing = false;

  constructor(world: World, of: Incarnation, disk: Disk) {
    this.world = world;
    this.of = of;
    this.disk = disk;
    this.read();
  }

  newest(): StoredEpoch | undefined {
    return this.epoch;
  }

  *segments(): Iterable<Segment> {
    for (const { segment } of this.kept) yield segment;
  }

  async commit(epoch: Epoch): Promise<void> {
    const { world, of } = this;
    if (this.committing) world.violated('an epoch was committed while another one was');
    if (epoch.number !== (this.epoch?.number ?? 0) + 1)
      world.violated(`epoch ${epoch.number} was committed after ${this.epoch?.number ?? 0}`);
    this.committing = true;
    const record = encode(epoch);
    try {
      await world.call(of, 'commit', `epoch ${epoch.number} begins`, () => {});
      // In two parts, so that the process may die between them.
      const half = world.dice.int(1, record.length - 1);
      await this.disk.write(of, this.end, record.subarray(0, half));
      await this.disk.write(of, this.end + half, record.subarray(half));
      await this.acknowledge();
    } catch (error) {
      // Either all of the epoch is there, or nothing: whoever asks for the newest must be told the truth.
      this.disk.discardUnsynced();
      this.committing = false;
      this.read();
      throw error;
    }
    this.committing = false;
    this.apply(decode(record.subarray(HEADER_BYTES, HEADER_BYTES + record.readUInt32LE(0))));
    this.end += record.length;
    await world.call(of, 'commit', `epoch ${epoch.number} is durable`, () => {});
  }

  async close(): Promise<void> {}

  /** Resolves when what was written would survive a crash. */
  protected acknowledge(): Promise<void> {
    return this.disk.sync(this.of);
  }

  private read(): void {
    const { contents } = this.disk;
    this.epoch = undefined;
    this.kept = [];
    this.end = 0;
    while (this.end + HEADER_BYTES <= contents.length) {
      const length = contents.readUInt32LE(this.end);
      const body = contents.subarray(this.end + HEADER_BYTES, this.end + HEADER_BYTES + length);
      if (length === 0 || body.length < length || crc32(body) !== contents.readUInt32LE(this.end + 4)) break;
      this.apply(decode(body));
      this.end += wholeSectors(HEADER_BYTES + length);
    }
  }

  private apply({ number, timeMs, control, pending, segments, superseded }: Epoch): void {
    for (const segment of segments) this.kept.push({ epoch: number, segment });
    for (const { operator, table, before } of superseded) {
      this.kept = this.kept.filter(k => k.epoch >= before || k.segment.operator !== operator || k.segment.table !== table);
    }
    this.epoch = { number, timeMs, control, pending };
  }
}

function encode({ number, timeMs, control, superseded, segments, pending }: Epoch): Buffer {
  const stored: StoredRecord = {
    number,
    timeMs,
    control,
    superseded,
    segments: segments.map(({ operator, table, bytes }) => ({ operator, table, bytes: base64(bytes) })),
    pending: pending.map(({ sink, data, bytes }) => (bytes === undefined ? { sink, data } : { sink, data, bytes: base64(bytes) })),
  };
  const body = Buffer.from(JSON.stringify(stored));
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(body.length, 0);
  header.writeUInt32LE(crc32(body), 4);
  return Buffer.concat([header, body], wholeSectors(HEADER_BYTES + body.length));
}

/** An epoch ends where a sector does, as a write that tears may destroy all of the sector that it is in. */
function wholeSectors(bytes: number): number {
  return Math.ceil(bytes / SECTOR_BYTES) * SECTOR_BYTES;
}

function decode(body: Buffer): Epoch {
  const { segments, pending, ...rest } = JSON.parse(body.toString()) as StoredRecord;
  return {
    ...rest,
    segments: segments.map(segment => ({ ...segment, bytes: Buffer.from(segment.bytes, 'base64') })),
    pending: pending.map(
      ({ bytes, ...output }): PendingOutput => (bytes === undefined ? output : { ...output, bytes: Buffer.from(bytes, 'base64') }),
    ),
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
