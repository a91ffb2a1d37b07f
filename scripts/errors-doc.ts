// npm run docs:errors writes docs/errors.md from the error catalogue; a test holds the two together.

import { writeFileSync } from 'node:fs';
import { errorCatalogue } from '../millrace/src/base/error-catalogue.ts';

/** The text of docs/errors.md. */
export function errorsPage(): string {
  const entries = Object.entries(errorCatalogue).map(
    ([code, { summary, advice }]) => `## ${code}\n\n${sentence(summary)}\n\n*Try:* ${sentence(advice)}\n`,
  );
  return `<!-- Written by \`npm run docs:errors\` from millrace/src/base/error-catalogue.ts: change that. -->

# Errors

An error of the system, or of how Millrace is used, is a \`MillraceError\`. Its \`code\` is stable: codes are never renamed and never given another
meaning. The message says what is wrong, where, what was expected, what came instead, and what to try; the same facts stand apart in \`details\`.

An error of a single record stops nothing: the record goes to the stream of rejects, and the pipeline goes on.

${entries.join('\n')}`;
}

function sentence(text: string): string {
  return `${text[0]?.toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}

if (import.meta.main) writeFileSync(new URL('../docs/errors.md', import.meta.url), errorsPage());
