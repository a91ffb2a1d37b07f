import { statfsSync } from 'node:fs';
import { MillraceError } from '../../base/errors.ts';
import { DamagedFileError } from './check-file.ts';
import { BrokenSealError } from './seal.ts';

/**
 * Codes of LMDB for what it found in the file: page not found, corrupted, panic, not a database; and those that it gives when pages or records of its own are not as they must be:
 * cursor full, page full, incompatible, bad transaction, bad size of a value, bad database, unexpected problem.
 */
const DAMAGED_CODES = [-30797, -30796, -30795, -30793, -30787, -30786, -30784, -30782, -30781, -30780, -30779];

/** Less than this on the disk is most likely the reason of a failed write. */
const LITTLE_SPACE_BYTES = 2 ** 20;

/** The error that a user of the state directory is to see. */
export function stateError(error: unknown, where: string): MillraceError {
  if (error instanceof MillraceError) return error;
  if (error instanceof DamagedFileError || error instanceof BrokenSealError || DAMAGED_CODES.includes(codeOf(error))) {
    return new MillraceError('STATE_CORRUPT', { where, cause: error });
  }
  const free = freeBytes(where);
  return new MillraceError('STATE_UNAVAILABLE', {
    where,
    cause: error,
    ...(free !== undefined && free < LITTLE_SPACE_BYTES && { got: `${free} bytes free on the disk` }),
  });
}

function codeOf(error: unknown): number {
  return Number((error as { code?: unknown }).code);
}

function freeBytes(directory: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
