import { MillraceError } from '../../base/errors.ts';

/** What a failed system call means for whoever wanted to read the file. */
export function readError(path: string, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  switch (errorCode(error)) {
    case 'ENOENT':
      return new MillraceError('FILE_NOT_FOUND', { where: path });
    case 'EISDIR':
      return directoryError(path);
    case 'EACCES':
    case 'EPERM':
      return new MillraceError('FILE_READ_FAILED', { where: path, cause: error, hint: 'give this process the right to read the file' });
    default:
      return new MillraceError('FILE_READ_FAILED', { where: path, cause: error });
  }
}

export function directoryError(path: string): MillraceError {
  return new MillraceError('FILE_READ_FAILED', {
    where: path,
    expected: 'a file',
    got: 'a directory',
    hint: `use { directory: '${path}' }, or a glob such as { glob: '${path.replace(/\/$/, '')}/*.jsonl' }`,
  });
}

/** What a failed system call means for whoever wanted to write the file. */
export function writeError(path: string, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  const hint = WRITE_HINTS[errorCode(error) ?? ''];
  return new MillraceError('FILE_WRITE_FAILED', { where: path, cause: error, ...(hint !== undefined && { hint }) });
}

const WRITE_HINTS: Readonly<Record<string, string>> = {
  EACCES: 'give this process the right to write there',
  EPERM: 'give this process the right to write there',
  EISDIR: 'there is a directory of this name; choose another path, or use { directory } to write files into it',
  ENOTDIR: 'a part of the path is a file and not a directory',
  ENOSPC: 'the disk is full; what was published before stays',
  EROFS: 'the file system is read-only',
};

export function errorCode(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}
