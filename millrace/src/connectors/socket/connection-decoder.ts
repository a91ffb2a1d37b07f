import { messageOf } from '../../base/errors.ts';
import type { Decoder, Format } from '../../spi/format.ts';
import type { Polled, ReaderContext } from '../../spi/source.ts';
import type { Batch } from '../../types/batch.ts';
import type { Connection } from './connection.ts';

/** Decodes what one connection receives. A record's position is the byte offset in all that the split has received. */
export class ConnectionDecoder<T> {
  readonly connection: Connection;
  /** Position of the first byte that is not decoded yet. */
  position: number;
  private readonly decoder: Decoder<T>;
  private readonly context: ReaderContext;

  constructor(connection: Connection, format: Format<T>, context: ReaderContext, position: number) {
    this.connection = connection;
    this.position = position;
    this.context = context;
    this.decoder = format.decoder(context);
  }

  /** `'end'`: the connection is over and all that it brought has been decoded or rejected. */
  poll(batch: Batch<T>): Polled {
    const { connection } = this;
    const { received, state } = connection;
    const { from } = received;
    this.consume(this.decoder.decode(received.bytes, from, received.to, state === 'ended', this.position - from, batch));
    if (batch.full) return 'more';
    if (state === 'open') {
      connection.readOn(received.from === from || received.length === 0);
      return 'wait';
    }
    if (received.length > 0) this.rejectRest();
    return 'end';
  }

  private rejectRest(): void {
    const { received, cause } = this.connection;
    const rest = received.bytes.subarray(received.from, received.to);
    const why = cause === undefined ? '' : ` (${messageOf(cause)})`;
    this.context.reject('undecodable', `the connection ended in the middle of a record${why}`, rest, this.position);
    this.consume(received.to);
  }

  private consume(offset: number): void {
    const { received } = this.connection;
    this.position += offset - received.from;
    received.consume(offset);
  }
}
