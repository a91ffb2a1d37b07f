import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The path of a file that a case makes for itself; not under version control. */
export function dataFile(name: string): string {
  const directory = fileURLToPath(new URL('../data/', import.meta.url));
  mkdirSync(directory, { recursive: true });
  return `${directory}${name}`;
}
