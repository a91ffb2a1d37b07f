import { type FileHandle, open } from 'node:fs/promises';
import { MillraceError } from '../../base/errors.ts';
import type { RandomAccess } from '../../formats/parquet/random-access.ts';
import { ParquetReader } from '../../formats/parquet/reader.ts';
import type { Polled, ReaderContext, SplitReader } from '../../spi/source.ts';
import type { Batch } from '../../types/batch.ts';
import type { Json } from '../../types/json.ts';
import { openSchema, type Schema } from '../../types/schema.ts';
import { directoryError, readError } from './file-errors.ts';

export interface ParquetSplitOptions {
  readonly path: string;
  /** What records look like. Default: every column is a field. */
  readonly schema?: Schema | undefined;
  readonly context: ReaderContext;
  /** Number of the row to go on with. Default: the first. */
  readonly position?: Json | undefined;
}

/**
 * Opens a Parquet file as a split: its records are the rows, and a position is the number of a row.
 *
 * The file stays open, so that it is read to its end even if it is removed or replaced meanwhile.
 *
 * @throws MillraceError `FILE_NOT_FOUND`, `FILE_READ_FAILED`, `FILE_CORRUPT`, `FILE_CHANGED`, `SCHEMA_COLUMNS`, `SCHEMA_INVALID`,
 *   `SCHEMA_ASYNC`
 */
export async function openParquetSplit({ path, schema, context, position }: ParquetSplitOptions): Promise<SplitReader<unknown>> {
  const opened = schema === undefined ? undefined : openSchema(schema);
  const file = await OpenFile.open(path);
  try {
    const fromRow = typeof position === 'number' ? position : 0;
    // Libraries have coercions and transformations; a JSON Schema has none.
    const coerces = schema !== undefined && '~standard' in schema;
    return new ParquetSplitReader(
      file,
      await ParquetReader.open(file, { schema: opened, coerces, fromRow, context, wake: () => context.wake() }),
    );
  } catch (error) {
    await file.close();
    throw error;
  }
}

class ParquetSplitReader implements SplitReader<unknown> {
  private readonly file: OpenFile;
  private readonly reader: ParquetReader;

  constructor(file: OpenFile, reader: ParquetReader) {
    this.file = file;
    this.reader = reader;
  }

  poll(batch: Batch<unknown>): Polled {
    return this.reader.poll(batch);
  }

  position(): number {
    return this.reader.row;
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

class OpenFile implements RandomAccess {
  readonly path: string;
  readonly byteLength: number;
  private readonly handle: FileHandle;

  private constructor(path: string, handle: FileHandle, byteLength: number) {
    this.path = path;
    this.handle = handle;
    this.byteLength = byteLength;
  }

  static async open(path: string): Promise<OpenFile> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, 'r');
      const stat = await handle.stat();
      if (stat.isDirectory()) throw directoryError(path);
      return new OpenFile(path, handle, stat.size);
    } catch (error) {
      await handle?.close();
      throw readError(path, error);
    }
  }

  async read(from: number, to: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(Math.max(0, to - from));
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await this.handle.read(bytes, filled, bytes.length - filled, from + filled).catch((error: unknown) => {
        throw readError(this.path, error);
      });
      if (bytesRead === 0) {
        throw new MillraceError('FILE_CHANGED', {
          where: this.path,
          expected: `${this.byteLength} bytes, as it had when it was opened`,
          got: `${from + filled}`,
        });
      }
      filled += bytesRead;
    }
    return bytes;
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}
