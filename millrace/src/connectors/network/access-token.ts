import { createHash, timingSafeEqual } from 'node:crypto';
import { MillraceError } from '../../base/errors.ts';

/** Fails unless only this machine can reach the host, or a token guards it. Tokens are visible ASCII, so that one fits a line and a header. */
export function checkExposure(what: string, host: string, token: string | undefined): void {
  if (token === undefined) {
    if (isLoopback(host)) return;
    throw new MillraceError('TOKEN_REQUIRED', { where: what, expected: `a token, as '${host}' can be reached from other machines` });
  }
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new MillraceError('OPTION_INVALID', { where: `${what}, token`, expected: 'one or more visible ASCII characters without spaces' });
  }
}

/** Compares with the token in a time that does not depend on how much of it is right. */
export function tokenVerifier(token: string): (given: string | Uint8Array) => boolean {
  const expected = digest(token);
  return given => timingSafeEqual(digest(given), expected);
}

function digest(text: string | Uint8Array): Buffer {
  return createHash('sha256').update(text).digest();
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
