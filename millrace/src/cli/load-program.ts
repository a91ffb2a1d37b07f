import { pathToFileURL } from 'node:url';
import type { Pipeline } from '../api/pipeline.ts';
import { MillraceError } from '../base/errors.ts';
import { loadError } from './load-error.ts';
import { acceptModuleSyntax } from './module-syntax.ts';
import { isMillraceError } from './print-error.ts';
import { programPath } from './program-file.ts';

/**
 * Imports a program and returns the pipeline that it exports. The program finds its arguments where it would if Node ran it:
 * behind its own path in `process.argv`.
 *
 * @throws MillraceError `PROGRAM_NOT_FOUND`, `PROGRAM_NOT_LOADED`, `PROGRAM_NO_PIPELINE`, and those that the program throws while it
 * describes its pipeline
 */
export async function loadProgram(file: string, args: readonly string[]): Promise<Pipeline> {
  const path = programPath(file);
  acceptModuleSyntax();
  process.argv.splice(1, process.argv.length, path, ...args);

  return unlessNothingIsLeft(file, importPipeline(file, path));
}

async function importPipeline(file: string, path: string): Promise<Pipeline> {
  const module: Record<string, unknown> = await importing(file, () => import(pathToFileURL(path).href));
  let exported = defaultExport(module);
  if (typeof exported === 'function') {
    const make: () => unknown = exported as () => unknown;
    exported = await importing(file, async () => make());
    if (!isPipeline(exported)) throw noPipeline(file, `a default export that is a function and returned ${describe(exported)}`);
  }
  if (!isPipeline(exported)) throw noPipeline(file, found(module));
  return exported;
}

/** By what it can do: the program may use another copy of the package than the command. */
function isPipeline(value: unknown): value is Pipeline {
  if (typeof value !== 'object' || value === null) return false;
  const { name, plan, start } = value as Partial<Pipeline>;
  return typeof name === 'string' && typeof plan === 'function' && typeof start === 'function';
}

/** The default export; that of a module compiled to CommonJS stands in the default export that Node gives it. */
function defaultExport(module: Record<string, unknown>): unknown {
  const exported = module.default;
  const inner = typeof exported === 'object' && exported !== null && '__esModule' in exported && 'default' in exported;
  return inner ? exported.default : exported;
}

function noPipeline(file: string, got: string): MillraceError {
  return new MillraceError('PROGRAM_NO_PIPELINE', {
    where: file,
    expected: 'a default export that is a Pipeline or a function returning one',
    got,
  });
}

function found(module: Record<string, unknown>): string {
  if ('default' in module) return `a default export that is ${describe(defaultExport(module))}`;
  const names = Object.keys(module);
  const pipelines = names.filter(name => isPipeline(module[name]));
  if (pipelines.length > 0) return `no default export, but the pipeline '${pipelines.join("', '")}'`;
  return names.length === 0 ? 'no exports' : `no default export, but ${names.join(', ')}`;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value))
    return value.some(isPipeline) ? 'an array; a program has one pipeline, which may have many sources and sinks' : 'an array';
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object') return `the ${typeof value} ${String(value)}`;
  const type = value.constructor?.name ?? 'object';
  return type === 'Stream' || type === 'KeyedStream' ? 'a stream; its pipeline is needed' : `an object (${type})`;
}

async function importing<T>(file: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw isMillraceError(error) ? error : loadError(file, error);
  }
}

/**
 * Waits for the program. One whose top-level await never settles leaves Node with nothing to do, and Node would end as if all were well.
 */
async function unlessNothingIsLeft<T>(file: string, loading: Promise<T>): Promise<T> {
  const stuck = Promise.withResolvers<never>();
  const onBeforeExit = () =>
    stuck.reject(
      new MillraceError('PROGRAM_NOT_LOADED', {
        where: file,
        got: 'a promise that never settles, awaited while the program is loaded',
        hint: 'see its top-level awaits, and what the exported function awaits',
      }),
    );
  process.once('beforeExit', onBeforeExit);
  try {
    return await Promise.race([loading, stuck.promise]);
  } finally {
    process.off('beforeExit', onBeforeExit);
  }
}
