import { ParquetFileWriter } from '../../formats/parquet/writer.ts';
import type { Encoder, Format } from '../../spi/format.ts';

/** Characters of text that are worth a write. */
const WORTH_A_WRITE = 256 * 1024;

/** Makes the bytes of one file. */
export interface FileEncoder {
  /** Records in the file. */
  readonly records: number;
  /** Bytes of the file so far; about as many where they are not encoded yet. */
  readonly bytes: number;
  /** Whether enough was added to be encoded and written. */
  readonly ready: boolean;
  /** Adds a record. A throw means that the record has no form in the file, which stays as it was. */
  add(record: unknown): void;
  /** Encodes what was added and hands it over. */
  take(): Uint8Array;
  /** As `take`, if that does not make a worse file. */
  flush(): Uint8Array | undefined;
  /** The rest of the file. */
  end(): Uint8Array;
  /** Goes on with a file that has a beginning already, made of records with these fields. Absent: the format has no such files. */
  goOn?(columns: readonly string[]): void;
}

/** @param format of lines, or Parquet */
export function fileEncoder(format: Format<unknown> | 'parquet'): FileEncoder {
  return format === 'parquet' ? new ParquetFileWriter() : new LineFileEncoder(format);
}

class LineFileEncoder implements FileEncoder {
  records = 0;
  private readonly format: Format<unknown>;
  private encoder: Encoder<unknown>;
  private taken = 0;
  private text = '';
  /** Encoded bytes that come before the text. */
  private parts: Uint8Array[] = [];
  private partBytes = 0;

  constructor(format: Format<unknown>) {
    this.format = format;
    this.encoder = format.encoder();
  }

  get bytes(): number {
    return this.taken + this.partBytes + this.text.length;
  }

  get ready(): boolean {
    return this.partBytes + this.text.length >= WORTH_A_WRITE;
  }

  add(record: unknown): void {
    if (this.records > 0) {
      this.push(this.encoder.encode(record));
    } else {
      this.addFirst(record);
    }
    this.records++;
  }

  take(): Uint8Array {
    this.closeText();
    const bytes = this.parts.length === 1 ? this.parts[0]! : Buffer.concat(this.parts);
    this.taken += bytes.length;
    this.parts = [];
    this.partBytes = 0;
    return bytes;
  }

  flush(): Uint8Array {
    return this.take();
  }

  end(): Uint8Array {
    if (this.records === 0) this.push(this.headerOfNothing() ?? '');
    return this.take();
  }

  goOn(columns: readonly string[]): void {
    // It has been written, but the encoder takes its columns from it.
    this.encoder.header?.(Object.fromEntries(columns.map(column => [column, null])));
    this.records = 1;
  }

  private addFirst(record: unknown): void {
    try {
      const header = this.encoder.header?.(record);
      const encoded = this.encoder.encode(record);
      if (header !== undefined) this.push(header);
      this.push(encoded);
    } catch (error) {
      // The encoder may have taken its columns from the record that is now refused.
      this.encoder = this.format.encoder();
      throw error;
    }
  }

  private headerOfNothing(): Uint8Array | undefined {
    try {
      return this.encoder.header?.(undefined);
    } catch {
      // It is known from a record only.
      return undefined;
    }
  }

  private push(part: string | Uint8Array): void {
    if (typeof part === 'string') {
      this.text += part;
    } else {
      this.closeText();
      this.parts.push(part.slice());
      this.partBytes += part.length;
    }
  }

  private closeText(): void {
    if (this.text === '') return;
    const bytes = Buffer.from(this.text);
    this.text = '';
    this.parts.push(bytes);
    this.partBytes += bytes.length;
  }
}
