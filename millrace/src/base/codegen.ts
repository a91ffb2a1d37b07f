import { messageOf } from './errors.ts';

let allowed: boolean | undefined;

/** Whether this process may make functions from text; `--disallow-code-generation-from-strings` forbids it. */
export function codeGenerationAllowed(): boolean {
  if (allowed === undefined) {
    try {
      allowed = new Function('return true')() === true;
    } catch {
      allowed = false;
    }
  }
  return allowed;
}

/**
 * Makes a function from text, with values bound to names. Generated text never contains anything a user wrote except through
 * JSON.stringify: names are literals, functions are bound values.
 *
 * Each call compiles anew, so that every call site in the text has type feedback of its own and V8 can inline what it calls.
 * Callers see `codeGenerationAllowed()` first and use closures where it is false.
 */
export function compile<F>(text: string, bound: Readonly<Record<string, unknown>>): F {
  try {
    return new Function(...Object.keys(bound), `'use strict';\n${text}`)(...Object.values(bound)) as F;
  } catch (error) {
    throw new Error(`generated code does not compile: ${messageOf(error)}\n${text}`, { cause: error });
  }
}
