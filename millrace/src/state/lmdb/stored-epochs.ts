import { MillraceError, messageOf } from '../../base/errors.ts';
import type { Epoch, Segment, StoredEpoch } from '../../spi/epoch-store.ts';
import type { Json } from '../../types/json.ts';
import { DamagedFileError } from './check-file.ts';
import type { Changes, Database, Put } from './database.ts';
import {
  ALL_OPENINGS,
  ALL_RECORDS,
  ALL_SEGMENTS,
  ALL_TABLES,
  CHECK_KEY,
  EPOCH_KEY,
  FORMAT_KEY,
  openingKey,
  openingOf,
  outputKey,
  segmentKey,
  segmentPlace,
  tableKey,
  tableOf,
} from './record-keys.ts';
import { BrokenSealError, EncryptingSeal, plainSeal, type Seal } from './seal.ts';
import { SegmentIndex } from './segment-index.ts';
import { type TableName, TableNames } from './table-names.ts';

/** Version of what record-keys.ts describes. */
const FORMAT = 1;

/** Longer output is stored in parts. */
const OUTPUT_PART_BYTES = 256 * 1024;

/** Bytes of checksums or encryption after which the event loop has its turn. */
const SLICE_BYTES = 2 ** 20;

interface FormatRecord {
  readonly format: number;
  readonly encrypted: boolean;
}

interface StoredOutput {
  readonly sink: string;
  readonly data: Json;
  /** In how many parts its bytes are stored, if it has any. */
  readonly parts?: number;
}

interface EpochRecord {
  readonly number: number;
  readonly timeMs: number;
  readonly control: Json;
  readonly pending: readonly StoredOutput[];
  /** How many segments are stored, of this and earlier epochs. */
  readonly segments: number;
}

/** The epochs in a database. After a commit that failed it is of no more use. */
export class StoredEpochs {
  /** Number of this opening of the database, once it has begun. */
  opening = 0;
  /** The newest epoch; 0 when there is none. */
  number = 0;
  private readonly database: Database;
  private readonly seal: Seal;
  private readonly tables = new TableNames();
  private readonly index = new SegmentIndex();

  /**
   * @param secret key of 32 bytes, if values are encrypted
   * @throws MillraceError `STATE_KEY`, `STATE_VERSION`; DamagedFileError, BrokenSealError
   */
  constructor(database: Database, secret: Buffer | undefined) {
    this.database = database;
    this.seal = secret === undefined ? plainSeal : new EncryptingSeal(secret);
    this.checkFormat();
    for (const { key, value } of database.entries(ALL_TABLES)) this.tables.set(tableOf(key), parse<TableName>(this.seal.open(key, value)));
    for (const key of database.keys(ALL_SEGMENTS)) this.index.add(segmentPlace(key));
    const record = this.record();
    const expected = record?.segments ?? 0;
    if (this.index.count !== expected) throw new DamagedFileError(`it has ${this.index.count} segments of state instead of ${expected}`);
    if (record !== undefined) this.number = record.number;
    // What cannot be read should be found out before anything runs.
    this.newest();
  }

  /** Makes this the only opening that may write. */
  beginOpening(): void {
    const before = [...this.database.keys(ALL_OPENINGS)];
    this.opening = Math.max(0, ...before.map(openingOf)) + 1;
    const puts = [this.sealed(openingKey(this.opening), Buffer.alloc(0))];
    if (this.database.get(FORMAT_KEY) === undefined) puts.push(...this.formatRecords());
    this.database.writeNow({ puts, removes: before });
  }

  /** Whether it is still the opening that may write. */
  continueOpening(opening: number): boolean {
    this.opening = opening;
    return this.database.get(openingKey(opening)) !== undefined;
  }

  newest(): StoredEpoch | undefined {
    const record = this.record();
    if (record === undefined) return undefined;
    const { number, timeMs, control, pending } = record;
    return {
      number,
      timeMs,
      control,
      pending: pending.map(({ sink, data, parts }, output) =>
        parts === undefined ? { sink, data } : { sink, data, bytes: this.readOutput(outputKeys(number, output, parts)) },
      ),
    };
  }

  *segments(): IterableIterator<Segment> {
    for (const { key, value } of this.database.entries(ALL_SEGMENTS)) {
      const { table, epoch } = segmentPlace(key);
      const name = this.tables.name(table);
      let bytes: Buffer;
      try {
        bytes = this.seal.open(key, value);
      } catch (cause) {
        throw new DamagedFileError(`a segment of operator ${name.operator}, table ${name.table}, epoch ${epoch}: ${messageOf(cause)}`, {
          cause,
        });
      }
      yield { ...name, bytes };
    }
  }

