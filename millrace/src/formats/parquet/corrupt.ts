import { MillraceError } from '../../base/errors.ts';

/** @param where the path, and the column if it is known */
export function corruptFile(where: string, got: string, cause?: unknown): MillraceError {
  return new MillraceError('FILE_CORRUPT', { where, expected: 'a Parquet file', got, ...(cause !== undefined && { cause }) });
}
