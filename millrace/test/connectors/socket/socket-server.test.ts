import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { socket, socketServer } from '../../../src/connectors/socket/index.ts';
import { ManualEnvironment } from '../../support/manual-environment.ts';
import { SourceHarness, type SourceHarnessOptions } from '../../support/source-harness.ts';
import { selfSigned } from '../network/self-signed.ts';
import { dialTest, until } from './sockets.ts';

type Options = Partial<Parameters<typeof socketServer>[0]>;

/** Runs a server source on a port of the system's choice. */
async function serve(options: Options = {}, harness: SourceHarnessOptions = {}): Promise<{ run: SourceHarness<string>; port: number }> {
  let port = 0;
  const run = new SourceHarness(
    socketServer({
      port: 0,
      ...options,
      onListening: address => {
        port = address.port;
      },
    }),
    harness,
  );
  await run.until(() => port !== 0);
  return { run, port };
}

describe('connections', () => {
  test('each is a split with an order and positions of its own', async () => {
    const { run, port } = await serve();
    const first = await dialTest(port);
    const second = await dialTest(port);
    first.write('a1\na2\n');
    second.write('b1\n');
    await run.until(() => run.values.length === 3);
    first.end('a3');
    await run.until(() => run.values.length === 4);
    expect(run.splits.length).toBe(2);
    const [splitOfFirst, splitOfSecond] = run.splits;
    expect(run.records.filter(r => r.split === splitOfFirst).map(r => [r.value, r.position])).toEqual([
      ['a1', 0],
      ['a2', 3],
      ['a3', 6],
    ]);
    expect(run.records.filter(r => r.split === splitOfSecond).map(r => r.value)).toEqual(['b1']);
    expect(run.rejects).toEqual([]);
    await run.stop();
    second.destroy();
  });

  test('a reset in the middle of a line rejects the rest and ends the split; the others go on', async () => {
    const { run, port } = await serve();
    const broken = await dialTest(port);
    const healthy = await dialTest(port);
    broken.write('whole\nhal');
    await run.until(() => run.values.length === 1);
    await run.settle();
    broken.resetAndDestroy();
    await run.until(() => run.rejects.length === 1);
    expect(run.rejects).toMatchObject([{ reason: 'undecodable', position: 6, split: run.splits[0] }]);
    expect(Buffer.from(run.rejects[0]!.bytes!).toString()).toBe('hal');
    healthy.end('still here\n');
    await run.until(() => run.values.length === 2);
    await run.stop();
  });

  test('more than maxConnections are closed at once', async () => {
    const { run, port } = await serve({ maxConnections: 1 });
    const first = await dialTest(port);
    await run.until(() => run.splits.length === 1);
    const second = await dialTest(port);
    await once(second.resume(), 'close');
    first.end('ok\n');
    await run.until(() => run.values.length === 1);
    await run.until(() => run.positions().get(run.splits[0]!) === 3);
    await once(first.resume(), 'close');
    const third = await dialTest(port);
    third.end('next\n');
    await run.until(() => run.values.length === 2);
    expect(run.splits.length).toBe(2);
    await run.stop();
  });

  test('a quiet connection is closed after its time, one that is held back is not', async () => {
    const environment = new ManualEnvironment();
    const { run, port } = await serve({ idleTimeout: '30s' }, { environment });
    const client = await dialTest(port);
    let closed = false;
    client.on('close', () => (closed = true)).resume();
    client.write('a\nunfinished');
    await run.until(() => run.values.length === 1);
    environment.advance(29_000);
    client.write(' line\n');
    await run.until(() => run.values.length === 2);
    environment.advance(29_000);
    await run.settle();
    expect(closed).toBe(false);

    // More than is buffered: the server stops reading, so that time does not count.
    run.paused = true;
    client.write(`${'x'.repeat(99)}\n`.repeat(100_000));
    await run.settle(200);
    environment.advance(300_000);
    await run.settle(200);
    expect(closed).toBe(false);
    run.paused = false;
    await run.until(() => run.values.length === 100_002);

    client.write('cut');
    await run.settle();
    environment.advance(30_000);
    await run.until(() => closed && run.rejects.length === 1);
    expect(run.rejects[0]!.message).toContain('idle for 30s');
    await run.stop();
    expect(environment.pending).toBe(0);
  });

  test('stopping closes the port, the connections and those that were never read', async () => {
    const { run, port } = await serve();
    const client = await dialTest(port);
    client.resume();
    await run.until(() => run.splits.length === 1);
    await run.stop();
    await until(() => client.destroyed);
    await expect(dialTest(port)).rejects.toThrow('ECONNREFUSED');
  });

  test('a split of an earlier run is over', async () => {
    const source = socketServer({ port: 0 });
    const context = {
      operator: 'source',
      environment: new ManualEnvironment(),
      signal: new AbortController().signal,
      split: { id: '127.0.0.1:1#1' },
      wake: () => undefined,
      reject: () => undefined,
    };
    const reader = await source.open(context, 42);
    expect(reader.poll(undefined as never)).toBe('end');
    expect(reader.position()).toBe(42);
  });

  test('a port that is taken is an error that names it', async () => {
    const { run, port } = await serve();
    const second = new SourceHarness(socketServer({ port }));
    await expect(second.finish()).rejects.toMatchObject({ code: 'LISTEN_FAILED', message: expect.stringContaining(`port ${port}`) });
    await run.stop();
  });
});

