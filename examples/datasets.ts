import { fileURLToPath } from 'node:url';

/** Path of a file of the npm package `vega-datasets`. */
export function dataset(name: string): string {
  return fileURLToPath(new URL(`../data/${name}`, import.meta.resolve('vega-datasets')));
}
