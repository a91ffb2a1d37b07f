import { MillraceError } from '../../base/errors.ts';
import type { Format } from '../../spi/format.ts';
import type { Polled, ReaderContext, SplitReader } from '../../spi/source.ts';
import type { Batch } from '../../types/batch.ts';
import type { Json } from '../../types/json.ts';
import { type DecodedWindow, isBytePosition } from './decoded-window.ts';
import { sizeOf } from './file-identity.ts';
import { isCompressed, openFile, openWindow } from './open-bytes.ts';
import { CHUNK_BYTES } from './read-ahead.ts';

/** Reads a file from a position to its end. */
export class BoundedReader<T> implements SplitReader<T> {
  private readonly path: string;
  /** Bytes that the file had when it was opened, or fewer when it is compressed; it never has fewer without having been cut. */
  private readonly leastBytes: number;
  private readonly window: DecodedWindow<T>;

  private constructor(path: string, leastBytes: number, window: DecodedWindow<T>) {
    this.path = path;
    this.leastBytes = leastBytes;
    this.window = window;
  }

  static async open<T>(path: string, format: Format<T>, context: ReaderContext, position: Json | undefined): Promise<BoundedReader<T>> {
    const handle = await openFile(path);
    const leastBytes = isCompressed(path) ? 0 : await sizeOf(handle);
    const from = isBytePosition(position) ? position : undefined;
    const window = await openWindow(path, handle, format, context, from, CHUNK_BYTES);
    if (window === undefined) {
      throw new MillraceError('FILE_CHANGED', {
        where: path,
        expected: `the file that was read up to byte ${from?.offset}`,
        got: 'another file',
      });
    }
    return new BoundedReader(path, leastBytes, window);
  }

  poll(batch: Batch<T>): Polled {
    const { window } = this;
    const { input } = window;
    for (;;) {
      if (window.decode(batch, input.dry)) return 'more';
      if (input.dry) return 'end';
      if (!input.take()) return 'wait';
      if (input.dry) this.checkWhole(input.base + input.to);
    }
  }

  private checkWhole(bytesRead: number): void {
    if (bytesRead >= this.leastBytes) return;
    throw new MillraceError('FILE_CHANGED', {
      where: this.path,
      expected: `${this.leastBytes} bytes, which it had when it was opened`,
      got: `${bytesRead} bytes`,
    });
  }

  position(): Json {
    return { ...this.window.position() };
  }

  async close(): Promise<void> {
    await this.window.input.close();
  }
}
