import { glob, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { MillraceError } from '../../base/errors.ts';
import type { EnumerationContext, Split } from '../../spi/source.ts';
import { pause } from '../network/pause.ts';
import { directoryError, errorCode, readError } from './file-errors.ts';
import { identityOf, statIfThere } from './file-identity.ts';
import type { FileOwners } from './follow-reader.ts';
import { isCompressed } from './open-bytes.ts';

/** Which files: one by its path, those that match a pattern, or those of a directory. */
export type FileSelection = { readonly path: string } | { readonly glob: string } | { readonly directory: string };

interface FoundFile {
  readonly path: string;
  readonly identity: string;
}

/** Names what is selected, for plans and messages. */
export function describeSelection(selection: FileSelection): string {
  if ('path' in selection) return selection.path;
  return 'glob' in selection ? selection.glob : join(selection.directory, '*');
}

/** The files that are there now, sorted by path. Hidden ones are left out, and so are those that are being written. */
async function filesOf(selection: FileSelection): Promise<FoundFile[]> {
  if ('path' in selection) {
    const stats = await statIfThere(selection.path);
    if (stats?.isDirectory()) throw directoryError(selection.path);
    return stats === undefined ? [] : [{ path: selection.path, identity: identityOf(stats) }];
  }
  const paths: string[] = [];
  if ('directory' in selection) {
    for (const name of await readdir(selection.directory)) if (!name.startsWith('.')) paths.push(join(selection.directory, name));
  } else {
    for await (const path of glob(selection.glob)) paths.push(path);
  }
  const found: FoundFile[] = [];
  for (const path of paths.sort()) {
    // A file may go away between the two looks.
    const stats = await statIfThere(path);
    if (stats?.isFile()) found.push({ path, identity: identityOf(stats) });
  }
  return found;
}

/** Makes one split of each file. @throws MillraceError `FILE_NOT_FOUND` when there is none */
export async function findOnce(selection: FileSelection, context: EnumerationContext): Promise<void> {
  const where = resolve(describeSelection(selection));
  const files = await filesOf(selection).catch((error: unknown) => {
    throw readError(where, error);
  });
  if (files.length === 0) {
    throw new MillraceError('FILE_NOT_FOUND', 'path' in selection ? { where } : { where, expected: 'at least one file', got: 'none' });
  }
  context.found(files.map(({ path }) => ({ id: path })));
}

/** Makes a split of each file, now and whenever a new one has come, until the signal is aborted. */
export async function findAsTheyCome(
  selection: FileSelection,
  context: EnumerationContext,
  owners: FileOwners,
  pollIntervalMs: number,
): Promise<void> {
  const { environment, found, signal } = context;
  owners.clear();
  if ('path' in selection) {
    // The one file that is named may come later; its reader waits for it.
    const [file] = await filesOf(selection);
    found([file === undefined ? { id: selection.path } : { id: selection.path, data: file.identity }]);
    return new Promise(done => signal.addEventListener('abort', () => done()));
  }
  const known = new Set<string>();
  for (let first = true; !signal.aborted; first = false) {
    const splits: Split[] = [];
    for (const { path, identity } of await filesOf(selection).catch(noneYet)) {
      // A file that was renamed is still read by the split of its former name, and one that was packed has been read.
      if (known.has(path) || owners.has(identity) || isCompressed(path)) continue;
      known.add(path);
      owners.set(identity, path);
      splits.push({ id: path, data: identity });
    }
    if (first || splits.length > 0) found(splits);
    await pause(environment, pollIntervalMs, signal);
  }
}

/** A directory that has not been made yet holds no files. */
function noneYet(error: unknown): FoundFile[] {
  if (errorCode(error) === 'ENOENT') return [];
  throw error;
}
