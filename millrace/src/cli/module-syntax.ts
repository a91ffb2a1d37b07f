import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Node's names for what it takes a file for, by what it is where it is written as a module. */
const AS_MODULE: Readonly<Record<string, string>> = { commonjs: 'module', 'commonjs-typescript': 'module-typescript' };

/**
 * Makes Node take programs for modules when they are written as modules, whatever their package.json says: `npm init` writes `"type": "commonjs"` into every new
 * one.
 */
export function acceptModuleSyntax(): void {
  registerHooks({
    load(url, context, nextLoad) {
      const format = AS_MODULE[context.format ?? ''];
      if (format === undefined || !url.startsWith('file:') || url.includes('/node_modules/') || !isModule(url))
        return nextLoad(url, context);
      return nextLoad(url, { ...context, format });
    },
  });
}

function isModule(url: string): boolean {
  // `.cts` and `.cjs` say themselves what they are.
  if (/\.c[jt]s$/.test(url)) return false;
  return /^\s*(import\s*['"{*\w]|export\s+[\w{*])/m.test(readFileSync(fileURLToPath(url), 'utf8'));
}
