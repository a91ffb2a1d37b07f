import type { ConnectionOptions } from 'node:tls';
import { text } from '../../formats/text/index.ts';
import type { Format } from '../../spi/format.ts';
import type { Sink, SinkContext, SinkWriter } from '../../spi/sink.ts';
import type { ReaderContext, Source, SplitReader } from '../../spi/source.ts';
import type { Json } from '../../types/json.ts';
import { type RetryOptions, retryPolicy } from '../network/backoff.ts';
import { checkPort } from '../network/listen.ts';
import { ClientReader } from './client-reader.ts';
import { describeTarget } from './dial.ts';
import { SocketWriter } from './socket-writer.ts';

export interface SocketOptions {
  host: string;
  port: number;
  /**
   * How a lost connection is made again: up to `attempts` tries in a row that bring nothing (default 10), after which the pipeline
   * fails, with waits from `backoff` (default `'500ms'`) to `maxBackoff` (default `'30s'`). `false`: one connection only; a source ends
   * with it, and a sink that loses it stops the pipeline.
   */
  reconnect?: RetryOptions | false;
  /** Sent as the first line of each connection, as `socketServer` expects it. */
  token?: string;
  /** Options of `node:tls`; `{}` for TLS with the certificates that the machine trusts. Default: no TLS. */
  tls?: ConnectionOptions;
}

/** Both ends of a TCP connection: a source for `from` and a sink for `to`. */
export interface SocketConnector<T> extends Source<T>, Sink<T> {
  open(context: SinkContext): Promise<SinkWriter<T>>;
  // The last signature is the one that TypeScript infers the T of `from(source)` by.
  open(context: ReaderContext, position: Json | undefined): Promise<SplitReader<T>>;
}

/**
 * A TCP connection to a server, to read records from or to write records to.
 *
 * As a source it is unbounded and connects again when the connection is over. With `reconnect: false` it ends when the server closes the
 * connection, and fails when the connection breaks. Nothing is sent again by a server after a break, so what was on its way is lost.
 *
 * As a sink it is neither at least once nor at most once, as TCP does not tell what the receiver has read: at a break, what the operating
 * system had taken is lost, and the batch that was being written is written again from its beginning.
 *
 * @param options `format` says how records stand in the bytes; default `text()`, one string per line
 * @throws MillraceError `OPTION_INVALID`, `DURATION_INVALID`; when it is run, `CONNECT_FAILED`, `CONNECTION_LOST`
 * @example
 * p.from(socket({ host: 'localhost', port: 9000 })).map(line => line.length).to(print())
 */
export function socket<T>(options: SocketOptions & { format: Format<T> }): SocketConnector<T>;
export function socket(options: SocketOptions): SocketConnector<string>;
export function socket<T>(options: SocketOptions & { format?: Format<T> }): SocketConnector<T> {
  const { host, port, token, tls, reconnect = {} } = options;
  const format = (options.format ?? text()) as Format<T>;
  checkPort('socket', port, 1);
  const retry =
    reconnect === false ? undefined : retryPolicy('socket, reconnect', reconnect, { attempts: 10, backoff: '500ms', maxBackoff: '30s' });
  const target = { host, port, token, tls };
  const description = describeTarget(target);

  function open(context: SinkContext): Promise<SinkWriter<T>>;
  function open(context: ReaderContext, position: Json | undefined): Promise<SplitReader<T>>;
  function open(context: ReaderContext | SinkContext, position?: Json): Promise<SplitReader<T> | SinkWriter<T>> {
    return 'split' in context
      ? new ClientReader(target, format, retry, context, typeof position === 'number' ? position : 0).open()
      : new SocketWriter(target, format, retry, context).open();
  }
  return {
    connector: 'socket',
    description,
    bounded: retry === undefined,
    accepts: ['append', 'upsert'],
    async enumerate({ found }) {
      found([{ id: description }]);
    },
    open,
  };
}
