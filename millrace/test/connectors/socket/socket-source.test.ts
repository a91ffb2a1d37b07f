import { describe, expect, test } from 'vitest';
import { socket } from '../../../src/connectors/socket/index.ts';
import { ManualEnvironment } from '../../support/manual-environment.ts';
import { SourceHarness } from '../../support/source-harness.ts';
import { freePort, TestServer, until } from './sockets.ts';

/** Reason, position and bytes (as Latin-1) of each reject. */
function rejectsOf(run: SourceHarness<string>): [string, number, string][] {
  return run.rejects.map(r => [r.reason, r.position, Buffer.from(r.bytes ?? []).toString('latin1')]);
}

describe('socket as a source, one connection', () => {
  const once = (port: number) => socket({ host: '127.0.0.1', port, reconnect: false });

  test('reads lines and ends with the connection; the last one needs no line end', async () => {
    const server = await TestServer.listen(connection => connection.end('one\ntwo\r\nthree'));
    const run = await new SourceHarness(once(server.port)).finish();
    expect(run.values).toEqual(['one', 'two', 'three']);
    expect(run.records.map(r => r.position)).toEqual([0, 4, 9]);
    expect(run.positions().get(`tcp://127.0.0.1:${server.port}`)).toBe(14);
    expect(run.rejects).toEqual([]);
    await server.close();
  });

  test('a multibyte character that arrives in two pieces stays whole', async () => {
    const bytes = Buffer.from('grün\nblau\n');
    const server = await TestServer.listen(connection => {
      connection.write(bytes.subarray(0, 3));
      setImmediate(() => connection.end(bytes.subarray(3)));
    });
    expect((await new SourceHarness(once(server.port)).finish()).values).toEqual(['grün', 'blau']);
    await server.close();
  });

  test('a reset rejects the line it cuts, after the whole ones, and stops the pipeline', async () => {
    const server = await TestServer.listen(connection => connection.write('whole\nhal'));
    const run = new SourceHarness(once(server.port));
    await run.until(() => run.values.length === 1);
    await run.settle();
    server.sockets[0]!.resetAndDestroy();
    await expect(run.until(() => false)).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      message: expect.stringContaining(`tcp://127.0.0.1:${server.port}`),
    });
    expect(run.values).toEqual(['whole']);
    expect(rejectsOf(run)).toEqual([['undecodable', 6, 'hal']]);
    expect(run.rejects[0]!.message).toMatch(/middle of a record.*ECONNRESET/);
    await run.stop();
    await server.close();
  });

  test('bytes that are not UTF-8 are rejected with their position, and nothing else is lost', async () => {
    const server = await TestServer.listen(connection => {
      connection.write('a\n');
      connection.write(Uint8Array.of(0xff, 0xfe, 10));
      connection.end('b\n');
    });
    const run = await new SourceHarness(once(server.port)).finish();
    expect(run.values).toEqual(['a', 'b']);
    expect(rejectsOf(run)).toEqual([['undecodable', 2, '\xff\xfe']]);
    await server.close();
  });

  test('a server that is not there is an error that names it', async () => {
    const port = await freePort();
    const run = new SourceHarness(once(port));
    await expect(run.finish()).rejects.toMatchObject({ code: 'CONNECT_FAILED', message: expect.stringContaining('ECONNREFUSED') });
  });

  test('a server that says nothing while the connection is set up is given up after a time', async () => {
    const environment = new ManualEnvironment();
    const server = await TestServer.listen();
    const run = new SourceHarness(socket({ host: '127.0.0.1', port: server.port, reconnect: false, tls: {} }), { environment });
    await run.until(() => server.sockets.length === 1);
    environment.advance(9_999);
    await run.settle();
    environment.advance(1);
    await expect(run.finish()).rejects.toMatchObject({ code: 'CONNECT_FAILED', message: expect.stringContaining('within 10 s') });
    expect(environment.pending).toBe(0);
    await server.close();
  });
});

