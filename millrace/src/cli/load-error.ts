import { existsSync, readdirSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MillraceError, messageOf } from '../base/errors.ts';
import { nearFiles } from './program-file.ts';
import { similarNames } from '../base/similar-name.ts';

/** What stopped the program from loading, in words that help. */
export function loadError(file: string, error: unknown): MillraceError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const message = messageOf(error);
  const place = error instanceof Error ? placeOf(error) : undefined;
  const where = place?.where ?? file;
  switch (code) {
    case 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX':
      return new MillraceError('PROGRAM_NOT_LOADED', {
        where,
        expected: 'TypeScript that is JavaScript once its types are taken out',
        got: `${message}${place?.excerpt ?? ''}`,
        hint: 'write a union of texts for an enum, fields for parameter properties, a module for a namespace; `erasableSyntaxOnly` in tsconfig.json finds them',
      });
    case 'ERR_INVALID_TYPESCRIPT_SYNTAX':
      return new MillraceError('PROGRAM_NOT_LOADED', {
        where,
        expected: 'valid TypeScript',
        got: `${message}${place?.excerpt ?? ''}`,
        hint: 'correct the line',
      });
    case 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING':
      return new MillraceError('PROGRAM_NOT_LOADED', {
        where,
        got: message,
        hint: 'Node runs no TypeScript of an installed package: use one that is built',
      });
    case 'ERR_UNKNOWN_FILE_EXTENSION':
      return new MillraceError('PROGRAM_NOT_LOADED', { where, got: message, hint: 'see that Node is not told --no-strip-types' });
    case 'ERR_MODULE_NOT_FOUND':
    case 'ERR_PACKAGE_PATH_NOT_EXPORTED':
      return importError(file, message, code);
  }
  if (error instanceof SyntaxError) {
    const type = /does not provide an export named '(.+)'/.exec(message);
    return new MillraceError('PROGRAM_NOT_LOADED', {
      where,
      got: `${message}${place?.excerpt ?? ''}`,
      hint:
        type === null
          ? place === undefined
            ? `\`node ${file}\` shows the line`
            : 'correct the line'
          : `see the spelling; if ${type[1]} is a type, write \`import type { ${type[1]} }\``,
    });
  }
  return new MillraceError('PROGRAM_NOT_LOADED', {
    where: file,
    hint: 'the program threw this while it was loaded: correct it',
    cause: error,
  });
}

/** An import of the program that leads nowhere. */
function importError(file: string, message: string, code: string): MillraceError {
  const importer = /imported from (.+)$/.exec(message)?.[1] ?? file;
  const where = relative('.', importer.startsWith('file:') ? fileURLToPath(importer) : importer);
  const missing = /Cannot find package '(.+?)'/.exec(message)?.[1];
  if (missing !== undefined && !missing.startsWith(sep)) {
    return new MillraceError('PROGRAM_NOT_LOADED', {
      where,
      got: `an import of '${missing}', which is not installed`,
      hint: `npm install ${packageOf(missing)}`,
    });
  }
  if (code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') {
    return new MillraceError('PROGRAM_NOT_LOADED', {
      where,
      got: message,
      hint: 'see the documentation of the package for what can be imported',
    });
  }
  const target = /Cannot find module '(.+?)'/.exec(message)?.[1] ?? '';
  const part = /\/millrace\/(?:src|dist)\/(connectors|formats)\/(.+)\/index\.[jt]s$/.exec(target.replaceAll(sep, '/'));
  if (part !== null) return missingPart(where, part[1]!, part[2]!);
  const near = nearFiles(target).map(path => `./${relative(dirname(resolve(where)), path)}`);
  return new MillraceError('PROGRAM_NOT_LOADED', {
    where,
    got: `an import of ${relative('.', target)}, which does not exist`,
    hint: near.length === 0 ? 'correct the path of the import' : `did you mean '${near.join("' or '")}'? Node needs the extension`,
  });
}

/** An import of a connector or format of this package that there is not. */
function missingPart(where: string, kind: string, name: string): MillraceError {
  const folder = new URL(`../${kind}/`, import.meta.url);
  const names = readdirSync(folder).filter(entry => ['index.ts', 'index.js'].some(file => existsSync(new URL(`${entry}/${file}`, folder))));
  const [meant] = similarNames(name, names);
  return new MillraceError('PROGRAM_NOT_LOADED', {
    where,
    expected: names.map(existing => `millrace/${kind}/${existing}`).join(', '),
    got: `an import of millrace/${kind}/${name}`,
    hint: meant === undefined ? 'use one of those' : `did you mean millrace/${kind}/${meant}?`,
  });
}

/** The part of a specifier that is installed: `@scope/name`, `name`. */
function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** Node puts the place of a syntax error before the message in the stack: `file:///a.ts:3`, the line, and marks below it. */
function placeOf({ stack = '' }: Error): { where: string; excerpt: string } | undefined {
  const [head = '', ...lines] = stack.split('\n');
  const place = /^(?:file:\/\/)?(\/.+|[A-Za-z]:.+):(\d+)$/.exec(head);
  if (place === null) return undefined;
  const path = head.startsWith('file:') ? fileURLToPath(head.slice(0, head.lastIndexOf(':'))) : place[1]!;
  const end = lines.findIndex(line => /^\s*\^+\s*$/.test(line));
  const excerpt = end < 0 ? lines.slice(0, 1) : lines.slice(0, end + 1);
  return { where: `${relative('.', path)}:${place[2]}`, excerpt: excerpt.map(line => `\n            ${line}`).join('') };
}
