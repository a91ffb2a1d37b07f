import { MillraceError } from '../../base/errors.ts';

/** Bytes of a key of AES-256. */
const KEY_BYTES = 32;

/**
 * The key that a user gave as text: 32 bytes in hex or base64.
 *
 * @throws MillraceError `STATE_KEY`
 */
export function parseStateKey(text: string): Buffer {
  const trimmed = text.trim();
  const bytes =
    /^[0-9a-f]+$/i.test(trimmed) && trimmed.length === 2 * KEY_BYTES ? Buffer.from(trimmed, 'hex') : Buffer.from(trimmed, 'base64');
  if (bytes.length !== KEY_BYTES || !/^[\w+/=-]+$/.test(trimmed)) {
    throw new MillraceError('STATE_KEY', { expected: `${KEY_BYTES} bytes in hex or base64`, got: `${trimmed.length} characters` });
  }
  return bytes;
}
