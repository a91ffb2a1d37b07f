import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, extname, relative, resolve } from 'node:path';
import { MillraceError } from '../base/errors.ts';
import { similarNames } from '../base/similar-name.ts';

/** What Node runs without a build step. */
const EXTENSIONS = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'];

/**
 * The path of a program.
 *
 * @throws MillraceError `PROGRAM_NOT_FOUND`, `PROGRAM_NOT_LOADED` for a file that is no module
 */
export function programPath(file: string): string {
  const path = resolve(file);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) {
    const near = nearFiles(path);
    const hint = near.length === 0 ? undefined : `did you mean ${near.map(name => relative('.', name)).join(' or ')}?`;
    throw new MillraceError('PROGRAM_NOT_FOUND', { where: path, ...(hint === undefined ? {} : { hint }) });
  }
  if (!stats.isFile())
    throw new MillraceError('PROGRAM_NOT_FOUND', {
      where: path,
      expected: 'a file',
      got: stats.isDirectory() ? 'a folder' : 'something else',
    });
  const extension = extname(path);
  if (!EXTENSIONS.includes(extension)) {
    throw new MillraceError('PROGRAM_NOT_LOADED', {
      where: file,
      expected: `a file that ends in ${EXTENSIONS.join(', ')}`,
      got: extension === '' ? 'no extension' : extension,
      hint:
        extension === '.tsx' || extension === '.jsx' ? 'a pipeline needs no JSX: rename the file, or compile it first' : 'rename the file',
    });
  }
  return path;
}

/** Modules beside a path that does not exist, with a similar name or with the same one and another extension. */
export function nearFiles(path: string): string[] {
  const folder = dirname(path);
  let names: string[];
  try {
    names = readdirSync(folder).filter(name => EXTENSIONS.includes(extname(name)));
  } catch {
    return [];
  }
  const stem = (name: string) => basename(name, extname(name));
  const wanted = basename(path);
  const same = names.filter(name => stem(name) === stem(wanted) || name === stem(wanted));
  return [...new Set([...same, ...similarNames(wanted, names)])].slice(0, 3).map(name => resolve(folder, name));
}
