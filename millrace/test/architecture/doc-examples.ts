import { parseAst } from 'vitest/node';
import { syntaxNodes } from './source-files.ts';

export interface DocExample {
  /** A program that calls `check(actual, expected)` for each line of the form `expression // result`. */
  readonly program: string;
  readonly line: number;
}

/** A line of an example: an expression, a comment, and in the comment a literal. */
const RESULT_LINE = /^(?<expression>\S.*?);?\s+\/\/ (?<result>.+)$/;

const LITERAL = new Set([
  'Program',
  'ExpressionStatement',
  'Literal',
  'ArrayExpression',
  'ObjectExpression',
  'Property',
  'UnaryExpression',
]);

/** The examples of a file's docstrings that state at least one result. Comments that are no literals are just comments. */
export function docExamples(text: string): DocExample[] {
  const examples: DocExample[] = [];
  for (const comment of text.matchAll(/\/\*\*(?:[^*]|\*(?!\/))*\*\//g)) {
    for (const example of comment[0].matchAll(/@example\b[^\n]*\n(?<body>(?:\s*\*(?!\/)(?!\s*@)[^\n]*\n?)*)/g)) {
      const lines = (example.groups?.body ?? '').split('\n').map(line => line.replace(/^\s*\* ?/, ''));
      const program = lines.filter(line => !line.startsWith('```')).map(checked);
      if (program.join() === lines.join()) continue;
      examples.push({ program: program.join('\n'), line: text.slice(0, comment.index + example.index).split('\n').length });
    }
  }
  return examples;
}

function checked(line: string): string {
  const { expression, result } = RESULT_LINE.exec(line)?.groups ?? {};
  return expression !== undefined && result !== undefined && isLiteral(result) ? `check((${expression}), (${result}));` : line;
}

function isLiteral(text: string): boolean {
  try {
    parseAst(`(${text})`);
  } catch {
    return false;
  }
  return [...syntaxNodes(`(${text})`)].every(({ node, parent }) => {
    if (node.type !== 'Identifier') return LITERAL.has(node.type);
    return parent?.key === node || ['undefined', 'NaN', 'Infinity'].includes(String(node.name));
  });
}
