import type { AddressInfo, Server } from 'node:net';
import { MillraceError } from '../../base/errors.ts';

/** Where a server listens. */
export interface ListeningAddress {
  readonly host: string;
  /** The port that was asked for, or the one the system chose when that was 0. */
  readonly port: number;
}

/** Starts listening. @throws MillraceError `LISTEN_FAILED`, as when the port is taken */
export function listen(server: Server, where: string, host: string, port: number): Promise<ListeningAddress> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error) => reject(new MillraceError('LISTEN_FAILED', { where: `${where}, ${host} port ${port}`, cause }));
    server.once('error', failed);
    server.listen({ host, port }, () => {
      server.off('error', failed);
      const { address, port: bound } = server.address() as AddressInfo;
      resolve({ host: address, port: bound });
    });
  });
}

/** @throws MillraceError `OPTION_INVALID` */
export function checkPort(what: string, port: number, lowest: 0 | 1): void {
  if (Number.isInteger(port) && port >= lowest && port <= 65_535) return;
  throw new MillraceError('OPTION_INVALID', {
    where: `${what}, port`,
    expected: `a whole number from ${lowest} to 65535`,
    got: String(port),
  });
}