describe('socket as a source that connects again', () => {
  test('goes on with the next connection, and positions go on too', async () => {
    const environment = new ManualEnvironment();
    const server = await TestServer.listen((connection, index) => connection.end(`${index}a\n${index}b`));
    const run = new SourceHarness(socket({ host: '127.0.0.1', port: server.port }), { environment });
    await run.until(() => run.values.length === 2);
    await run.settle();
    expect(server.sockets.length).toBe(1);
    environment.advance(500);
    await run.until(() => run.values.length === 4);
    expect(run.values).toEqual(['0a', '0b', '1a', '1b']);
    expect(run.records.map(r => r.position)).toEqual([0, 3, 5, 8]);
    await run.stop();
    expect(environment.pending).toBe(0);
    await server.close();
  });

  test('a run that goes on at a position counts from there', async () => {
    const server = await TestServer.listen(connection => connection.write('x\n'));
    const source = socket({ host: '127.0.0.1', port: server.port });
    const run = new SourceHarness(source, { positions: new Map([[`tcp://127.0.0.1:${server.port}`, 1_000]]) });
    await run.until(() => run.values.length === 1);
    expect(run.records[0]!.position).toBe(1_000);
    await run.stop();
    await server.close();
  });

  test('waits longer after each failure and gives up after the last', async () => {
    const environment = new ManualEnvironment();
    const port = await freePort();
    const source = socket({ host: '127.0.0.1', port, reconnect: { attempts: 3, backoff: '1s', maxBackoff: '10s' } });
    const run = new SourceHarness(source, { environment });
    let failure: unknown;
    run.until(() => false).catch(error => (failure = error));
    while (failure === undefined) {
      await run.settle(20);
      environment.advance(100);
    }
    expect(failure).toMatchObject({ code: 'CONNECT_FAILED', message: expect.stringContaining('3 tries without success') });
    // Between 0.5 and 1 s after the first failure, between 1 and 2 s after the second.
    expect(environment.now).toBeGreaterThanOrEqual(1_500);
    expect(environment.now).toBeLessThanOrEqual(3_500);
    await run.stop();
  });

  test('a server that comes back after refusals is found, and then the count of failures starts anew', async () => {
    const environment = new ManualEnvironment();
    const port = await freePort();
    const run = new SourceHarness(socket({ host: '127.0.0.1', port, reconnect: { attempts: 3, backoff: 100, maxBackoff: 100 } }), {
      environment,
    });
    for (let i = 0; i < 3; i++) {
      await run.settle();
      environment.advance(i === 0 ? 100 : 0);
      await run.settle();
    }
    const server = await TestServer.listen((connection, index) => connection.end(`${index}\n`), port);
    for (let i = 0; i < 5; i++) {
      environment.advance(100);
      await run.until(() => run.values.length === i + 1);
      await run.settle();
    }
    expect(run.values).toEqual(['0', '1', '2', '3', '4']);
    await run.stop();
    await server.close();
  });

  test('a reset in the middle of a line rejects the rest, and the next connection starts with a line of its own', async () => {
    const environment = new ManualEnvironment();
    const server = await TestServer.listen((connection, index) => connection.write(index === 0 ? 'a\nbro' : 'c\n'));
    const run = new SourceHarness(socket({ host: '127.0.0.1', port: server.port }), { environment });
    await run.until(() => run.values.length === 1);
    await run.settle();
    server.sockets[0]!.resetAndDestroy();
    await run.until(() => run.rejects.length === 1);
    environment.advance(500);
    await run.until(() => run.values.length === 2);
    expect(run.values).toEqual(['a', 'c']);
    expect(rejectsOf(run)).toEqual([['undecodable', 2, 'bro']]);
    expect(run.records[1]!.position).toBe(5);
    await run.stop();
    await server.close();
  });
});

describe('backpressure', () => {
  test('a pipeline that does not poll holds the sender back, and gets everything afterwards', async () => {
    const line = `${'x'.repeat(999)}\n`;
    const total = 40_000;
    let sent = 0;
    let full = false;
    const server = await TestServer.listen(connection => {
      const send = () => {
        full = false;
        while (sent < total && !full) {
          sent++;
          full = !connection.write(line);
        }
        if (sent === total) connection.end();
      };
      connection.on('drain', send);
      send();
    });
    const run = new SourceHarness(socket({ host: '127.0.0.1', port: server.port, reconnect: false }));
    run.paused = true;
    // The sender stops because of what the operating system and 256 KiB of ours can hold, long before 40 MB.
    let before = -1;
    while (before !== sent) {
      before = sent;
      await run.settle(300);
    }
    expect(sent).toBeLessThan(total / 2);
    expect(full).toBe(true);
    run.paused = false;
    await run.finish();
    expect(run.records.length).toBe(total);
    await server.close();
  });

  test('a line longer than the buffer still arrives', async () => {
    const long = 'y'.repeat(3_000_000);
    const server = await TestServer.listen(connection => connection.end(`a\n${long}\nb\n`));
    const run = await new SourceHarness(socket({ host: '127.0.0.1', port: server.port, reconnect: false })).finish();
    expect(run.values.map(v => v.length)).toEqual([1, long.length, 1]);
    await server.close();
  });
});

test('stopping closes the connection and leaves no timer', async () => {
  const environment = new ManualEnvironment();
  let closed = false;
  const server = await TestServer.listen(connection => {
    connection.on('close', () => (closed = true));
    connection.write('a\n');
  });
  const run = new SourceHarness(socket({ host: '127.0.0.1', port: server.port }), { environment });
  await run.until(() => run.values.length === 1);
  await run.stop();
  await until(() => closed);
  expect(environment.pending).toBe(0);
  await server.close();
});

test('options that cannot be used are refused; descriptions hold no secrets', () => {
  expect(() => socket({ host: 'localhost', port: 0 })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
  expect(() => socket({ host: 'localhost', port: 1, reconnect: { attempts: 0 } })).toThrow(
    expect.objectContaining({ code: 'OPTION_INVALID' }),
  );
  const source = socket({ host: '::1', port: 9000, token: 's3cret', tls: {} });
  expect(source.description).toBe('tls://[::1]:9000');
  expect(source.bounded).toBe(false);
  expect(JSON.stringify(source)).not.toContain('s3cret');
});
