import { type FileHandle, open } from 'node:fs/promises';
import { MillraceError } from '../../base/errors.ts';
import type { Format } from '../../spi/format.ts';
import type { ReaderContext } from '../../spi/source.ts';
import { MAX_RECORD_BYTES } from '../../formats/bytes.ts';
import { type ByteStream, GzipStream, PlainStream } from './byte-stream.ts';
import { type BytePosition, DecodedWindow } from './decoded-window.ts';
import { directoryError, readError } from './file-errors.ts';
import { ReadAhead, traceLength, traceOf } from './read-ahead.ts';

/** Opens a file for reading. @throws MillraceError `FILE_NOT_FOUND`, `FILE_READ_FAILED` */
export async function openFile(path: string): Promise<FileHandle> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    if ((await handle.stat()).isDirectory()) throw directoryError(path);
    return handle;
  } catch (error) {
    await handle?.close();
    throw readError(path, error);
  }
}

export function isCompressed(path: string): boolean {
  return path.endsWith('.gz');
}

/** The bytes of a file, unpacked if it is compressed, from a position on. Takes the handle over. */
async function streamFrom(path: string, handle: FileHandle, position: number): Promise<ByteStream> {
  if (!isCompressed(path)) return new PlainStream(path, handle, position);
  await handle.close();
  return new GzipStream(path, position);
}

/**
 * Opens the window on a file at a position. Takes the handle over. Undefined when what is before the position is not what it was, so that
 * it is another file.
 */
export async function openWindow<T>(
  path: string,
  handle: FileHandle,
  format: Format<T>,
  context: ReaderContext,
  position: BytePosition | undefined,
  chunkBytes: number,
): Promise<DecodedWindow<T> | undefined> {
  const { offset, trace, skip } = position ?? { offset: 0, trace: traceOf(new Uint8Array()), skip: 0 };
  const traced = traceLength(trace);
  const stream = await streamFrom(path, handle, offset - traced);
  const input = new ReadAhead(stream, offset - traced, chunkBytes, () => context.wake());
  const window = new DecodedWindow(format, input, context, skip ?? 0);
  try {
    input.read();
    while (traced > input.to - input.from) {
      await input.settled();
      input.take();
      if (input.dry) break;
    }
    if (traceOf(input.bytes.subarray(input.from, Math.min(input.to, input.from + traced))) !== trace) {
      await input.close();
      return undefined;
    }
    input.from += traced;
    if (format.headed === true && offset > 0) await showHeader(path, window);
    return window;
  } catch (error) {
    await input.close();
    throw error;
  }
}

async function showHeader<T>(path: string, window: DecodedWindow<T>): Promise<void> {
  const stream = await streamFrom(path, await openFile(path), 0);
  try {
    let bytes: Buffer = Buffer.alloc(64 * 1024);
    for (let to = 0; ; ) {
      const read = await stream.read(bytes, to, bytes.length - to);
      to += read;
      if (window.readHeader(bytes, to) > 0) return;
      if (read === 0 || to > MAX_RECORD_BYTES) {
        throw new MillraceError('FILE_CHANGED', { where: path, expected: 'the header that it began with', got: 'no header' });
      }
      if (to === bytes.length) bytes = Buffer.concat([bytes], 2 * bytes.length);
    }
  } finally {
    await stream.close();
  }
}
