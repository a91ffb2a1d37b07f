import { MillraceError } from '../base/errors.ts';
import type { Json } from '../types/json.ts';

/** Where a split was at a barrier: at a position, or over. */
export type SplitState = { readonly position: Json } | { readonly ended: true };

/** What an epoch keeps besides the state of operators: small, and replaced as a whole. */
export interface Control {
  readonly pipeline: string;
  /** All input has been processed; what is left is at most to publish it. */
  readonly finished: boolean;
  /** By the id of the source and of the split. */
  readonly sources: Readonly<Record<string, Readonly<Record<string, SplitState>>>>;
  /** By the id of the operator: the newest watermark that it was given, and that it has passed on. */
  readonly watermarks: Readonly<Record<string, readonly [given: number, passedOn: number]>>;
  /** By the id of the event time stage: the newest watermark that it has sent. */
  readonly eventTimes: Readonly<Record<string, number>>;
}

/** Version of what `encodeControl` makes. */
const VERSION = 1;

export function encodeControl(control: Control): Json {
  return {
    version: VERSION,
    ...control,
    watermarks: mapValues(control.watermarks, ([given, passedOn]) => [encodeTime(given), encodeTime(passedOn)]),
    eventTimes: mapValues(control.eventTimes, encodeTime),
  };
}

/** @throws MillraceError `STATE_VERSION` for what a newer Millrace has written, `STATE_OTHER_PIPELINE` for the state of another pipeline */
export function decodeControl(json: Json, pipeline: string, where: string): Control {
  const stored = json as { version: number; pipeline: string } & Record<string, never>;
  if (stored.version !== VERSION) {
    throw new MillraceError('STATE_VERSION', { where, expected: `version ${VERSION}`, got: `version ${stored.version}` });
  }
  if (stored.pipeline !== pipeline) {
    throw new MillraceError('STATE_OTHER_PIPELINE', {
      where,
      expected: `the state of pipeline '${pipeline}'`,
      got: `that of '${stored.pipeline}'`,
    });
  }
  const { finished, sources, watermarks, eventTimes } = stored as unknown as {
    finished: boolean;
    sources: Control['sources'];
    watermarks: Record<string, [StoredTime, StoredTime]>;
    eventTimes: Record<string, StoredTime>;
  };
  return {
    pipeline,
    finished,
    sources,
    watermarks: mapValues(watermarks, ([given, passedOn]) => [decodeTime(given), decodeTime(passedOn)] as const),
    eventTimes: mapValues(eventTimes, decodeTime),
  };
}

/** JSON has no infinities. */
type StoredTime = number | 'none' | 'end';

function encodeTime(time: number): StoredTime {
  return time === -Infinity ? 'none' : time === Infinity ? 'end' : time;
}

function decodeTime(stored: StoredTime): number {
  return stored === 'none' ? -Infinity : stored === 'end' ? Infinity : stored;
}

function mapValues<V, W>(of: Readonly<Record<string, V>>, map: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [name, map(value)]));
}
