import { stat } from 'node:fs/promises';
import { type Duration, durationMs } from '../../base/duration.ts';
import { MillraceError } from '../../base/errors.ts';
import type { Format } from '../../spi/format.ts';
import type { Sink } from '../../spi/sink.ts';
import { DirectoryPlace, type EpochPlace, PathPlace } from './epoch-places.ts';
import { EpochFileWriter } from './epoch-writer.ts';
import { DirectoryTarget, PathTarget } from './sink-target.ts';
import { type FileSinkTarget, FileSinkWriter } from './sink-writer.ts';

export interface FileSinkOptions {
  /** The one file that is written. It is there with all records once the pipeline has finished; a file of that name is replaced then. */
  path?: string;
  /** The directory into which files are written: `part-00000.jsonl`, `part-00001.jsonl` and so on, after those that are there. */
  directory?: string;
  /** How records stand in the files. */
  format: Format<unknown> | 'parquet';
  /** In a directory: a file is published, and the next begun, once it has about as many bytes. Default: no bound. */
  rollBytes?: number;
  /** In a directory: a file is published once its first record is as old. Default: when the pipeline finishes. */
  rollInterval?: Duration;
  /** In a directory: how names begin. Default `'part'`. */
  prefix?: string;
}

/**
 * Writes records to one file or to files in a directory. A file is written as `.NAME.inprogress` beside its place, and gets its name in one
 * step once all of it is on the disk: nobody ever sees a part of a file under its name. When a pipeline fails, what was published stays, and so
 * does the unfinished file under its name of work.
 *
 * A stream without records makes an empty file of a `path`, and none in a `directory`. Several pipelines, also of several processes, can
 * write to one directory: no file is overwritten. A path that ends in `.gz` is packed with gzip. A device or a pipe, such as
 * `/dev/stdout`, is written as it is.
 *
 * A record that has no form in the format is rejected as `refused`.
 *
 * @throws MillraceError `OPTION_INVALID`, `DURATION_INVALID`; when it is run, `FILE_WRITE_FAILED`
 * @example
 * p.from(readings).to(fileSink({ directory: 'out', format: json(), rollInterval: '10m' }))
 */
export function fileSink(options: FileSinkOptions): Sink<unknown> {
  const { description, ...target } = targetOf(options);
  return {
    connector: 'file',
    description,
    accepts: ['append', 'upsert'],
    // Each run looks at the directory anew.
    open: async (context, recovery) => {
      const { place, packs, ...options } = target;
      // A device or a pipe cannot be cut back to where an epoch ended.
      if (context.epochs && !(await isSpecial(options.path))) {
        if (options.path !== undefined && options.format === 'parquet') {
          invalid('file, path', '{ directory }, as a Parquet file cannot be gone on with after a restart', `'${options.path}' with state`);
        }
        return new EpochFileWriter({ ...options, place: place(), packs }, context).open(recovery);
      }
      return new FileSinkWriter({ ...options, target: target.target() }, context).open();
    },
  };
}

function targetOf(options: FileSinkOptions): Omit<FileSinkTarget, 'target'> & {
  target: () => FileSinkTarget['target'];
  place: () => EpochPlace;
  packs: boolean;
  path: string | undefined;
  description: string;
} {
  const { path, directory, format, rollBytes = Infinity, rollInterval, prefix = 'part' } = options;
  const roll = { bytes: rollBytes, intervalMs: rollInterval === undefined ? Infinity : durationMs(rollInterval, 'file, rollInterval') };
  if ((path === undefined) === (directory === undefined)) {
    invalid('file', 'either path or directory', path === undefined ? 'none of them' : 'both');
  }
  if (directory !== undefined) {
    if (directory === '') invalid('file, directory', 'the path of a directory', "''");
    if (!(rollBytes > 0)) invalid('file, rollBytes', 'a number of bytes above 0', String(rollBytes));
    if (roll.intervalMs === 0) invalid('file, rollInterval', 'a duration above 0', String(rollInterval));
    if (!/^[^./\\][^/\\]*$/.test(prefix))
      invalid('file, prefix', 'the beginning of a file name, without slashes and no dot in front', `'${prefix}'`);
    const extension = format === 'parquet' ? '.parquet' : format.extension;
    return {
      target: () => new DirectoryTarget(directory, prefix, extension),
      place: () => new DirectoryPlace(directory, prefix, extension),
      packs: false,
      path: undefined,
      format,
      roll,
      always: false,
      description: `${directory.replace(/\/+$/, '')}/`,
    };
  }
  for (const option of ['rollBytes', 'rollInterval', 'prefix'] as const) {
    if (options[option] !== undefined) invalid(`file, ${option}`, 'to be left out with a path, or { directory }', String(options[option]));
  }
  if (path === undefined || path === '' || /[/\\]$/.test(path)) invalid('file, path', 'the path of a file, or { directory }', `'${path}'`);
  if (format === 'parquet' && path.endsWith('.gz')) {
    invalid('file, path', 'a name without .gz, as Parquet packs its columns itself', `'${path}'`);
  }
  return {
    target: () => new PathTarget(path),
    place: () => new PathPlace(path),
    packs: path.endsWith('.gz'),
    path,
    format,
    roll,
    always: true,
    description: path,
  };
}

async function isSpecial(path: string | undefined): Promise<boolean> {
  const found = path === undefined ? undefined : await stat(path).catch(() => undefined);
  return found !== undefined && !found.isFile() && !found.isDirectory();
}

function invalid(where: string, expected: string, got: string): never {
  throw new MillraceError('OPTION_INVALID', { where, expected, got });
}
