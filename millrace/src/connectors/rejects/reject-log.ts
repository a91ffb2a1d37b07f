import { open, type FileHandle } from 'node:fs/promises';
import { MillraceError } from '../../base/errors.ts';
import type { Reject } from '../../spi/reject.ts';
import type { Sink, SinkWriter } from '../../spi/sink.ts';
import type { Batch } from '../../types/batch.ts';

/**
 * Appends rejected records to a file, each as a line of JSON: `reason`, `message`, `operator`, `origin`, `timeMs`, and the record as `text` (its bytes, when they are UTF-8),
 * `base64` (its bytes otherwise) and `value` (as it reached the operator). The file is made when the first record is rejected.
 */
export function rejectLog(path: string): Sink<Reject> {
  return {
    connector: 'reject-log',
    description: path,
    accepts: ['append', 'upsert'],
    open: async () => new RejectLogWriter(path),
  };
}

class RejectLogWriter implements SinkWriter<Reject> {
  private readonly path: string;
  private file: FileHandle | undefined;

  constructor(path: string) {
    this.path = path;
  }

  async write(batch: Batch<Reject>): Promise<void> {
    let lines = '';
    for (let i = 0; i < batch.length; i++) lines += `${rejectToJson(batch.values[i]!)}\n`;
    try {
      this.file ??= await open(this.path, 'a');
      await this.file.appendFile(lines);
    } catch (error) {
      throw new MillraceError('REJECTS_FAILED', {
        where: this.path,
        cause: error,
        hint: 'make the file writable or send `rejects` elsewhere',
      });
    }
  }

  flush(): void {}

  async close(): Promise<void> {
    await this.file?.close();
  }
}

/** A reject as one line of JSON. Values that JSON cannot hold are written as text. */
export function rejectToJson({ bytes, value, ...rest }: Reject): string {
  return JSON.stringify({ ...rest, ...bytesToJson(bytes), ...(value === undefined ? {} : { value: printable(value) }) });
}

function bytesToJson(bytes: Uint8Array | undefined): { text?: string; base64?: string } {
  if (bytes === undefined) return {};
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { base64: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') };
  }
}

/** The value itself if JSON can hold it, with bigints, NaN and the infinities as text; its string form otherwise. */
function printable(value: unknown): unknown {
  try {
    return JSON.parse(
      JSON.stringify(value, (_, part: unknown) =>
        typeof part === 'bigint' || (typeof part === 'number' && !Number.isFinite(part)) ? String(part) : part,
      ) ?? 'null',
    );
  } catch {
    return String(value);
  }
}
