import { messageOf } from '../../base/errors.ts';
import type { RejectReason } from '../../spi/reject.ts';
import type { Validate } from '../../types/schema.ts';

/** A record of a body, or why it is none. */
export type Parsed<T> =
  | { readonly value: T }
  | { readonly reason: RejectReason; readonly message: string; readonly bytes?: Uint8Array; readonly rejected?: unknown };

const NEWLINE = 10;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The records of a body in order: one JSON value, the elements of a JSON array, or the lines of NDJSON that are not blank. */
export function parseBody<T>(body: Uint8Array, type: 'json' | 'ndjson', validate: Validate<T>): Parsed<T>[] {
  if (type === 'ndjson') return parseLines(body, validate);
  const parsed = parseJson(body);
  if ('reason' in parsed) return [parsed];
  return Array.isArray(parsed.value) ? parsed.value.map(value => check(value, validate)) : [check(parsed.value, validate)];
}

function parseLines<T>(body: Uint8Array, validate: Validate<T>): Parsed<T>[] {
  const records: Parsed<T>[] = [];
  for (let from = 0; from < body.length; ) {
    const newline = body.indexOf(NEWLINE, from);
    const to = newline < 0 ? body.length : newline;
    const line = body.subarray(from, to);
    from = to + 1;
    if (isBlank(line)) continue;
    const parsed = parseJson(line);
    records.push('reason' in parsed ? parsed : check(parsed.value, validate));
  }
  return records;
}

function parseJson(bytes: Uint8Array): Parsed<unknown> {
  try {
    return { value: JSON.parse(utf8.decode(bytes)) as unknown };
  } catch (error) {
    return { reason: 'undecodable', message: error instanceof SyntaxError ? messageOf(error) : 'invalid UTF-8', bytes };
  }
}

function check<T>(value: unknown, validate: Validate<T>): Parsed<T> {
  try {
    return { value: validate(value) };
  } catch (error) {
    return { reason: 'invalid', message: messageOf(error), rejected: value };
  }
}

/** Space, tab and carriage return are all that JSON allows between values within a line. */
function isBlank(line: Uint8Array): boolean {
  return line.every(byte => byte === 32 || byte === 9 || byte === 13);
}
