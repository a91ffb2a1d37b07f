/** Longest time that a server is obeyed in, in milliseconds. */
const MAX_RETRY_AFTER_MS = 10 * 60_000;

/** How long a `Retry-After` header asks to wait, in milliseconds: it holds seconds or a date (RFC 9110, section 10.2.3). 0 when it says nothing. */
export function retryAfterMs(header: string | null, nowMs: number): number {
  if (header === null) return 0;
  const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? 0 : Math.min(MAX_RETRY_AFTER_MS, Math.max(0, ms));
}
