import { createServer as createTcpServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { type Duration, durationMs, formatDuration } from '../../base/duration.ts';
import type { Environment } from '../../base/environment.ts';
import { MillraceError } from '../../base/errors.ts';
import { text } from '../../formats/text/index.ts';
import type { Format } from '../../spi/format.ts';
import type { EnumerationContext, Polled, ReaderContext, Source, SplitReader } from '../../spi/source.ts';
import type { Batch } from '../../types/batch.ts';
import type { Json } from '../../types/json.ts';
import { checkExposure } from '../network/access-token.ts';
import { checkPort, listen, type ListeningAddress } from '../network/listen.ts';
import { requireToken } from './admission.ts';
import { Connection } from './connection.ts';
import { ConnectionDecoder } from './connection-decoder.ts';
import { describeTarget } from './dial.ts';

const TLS_HANDSHAKE_TIMEOUT_MS = 10_000;

export interface SocketServerOptions {
  /** Port to listen on; 0 lets the system choose one, which `onListening` is told. */
  port: number;
  /** Address to listen on. Default `'127.0.0.1'`: only this machine can connect. */
  host?: string;
  /** What the first line of every connection must be. Needed when other machines can connect. */
  token?: string;
  /** Connections at a time; more are closed at once. Default 100. */
  maxConnections?: number;
  /** A connection that brings nothing for so long is closed. Time in which the pipeline holds it back does not count. Default: never. */
  idleTimeout?: Duration;
  /** Certificate and key, and whatever else `node:tls` takes. Default: no TLS. */
  tls?: TlsOptions;
  /** Called with the address once connections are accepted. */
  onListening?: (address: ListeningAddress) => void;
}

/**
 * Accepts TCP connections and reads records from each. Every connection is a split of its own: it has its own order and its own
 * watermark, and ends when the client closes it.
 *
 * A client that closes in the middle of a record: after a regular close the rest counts as the last record, after a reset it is
 * rejected as `undecodable`. When the pipeline is slower than a client, the client is held back.
 *
 * @param options `format` says how records stand in the bytes; default `text()`, one string per line
 * @throws MillraceError `TOKEN_REQUIRED` when other machines can connect and there is no token, `OPTION_INVALID`, `DURATION_INVALID`;
 * when it is run, `LISTEN_FAILED`
 * @example
 * p.from(socketServer({ port: 9000, format: json({ schema: Reading }) }))
 */
export function socketServer<T>(options: SocketServerOptions & { format: Format<T> }): Source<T>;
export function socketServer(options: SocketServerOptions): Source<string>;
export function socketServer<T>(options: SocketServerOptions & { format?: Format<T> }): Source<T | string> {
  const { port, host = '127.0.0.1', format = text(), token, maxConnections = 100, tls } = options;
  checkPort('socketServer', port, 0);
  checkExposure('socketServer', host, token);
  if (!(Number.isInteger(maxConnections) && maxConnections >= 1)) {
    throw new MillraceError('OPTION_INVALID', {
      where: 'socketServer, maxConnections',
      expected: 'a whole number from 1',
      got: String(maxConnections),
    });
  }
  const idleTimeoutMs = options.idleTimeout === undefined ? undefined : durationMs(options.idleTimeout, 'socketServer, idleTimeout');
  /** Accepted connections whose split has not been opened yet. They are not read meanwhile. */
  const accepted = new Map<string, Connection>();
  let connections = 0;
  return {
    connector: 'socket-server',
    description: describeTarget({ host, port, tls }),
    bounded: false,
    async enumerate({ operator, environment, signal, found }: EnumerationContext) {
      const sockets = new Set<Socket>();
      const accept = (socket: Socket) => {
        const { remoteAddress, remotePort } = socket;
        const connection = new Connection(socket, environment.clock, () => undefined);
        const admit = () => {
          connection.pause();
          const id = `${remoteAddress}:${remotePort}#${++connections}`;
          accepted.set(id, connection);
          found([{ id }]);
        };
        socket.setKeepAlive(true, 30_000);
        if (token === undefined) admit();
        else requireToken(connection, token, environment, admit);
      };
      const server =
        tls === undefined ? createTcpServer(accept) : createTlsServer({ handshakeTimeout: TLS_HANDSHAKE_TIMEOUT_MS, ...tls }, accept);
      server.maxConnections = maxConnections;
      // Below TLS, so that connections that are still shaking hands are known as well.
      server.on('connection', (socket: Socket) => {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
      });
      const address = await listen(server, operator, host, port);
      found([]);
      try {
        await new Promise<void>((resolve, reject) => {
          server.on('error', cause => reject(new MillraceError('LISTEN_FAILED', { where: operator, cause })));
          if (signal.aborted) resolve();
          signal.addEventListener('abort', () => resolve());
          options.onListening?.(address);
        });
      } finally {
        server.close();
        for (const socket of sockets) socket.destroy();
        accepted.clear();
      }
    },
    async open(context, position) {
      const connection = accepted.get(context.split.id);
      accepted.delete(context.split.id);
      // A connection of an earlier run is over.
      if (connection === undefined) return endedReader(position);
      return new AcceptedReader<T | string>(connection, format, context, idleTimeoutMs);
    },
  };
}

class AcceptedReader<T> implements SplitReader<T> {
  readonly drains = true;
  private readonly connection: Connection;
  private readonly decoder: ConnectionDecoder<T>;
  private cancelIdleTimer: (() => void) | undefined;

  constructor(connection: Connection, format: Format<T>, context: ReaderContext, idleTimeoutMs: number | undefined) {
    this.connection = connection;
    this.decoder = new ConnectionDecoder(connection, format, context, 0);
    connection.changed = () => context.wake();
    context.signal.addEventListener('abort', () => connection.cut(undefined), { once: true });
    if (idleTimeoutMs !== undefined) this.watchIdle(idleTimeoutMs, context.environment);
    connection.readOn(true);
  }

  poll(batch: Batch<T>): Polled {
    return this.decoder.poll(batch);
  }

  position(): Json {
    return this.decoder.position;
  }

  async close(): Promise<void> {
    this.cancelIdleTimer?.();
    this.connection.changed = () => undefined;
    this.connection.cut(undefined);
  }

  private watchIdle(timeoutMs: number, environment: Environment): void {
    const { connection } = this;
    const { clock, scheduler } = environment;
    const leftMs = connection.paused ? timeoutMs : connection.activeMs + timeoutMs - clock.elapsed();
    if (connection.state !== 'open') return;
    if (leftMs <= 0) connection.cut(new Error(`idle for ${formatDuration(timeoutMs)}`));
    else this.cancelIdleTimer = scheduler.at(clock.now() + Math.ceil(leftMs), () => this.watchIdle(timeoutMs, environment));
  }
}

function endedReader(position: Json | undefined): SplitReader<never> {
  return { poll: () => 'end', position: () => position ?? 0, close: () => Promise.resolve() };
}
