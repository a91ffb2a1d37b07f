import type { BigIntStats } from 'node:fs';
import { type FileHandle, stat } from 'node:fs/promises';
import { errorCode } from './file-errors.ts';

/**
 * What tells a file from others whatever its name: device, inode, and time of birth since inodes are used again.
 */
export function identityOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}:${stats.birthtimeNs}`;
}

/** A file that is there, or undefined. Other failures are thrown. */
export async function statIfThere(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

export async function sizeOf(handle: FileHandle): Promise<number> {
  return (await handle.stat()).size;
}
