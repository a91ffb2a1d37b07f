import { hasByteOrderMark } from '../../formats/bytes.ts';
import { type RecordParser, REJECTED } from '../../formats/json/record-parser.ts';
import type { DecodeContext } from '../../spi/format.ts';
import type { RejectReason } from '../../spi/reject.ts';

/** A record of a body, or why it is none. */
export type Parsed =
  | { readonly value: unknown }
  | { readonly reason: RejectReason; readonly message: string; readonly bytes: Uint8Array | undefined; readonly rejected: unknown };

const NEWLINE = 0x0a;
const OPENING_BRACKET = 0x5b;

/**
 * The records of a body in order: one JSON value, the elements of a JSON array, or the lines of NDJSON that are not blank.
 *
 * @param parsers of the records, and of JSON that is not checked
 */
export function parseBody(
  body: Buffer,
  type: 'json' | 'ndjson',
  parsers: { readonly record: RecordParser; readonly any: RecordParser },
): Parsed[] {
  const records: Parsed[] = [];
  const context: DecodeContext = {
    reject: (reason, message, bytes, _position, rejected) => void records.push({ reason, message, bytes, rejected }),
  };
  const add = (value: unknown) => {
    if (value !== REJECTED) records.push({ value });
  };
  const from = hasByteOrderMark(body, 0, body.length) ? 3 : 0;
  if (type === 'ndjson') {
    for (let start = from; start < body.length; ) {
      const newline = body.indexOf(NEWLINE, start);
      const end = newline < 0 ? body.length : newline;
      if (firstByte(body, start, end) !== undefined) add(parsers.record.parse(body, start, end, start, context));
      start = end + 1;
    }
  } else if (firstByte(body, from, body.length) === OPENING_BRACKET) {
    const elements = parsers.any.parse(body, from, body.length, from, context);
    if (Array.isArray(elements)) for (const element of elements) add(parsers.record.validate(element, undefined, from, context));
  } else {
    add(parsers.record.parse(body, from, body.length, from, context));
  }
  return records;
}

/** The first byte that is not white space, of which JSON knows space, tab, LF and CR. */
function firstByte(bytes: Uint8Array, from: number, to: number): number | undefined {
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    if (byte !== 0x20 && byte !== 0x09 && byte !== NEWLINE && byte !== 0x0d) return byte;
  }
  return undefined;
}
