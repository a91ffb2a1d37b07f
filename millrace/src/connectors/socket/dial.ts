import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Environment } from '../../base/environment.ts';
import { connectCause } from '../network/connect-cause.ts';

const CONNECT_TIMEOUT_MS = 10_000;

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly token?: string | undefined;
  readonly tls?: ConnectionOptions | undefined;
}

/** Without secrets: `tls://example.org:9000`. */
export function describeTarget(target: { readonly host: string; readonly port: number; readonly tls?: object | undefined }): string {
  const host = target.host.includes(':') ? `[${target.host}]` : target.host;
  return `${target.tls === undefined ? 'tcp' : 'tls'}://${host}:${target.port}`;
}

/** Connects once. Rejects when it fails, takes longer than 10 s or the signal is aborted. */
export function dial(target: Target, environment: Environment, signal: AbortSignal): Promise<Socket> {
  const { host, port, token, tls } = target;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new Error('stopped'));
    // TLS names the server it wants to reach, which cannot be an address.
    const socket = tls === undefined ? connectTcp({ host, port }) : connectTls({ servername: isIP(host) ? '' : host, ...tls, host, port });
    const settle = (error?: Error) => {
      cancelTimeout();
      signal.removeEventListener('abort', aborted);
      socket.off('error', settle).off('close', closed);
      if (error === undefined) return resolve(socket);
      // What a socket that was given up reports later concerns nobody.
      socket.on('error', () => undefined).destroy();
      reject(connectCause(error));
    };
    const aborted = () => settle(new Error('stopped'));
    const closed = () => settle(new Error('the connection was closed while it was set up'));
    const cancelTimeout = environment.scheduler.at(environment.clock.now() + CONNECT_TIMEOUT_MS, () =>
      settle(new Error(`not connected within ${CONNECT_TIMEOUT_MS / 1000} s`)),
    );
    signal.addEventListener('abort', aborted);
    socket
      .once(tls === undefined ? 'connect' : 'secureConnect', () => {
        socket.setNoDelay(true).setKeepAlive(true, 30_000);
        if (token !== undefined) socket.write(`${token}\n`);
        settle();
      })
      .on('error', settle)
      .on('close', closed);
  });
}
