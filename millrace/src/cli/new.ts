import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MillraceError } from '../base/errors.ts';
import { defineCommand } from './command.ts';
import { exitCodes } from './exit-codes.ts';
import { ownVersion } from './version.ts';

const TEMPLATE = fileURLToPath(new URL('../../templates/project', import.meta.url));

/** npm leaves a file named .gitignore out of a package. */
const RENAMED: Readonly<Record<string, string>> = { gitignore: '.gitignore' };

export const newCommand = defineCommand({
  name: 'new',
  operands: ['<folder>'],
  takesRest: false,
  options: {},
  description: `Makes a project in a folder that does not exist or is empty: a pipeline, its test, and what TypeScript and
npm need. The project is named after the folder.`,
  examples: ['millrace new sensors', 'millrace new .'],
  run: async ({ operands: [folder = ''] }) => {
    const path = resolve(folder);
    const name = basename(path);
    checkName(name, folder);
    try {
      await checkEmpty(path);
      await copyTemplate(path, { name, version: ownVersion() });
    } catch (error) {
      throw error instanceof MillraceError
        ? error
        : new MillraceError('PROJECT_NOT_MADE', { where: path, cause: error, hint: 'choose another folder' });
    }
    process.stdout.write(nextSteps(name, relative('.', path)));
    return exitCodes.done;
  },
});

/** The folder's name becomes the name of an npm package, and one cannot depend on itself. */
function checkName(name: string, folder: string): void {
  if (/^[a-z0-9][a-z0-9._-]{0,213}$/.test(name) && name !== 'node_modules' && name !== 'millrace') return;
  const valid = name
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|-+$/g, '');
  throw new MillraceError('PROJECT_NOT_MADE', {
    where: `millrace new ${folder}`,
    expected: 'a folder that can name an npm package: lower case letters, digits, dashes, dots and underscores',
    got: `'${name}'`,
    hint: `millrace new ${valid === '' || valid === name ? 'my-pipeline' : valid}`,
  });
}

async function checkEmpty(path: string): Promise<void> {
  let entries: string[];
  try {
    entries = await readdir(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
  const others = entries.filter(entry => entry !== '.git');
  if (others.length === 0) return;
  const shown = others.slice(0, 3).join(', ');
  throw new MillraceError('PROJECT_NOT_MADE', {
    where: path,
    expected: 'a folder that does not exist or is empty',
    got: `one with ${others.length > 3 ? `${shown} and ${others.length - 3} more` : shown}`,
    hint: 'choose another folder',
  });
}

/** Copies every file, with the values in place of `{{name}}` and `{{version}}`. */
async function copyTemplate(path: string, values: { readonly name: string; readonly version: string }): Promise<void> {
  for (const entry of await readdir(TEMPLATE, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const folder = join(path, relative(TEMPLATE, entry.parentPath));
    await mkdir(folder, { recursive: true });
    const text = await readFile(join(entry.parentPath, entry.name), 'utf8');
    const filled = text.replace(/\{\{(name|version)\}\}/g, (_, key: 'name' | 'version') => values[key]);
    await writeFile(join(folder, RENAMED[entry.name] ?? entry.name), filled);
  }
}

function nextSteps(name: string, folder: string): string {
  return `Made the project ${name}. Next:

${folder === '' ? '' : `  cd ${folder}\n`}  npm install
  npm start      runs the pipeline in src/pipeline.ts
  npm test       runs its test
`;
}
