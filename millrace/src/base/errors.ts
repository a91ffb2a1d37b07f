import { errorCatalogue, type ErrorCode } from './error-catalogue.ts';

export interface ErrorDetails {
  /** Pipeline, operator, source or file and position: whatever is known of the place. */
  where?: string;
  expected?: string;
  got?: string;
  /** What to do; the catalogue's advice when not given. */
  hint?: string;
  cause?: unknown;
}

/** An error of the system or of its use. `code` is stable and listed in the documentation. */
export class MillraceError extends Error {
  override readonly name = 'MillraceError';
  readonly code: ErrorCode;
  readonly details: Readonly<ErrorDetails>;

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    const entry = errorCatalogue[code];
    const lines = [`${code}: ${entry.summary}`];
    if (details.where) lines.push(`  where:    ${details.where}`);
    if (details.expected) lines.push(`  expected: ${details.expected}`);
    if (details.got !== undefined) lines.push(`  got:      ${details.got}`);
    if (details.cause !== undefined) lines.push(`  cause:    ${messageOf(details.cause)}`);
    lines.push(`  try:      ${details.hint ?? entry.advice}`);
    super(lines.join('\n'), details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.details = details;
  }
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
}
