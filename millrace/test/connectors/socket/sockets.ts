import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP server under test's control: it keeps its connections and what they sent. */
export class TestServer {
  readonly sockets: Socket[] = [];
  /** What each connection has sent so far. */
  readonly received: string[] = [];
  readonly server: Server;
  port = 0;

  private constructor(onConnection: ((socket: Socket, index: number) => void) | undefined) {
    this.server = createServer(socket => {
      const index = this.sockets.push(socket) - 1;
      this.received.push('');
      socket.on('error', () => undefined);
      socket.on('data', chunk => {
        this.received[index] += chunk.toString();
      });
      onConnection?.(socket, index);
    });
  }

  static async listen(onConnection?: (socket: Socket, index: number) => void, port = 0): Promise<TestServer> {
    const test = new TestServer(onConnection);
    test.server.listen(port, '127.0.0.1');
    await once(test.server, 'listening');
    test.port = (test.server.address() as AddressInfo).port;
    return test;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}

export async function dialTest(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  const test = await TestServer.listen();
  await test.close();
  return test.port;
}

/** Gives I/O turns until the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setImmediate(resolve));
}
