import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceError } from '../../base/errors.ts';
import { errorCode, writeError } from './file-errors.ts';
import { statIfThere } from './file-identity.ts';
import { OutputFile } from './output-file.ts';

/** Where files are begun and published. */
export interface OutputTarget {
  begin(): Promise<OutputFile>;
  publish(file: OutputFile): Promise<void>;
}

/** One file, which takes the place of the one before. */
export function singleFile(path: string): OutputTarget {
  return {
    async begin() {
      const stats = await statIfThere(path).catch((error: unknown) => {
        throw writeError(path, error);
      });
      if (stats?.isDirectory()) {
        throw new MillraceError('FILE_WRITE_FAILED', { where: path, expected: 'a file', got: 'a directory', hint: `use { directory: '${path}' }` });
      }
      return OutputFile.begin(path, false);
    },
    publish: file => file.replace(),
  };
}

const SEQUENCE = /^\.?part-(\d+)\./;

/** Files `part-000001.jsonl` and so on in a directory. A number that is there, finished or not, is never used again. */
export function numberedFiles(directory: string, extension: string): OutputTarget {
  let last: number | undefined;
  const nextPath = () => {
    last = (last ?? 0) + 1;
    return join(directory, `part-${String(last).padStart(6, '0')}${extension}`);
  };
  return {
    async begin() {
      last ??= await highestNumber(directory);
      for (;;) {
        const path = nextPath();
        try {
          return await OutputFile.begin(path, true);
        } catch (error) {
          // Another run has just begun a file of that number.
          if (errorCode(error) !== 'EEXIST') throw error;
        }
      }
    },
    publish: file => file.add(nextPath),
  };
}

async function highestNumber(directory: string): Promise<number> {
  try {
    const numbers = (await readdir(directory)).map(name => Number(SEQUENCE.exec(name)?.[1] ?? 0));
    return Math.max(0, ...numbers);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 0;
    throw writeError(directory, error);
  }
}
