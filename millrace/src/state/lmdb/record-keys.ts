import { DamagedFileError } from './check-file.ts';

/**
 * Keys of the records in the database. Numbers are big-endian, so that records stand in their order.
 *
 *     0            the format of all that follows, in JSON
 *     1            a known text, encrypted: tells a wrong key from damage
 *     2 opening    the opening that may write, in JSON
 *     3            the newest epoch, in JSON
 *     4 epoch output part    bytes of its pending output
 *     5 table      operator and name of a table, in JSON
 *     6 table epoch index    a segment
 */
export const FORMAT_KEY = Buffer.of(0);
export const CHECK_KEY = Buffer.of(1);
export const EPOCH_KEY = Buffer.of(3);

const OPENING = 2;
const OUTPUT = 4;
const TABLE = 5;
const SEGMENT = 6;

const UINT32 = 4;
/** Epochs have 48 bits: at one in a millisecond enough for thousands of years. */
const UINT48 = 6;

/** Keys from `start` on and before `end`. */
export interface KeyRange {
  readonly start: Buffer;
  readonly end: Buffer;
}

export const ALL_OPENINGS = allOf(OPENING);
export const ALL_TABLES = allOf(TABLE);
export const ALL_SEGMENTS = allOf(SEGMENT);
export const ALL_RECORDS: KeyRange = { start: FORMAT_KEY, end: Buffer.of(0xff) };

function allOf(kind: number): KeyRange {
  return { start: Buffer.of(kind), end: Buffer.of(kind + 1) };
}

export function openingKey(opening: number): Buffer {
  const key = Buffer.alloc(1 + UINT48);
  key[0] = OPENING;
  key.writeUIntBE(opening, 1, UINT48);
  return key;
}

/** @throws DamagedFileError, as all that read a key */
export function openingOf(key: Buffer): number {
  checkLength(key, 1 + UINT48);
  return key.readUIntBE(1, UINT48);
}

export function outputKey(epoch: number, output: number, part: number): Buffer {
  const key = Buffer.alloc(1 + UINT48 + 2 * UINT32);
  key[0] = OUTPUT;
  key.writeUIntBE(epoch, 1, UINT48);
  key.writeUInt32BE(output, 1 + UINT48);
  key.writeUInt32BE(part, 1 + UINT48 + UINT32);
  return key;
}

export function tableKey(table: number): Buffer {
  const key = Buffer.alloc(1 + UINT32);
  key[0] = TABLE;
  key.writeUInt32BE(table, 1);
  return key;
}

export function tableOf(key: Buffer): number {
  checkLength(key, 1 + UINT32);
  return key.readUInt32BE(1);
}

export interface SegmentPlace {
  readonly table: number;
  readonly epoch: number;
  /** Counts the segments of one table and epoch from 0. */
  readonly index: number;
}

export function segmentKey({ table, epoch, index }: SegmentPlace): Buffer {
  const key = Buffer.alloc(1 + UINT32 + UINT48 + UINT32);
  key[0] = SEGMENT;
  key.writeUInt32BE(table, 1);
  key.writeUIntBE(epoch, 1 + UINT32, UINT48);
  key.writeUInt32BE(index, 1 + UINT32 + UINT48);
  return key;
}

export function segmentPlace(key: Buffer): SegmentPlace {
  checkLength(key, 1 + UINT32 + UINT48 + UINT32);
  return { table: key.readUInt32BE(1), epoch: key.readUIntBE(1 + UINT32, UINT48), index: key.readUInt32BE(1 + UINT32 + UINT48) };
}

function checkLength(key: Buffer, length: number): void {
  if (key.length !== length) throw new DamagedFileError(`the key of a record has ${key.length} bytes instead of ${length}`);
}
