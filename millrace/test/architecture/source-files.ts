import { globSync, readFileSync } from 'node:fs';
import { parseAst } from 'vitest/node';

const src = new URL('../../src/', import.meta.url);

/** Every file of src: its path from there, such as `base/duration.ts`, and its text. */
export function sourceFiles(): Map<string, string> {
  const paths = globSync('**/*.ts', { cwd: src }).toSorted();
  return new Map(paths.map(path => [path, readFileSync(new URL(path, src), 'utf8')]));
}

export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [name: string]: unknown;
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** Every node of the syntax tree of a TypeScript text, each with the node it stands in. */
export function* syntaxNodes(text: string): Generator<{ node: SyntaxNode; parent: SyntaxNode | undefined }> {
  function* visit(value: unknown, parent: SyntaxNode | undefined): Generator<{ node: SyntaxNode; parent: SyntaxNode | undefined }> {
    if (Array.isArray(value)) for (const item of value) yield* visit(item, parent);
    else if (isNode(value)) {
      yield { node: value, parent };
      for (const child of Object.values(value)) yield* visit(child, value);
    }
  }
  yield* visit(parseAst(text, { lang: 'ts' }), undefined);
}

/** The line number of an offset, from 1. */
export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
