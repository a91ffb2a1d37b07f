import { closeSync, fsyncSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes the names of new files durable: those in the directory and, where directories above it were made, their own.
 *
 * @param made the uppermost directory that was made, if any
 */
export function syncDirectories(directory: string, made: string | undefined): void {
  // Windows knows no such thing.
  if (process.platform === 'win32') return;
  const last = made === undefined ? resolve(directory) : dirname(resolve(made));
  for (let at = resolve(directory); ; at = dirname(at)) {
    const file = openSync(at, 'r');
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (at === last) return;
  }
}