  /**
   * Saves an epoch in one transaction.
   *
   * @param turn gives the event loop a turn
   * @returns false when another opening has taken over, and nothing was saved
   */
  async commit(epoch: Epoch, turn: () => Promise<void>): Promise<boolean> {
    const { number, timeMs, control } = epoch;
    const draft = new Draft(this.seal, turn);
    const before = this.record();
    for (const [output, { parts }] of before?.pending.entries() ?? [])
      draft.removes.push(...outputKeys(before!.number, output, parts ?? 0));
    for (const { operator, table, before } of epoch.superseded) {
      const tableNumber = this.tables.find({ operator, table });
      if (tableNumber !== undefined) draft.removes.push(...this.index.removeBefore(tableNumber, before));
    }
    await this.addSegments(epoch, draft);
    const pending: StoredOutput[] = [];
    for (const [output, { sink, data, bytes }] of epoch.pending.entries()) {
      pending.push(bytes === undefined ? { sink, data } : { sink, data, parts: await addOutput(number, output, bytes, draft) });
    }
    const record: EpochRecord = { number, timeMs, control, pending, segments: this.index.count };
    await draft.put(EPOCH_KEY, json(record));
    const saved = await this.database.write(openingKey(this.opening), draft);
    if (saved) this.number = number;
    return saved;
  }

  close(): Promise<void> {
    return this.database.close();
  }

  private async addSegments({ number, segments }: Epoch, draft: Draft): Promise<void> {
    for (const { operator, table, bytes } of segments) {
      const name = { operator, table };
      let tableNumber = this.tables.find(name);
      if (tableNumber === undefined) {
        tableNumber = this.tables.add(name);
        await draft.put(tableKey(tableNumber), json(name));
      }
      await draft.put(segmentKey(this.index.append(tableNumber, number)), bytes);
    }
  }

  private checkFormat(): void {
    const sealed = this.database.get(FORMAT_KEY);
    if (sealed === undefined) {
      // A process may have been killed before it wrote the first record; when there are others, it was there.
      for (const _ of this.database.keys(ALL_RECORDS)) throw new DamagedFileError('the record of its format is missing');
      return;
    }
    const { format, encrypted } = parse<FormatRecord>(plainSeal.open(FORMAT_KEY, sealed));
    if (format !== FORMAT) throw new MillraceError('STATE_VERSION', { expected: `format ${FORMAT}`, got: `format ${format}` });
    const withKey = this.seal !== plainSeal;
    if (encrypted !== withKey) {
      throw new MillraceError(
        'STATE_KEY',
        withKey ? { got: 'a key, for state that is not encrypted' } : { got: 'no key, for state that is encrypted' },
      );
    }
    if (!encrypted) return;
    try {
      this.get(CHECK_KEY);
    } catch (error) {
      throw error instanceof BrokenSealError ? new MillraceError('STATE_KEY', { got: 'another key' }) : error;
    }
  }

  private formatRecords(): Put[] {
    const encrypted = this.seal !== plainSeal;
    const record: FormatRecord = { format: FORMAT, encrypted };
    return [{ key: FORMAT_KEY, value: plainSeal.close(FORMAT_KEY, json(record)) }, this.sealed(CHECK_KEY, Buffer.alloc(0))];
  }

  private sealed(key: Buffer, value: Uint8Array): Put {
    return { key, value: this.seal.close(key, value) };
  }

  private record(): EpochRecord | undefined {
    const record = this.get(EPOCH_KEY);
    return record && parse<EpochRecord>(record);
  }

  private get(key: Buffer): Buffer | undefined {
    const sealed = this.database.get(key);
    return sealed && this.seal.open(key, sealed);
  }

  private readOutput(keys: readonly Buffer[]): Buffer {
    return Buffer.concat(
      keys.map(key => {
        const part = this.get(key);
        if (part === undefined) throw new DamagedFileError('a part of the pending output is missing');
        return part;
      }),
    );
  }
}

/** The changes of a transaction while they are sealed. */
class Draft implements Changes {
  readonly puts: Put[] = [];
  readonly removes: Buffer[] = [];
  private readonly seal: Seal;
  private readonly turn: () => Promise<void>;
  private sealedBytes = 0;

  constructor(seal: Seal, turn: () => Promise<void>) {
    this.seal = seal;
    this.turn = turn;
  }

  async put(key: Buffer, value: Uint8Array): Promise<void> {
    this.puts.push({ key, value: this.seal.close(key, value) });
    this.sealedBytes += value.length;
    if (this.sealedBytes < SLICE_BYTES) return;
    this.sealedBytes = 0;
    await this.turn();
  }
}

/** Returns in how many parts it is stored. */
async function addOutput(epoch: number, output: number, bytes: Uint8Array, draft: Draft): Promise<number> {
  const parts = Math.ceil(bytes.length / OUTPUT_PART_BYTES);
  for (const [part, key] of outputKeys(epoch, output, parts).entries()) {
    await draft.put(key, bytes.subarray(part * OUTPUT_PART_BYTES, (part + 1) * OUTPUT_PART_BYTES));
  }
  return parts;
}

function outputKeys(epoch: number, output: number, parts: number): Buffer[] {
  return Array.from({ length: parts }, (_, part) => outputKey(epoch, output, part));
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Bytes whose seal was whole. */
function parse<T>(bytes: Buffer): T {
  return JSON.parse(bytes.toString()) as T;
}
