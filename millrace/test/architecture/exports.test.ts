import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);
const packageJson = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const entries = Object.entries<Record<string, string>>(packageJson.exports).filter(([subpath]) => subpath !== './package.json');

/** The subpaths that a program can import: `./connectors/*` stands for each folder with an index.ts. */
function subpaths(): string[] {
  return entries.flatMap(([subpath, targets]) => {
    const source = targets['millrace-source'] ?? '';
    const [before = '', after = ''] = source.split('*');
    return globSync(source, { cwd: root })
      .map(file => subpath.replace('*', `./${file}`.slice(before.length, -after.length)))
      .toSorted();
  });
}

describe('the exports of the package', () => {
  test.each(entries)('%s stands in src where its types and code stand in dist', (_, targets) => {
    const inDist = targets['millrace-source']?.replace('./src/', './dist/').replace(/\.ts$/, '');
    expect(targets).toEqual({ 'millrace-source': targets['millrace-source'], types: `${inDist}.d.ts`, default: `${inDist}.js` });
  });

  test('are imported by Node from their sources', () => {
    const specifiers = subpaths().map(subpath => `millrace${subpath.slice(1)}`);
    expect(specifiers).toEqual(
      expect.arrayContaining(['millrace', 'millrace/spi', 'millrace/testing', 'millrace/connectors/file', 'millrace/formats/csv']),
    );
    const program = `
      const names = {};
      for (const specifier of ${JSON.stringify(specifiers)}) names[specifier] = Object.keys(await import(specifier)).length;
      console.log(JSON.stringify(names));`;
    const output = execFileSync(process.execPath, ['--conditions=millrace-source', '--input-type=module', '-e', program], {
      cwd: fileURLToPath(root),
      encoding: 'utf8',
    });
    const names: Record<string, number> = JSON.parse(output);
    expect(specifiers.filter(specifier => !names[specifier])).toEqual([]);
  });

  test('and the command are files that exist', () => {
    const files = [
      ...entries.map(([, targets]) => targets['millrace-source'] ?? ''),
      packageJson.bin.millrace.replace('./dist/', './src/').replace(/\.js$/, '.ts'),
    ];
    expect(files.filter(file => globSync(file, { cwd: root }).length === 0)).toEqual([]);
  });
});
