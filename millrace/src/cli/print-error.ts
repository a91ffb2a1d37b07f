import { inspect } from 'node:util';

export interface PrintOptions {
  /** The whole error with the stack of the engine. */
  verbose: boolean;
}

/** Frames of a stack that are shown. */
const FRAMES = 5;

/** Where the engine's own files stand, as sources or built. */
const OWN = ['src/', 'dist/'].map(folder => new URL(`../../${folder}`, import.meta.url).href);

export function printError(error: unknown, options: PrintOptions): void {
  process.stderr.write(`${errorText(error, options)}\n`);
}

/**
 * The message of an error, and where in the program it arose. The engine's own frames are left out, unless nothing of the program is
 * among them: then it is the engine that is wrong.
 */
function errorText(error: unknown, { verbose }: PrintOptions): string {
  if (verbose || isDebugging()) return inspect(error);
  if (!(error instanceof Error)) return String(error);
  const message = isMillraceError(error) ? error.message : `${error.name}: ${error.message}`;
  const frames = programFrames(error);
  if (frames.length > 0) return `${message}\n${frames.join('\n')}`;
  return isMillraceError(error) ? message : (error.stack ?? message);
}

/** By name: the program may use another copy of the package than the command. */
export function isMillraceError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && error.name === 'MillraceError' && 'code' in error && typeof error.code === 'string';
}

function isDebugging(): boolean {
  return (process.env.MILLRACE_DEBUG ?? '') !== '';
}

/** The frames of the program, of the innermost cause that has any. */
function programFrames(error: Error): string[] {
  const cause = error.cause instanceof Error ? programFrames(error.cause) : [];
  return cause.length > 0
    ? cause
    : framesOf(error)
        .filter(frame => !isInternal(frame))
        .slice(0, FRAMES);
}

function framesOf({ stack = '' }: Error): string[] {
  return stack.split('\n').filter(line => /^\s+at /.test(line));
}

function isInternal(frame: string): boolean {
  return /[( ]node:|<anonymous>|\/node_modules\/millrace\//.test(frame) || OWN.some(folder => frame.includes(folder));
}