describe('token', () => {
  test('is needed beyond this machine', () => {
    expect(() => socketServer({ port: 0, host: '0.0.0.0' })).toThrow(expect.objectContaining({ code: 'TOKEN_REQUIRED' }));
    const guarded = socketServer({ port: 9000, host: '0.0.0.0', token: 's3cret' });
    expect(guarded.description).toBe('tcp://0.0.0.0:9000');
  });

  test('must be the first line; what follows is data', async () => {
    const { run, port } = await serve({ token: 's3cret' });
    const inOnePiece = await dialTest(port);
    inOnePiece.write('s3cret\na\n');
    const inTwo = await dialTest(port);
    inTwo.write('s3c');
    await run.settle();
    inTwo.write('ret\r\nb\n');
    await run.until(() => run.values.length === 2);
    expect(run.values.toSorted()).toEqual(['a', 'b']);
    expect(run.records.map(r => r.position)).toEqual([0, 0]);
    await run.stop();
  });

  test('a line that is longer than the token is not read to its end', async () => {
    const { run, port } = await serve({ token: 's3cret' });
    const client = await dialTest(port);
    client.write('s3cret-and-more');
    await once(client.resume(), 'close');
    expect(run.splits).toEqual([]);
    await run.stop();
  });

  test.each(['wrong!\ndata\n', '\n', 's3cret'])('%j is shut out', async said => {
    const { run, port } = await serve({ token: 's3cret' });
    const client = await dialTest(port);
    client.end(said);
    await once(client.resume(), 'close');
    await run.settle();
    expect(run.splits).toEqual([]);
    expect(run.values).toEqual([]);
    await run.stop();
  });

  test('who says nothing is shut out after a time', async () => {
    const environment = new ManualEnvironment();
    const { run, port } = await serve({ token: 's3cret' }, { environment });
    const client = await dialTest(port);
    await run.until(() => environment.pending === 1);
    environment.advance(10_000);
    await once(client.resume(), 'close');
    expect(run.splits).toEqual([]);
    await run.stop();
    expect(environment.pending).toBe(0);
  });

  test('is sent by socket()', async () => {
    const { run, port } = await serve({ token: 's3cret' });
    const client = new SourceHarness(socket({ host: '127.0.0.1', port, token: 's3cret' }));
    await run.until(() => run.splits.length === 1);
    await client.stop();
    await run.stop();
  });
});

describe('TLS', () => {
  const { key, cert } = selfSigned();

  test('records arrive over it', async () => {
    const { run, port } = await serve({ tls: { key, cert }, token: 's3cret' });
    const client = connectTls({ port, host: '127.0.0.1', ca: cert, servername: 'localhost' });
    client.end('s3cret\nhidden\n');
    await run.until(() => run.values.length === 1);
    expect(run.values).toEqual(['hidden']);
    await run.stop();
  });

  test('a client that speaks no TLS is shut out, and others still get in', async () => {
    const { run, port } = await serve({ tls: { key, cert } });
    const plain = await dialTest(port);
    plain.write('in the clear\n');
    await once(plain.resume(), 'close');
    connectTls({ port, host: '127.0.0.1', ca: cert, servername: 'localhost' }).end('hidden\n');
    await run.until(() => run.values.length === 1);
    expect(run.values).toEqual(['hidden']);
    await run.stop();
  });

  test('a client does not talk to a server whose certificate it does not trust', async () => {
    const { run, port } = await serve({ tls: { key, cert } });
    const distrustful = new SourceHarness(socket({ host: '127.0.0.1', port, reconnect: false, tls: {} }));
    await expect(distrustful.finish()).rejects.toMatchObject({ code: 'CONNECT_FAILED', message: expect.stringContaining('self-signed') });
    const trusting = new SourceHarness(socket({ host: '127.0.0.1', port, reconnect: false, tls: { ca: cert } }));
    await run.until(() => run.splits.length === 1);
    await run.stop();
    await trusting.finish().catch(() => undefined);
  });
});
