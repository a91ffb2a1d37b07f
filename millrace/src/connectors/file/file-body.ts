import type { Encoder, Format } from '../../spi/format.ts';

/** Makes the bytes of one file. */
export interface FileBody {
  /** Bytes that `take` would give. */
  readonly pendingBytes: number;
  /** Adds a record. A throw leaves the body as it was. */
  add(record: unknown): void;
  /** The bytes that are ready, which are then no longer held. */
  take(): Uint8Array[];
  /** The bytes up to the end of the file. */
  finish(): Uint8Array[];
}

/** A file that holds the records of a format one after another. */
export class FormatBody implements FileBody {
  pendingBytes = 0;
  private readonly encoder: Encoder<unknown>;
  private text = '';
  private bytes: Uint8Array[] = [];
  private begun = false;

  constructor(format: Format<unknown>) {
    this.encoder = format.encoder();
  }

  add(record: unknown): void {
    const header = this.begun ? undefined : this.encoder.header?.(record);
    const encoded = this.encoder.encode(record);
    this.begun = true;
    if (header !== undefined) this.push(header);
    this.push(encoded);
  }

  take(): Uint8Array[] {
    this.endText();
    const { bytes } = this;
    this.bytes = [];
    this.pendingBytes = 0;
    return bytes;
  }

  finish(): Uint8Array[] {
    return this.take();
  }

  private push(part: string | Uint8Array): void {
    this.pendingBytes += part.length;
    if (typeof part === 'string') {
      this.text += part;
    } else {
      this.endText();
      this.bytes.push(part.slice());
    }
  }

  private endText(): void {
    if (this.text !== '') this.bytes.push(Buffer.from(this.text));
    this.text = '';
  }
}
