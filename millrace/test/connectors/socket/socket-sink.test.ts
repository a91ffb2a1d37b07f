import { describe, expect, test } from 'vitest';
import { socket, socketServer } from '../../../src/connectors/socket/index.ts';
import { text } from '../../../src/formats/text/index.ts';
import type { Format } from '../../../src/spi/format.ts';
import { ManualEnvironment } from '../../support/manual-environment.ts';
import { SinkHarness, writeAll } from '../../support/sink-harness.ts';
import { SourceHarness } from '../../support/source-harness.ts';
import { freePort, TestServer, until } from './sockets.ts';

test('writes records in order and closes the connection at the end', async () => {
  const server = await TestServer.listen();
  const values = Array.from({ length: 5_000 }, (_, i) => `line ${i}`);
  await writeAll(socket({ host: '127.0.0.1', port: server.port }), values);
  await until(() => server.sockets[0]!.destroyed);
  expect(server.received[0]).toBe(`${values.join('\n')}\n`);
  await server.close();
});

test('a record that cannot be encoded is rejected, once, and the others are written', async () => {
  const server = await TestServer.listen();
  const run = await writeAll(socket({ host: '127.0.0.1', port: server.port }), ['a', 'two\nlines', 'b']);
  await until(() => server.received[0] === 'a\nb\n');
  expect(run.rejects).toMatchObject([{ reason: 'failed', value: 'two\nlines' }]);
  await server.close();
});

test('each connection begins with the header of the format', async () => {
  const headed: Format<string> = {
    ...text(),
    encoder: () => ({ header: () => new TextEncoder().encode('# header\n'), encode: value => `${value}\n` }),
  };
  const server = await TestServer.listen();
  const run = await SinkHarness.open(socket({ host: '127.0.0.1', port: server.port, format: headed }));
  await run.write(['a']);
  await until(() => server.received[0] === '# header\na\n');
  server.sockets[0]!.end();
  await until(() => server.sockets[0]!.destroyed);
  await run.write(['b']);
  await until(() => server.received[1] === '# header\nb\n');
  await run.close();
  await server.close();
});

test('a receiver that does not read holds the pipeline back', async () => {
  const server = await TestServer.listen(connection => connection.pause());
  const run = await SinkHarness.open(socket({ host: '127.0.0.1', port: server.port }));
  const values = Array.from({ length: 1_024 }, () => 'x'.repeat(1_000));
  let written = 0;
  const total = 50;
  const writing = (async () => {
    for (; written < total; written++) await run.write(values);
  })();
  let before = -1;
  while (before !== written) {
    before = written;
    for (let i = 0; i < 300; i++) await new Promise(resolve => setImmediate(resolve));
  }
  expect(written).toBeLessThan(total / 2);
  server.sockets[0]!.resume();
  await writing;
  await run.close();
  expect(server.received[0]!.length).toBe(total * 1_024 * 1_001);
  await server.close();
});

describe('a connection that is lost', () => {
  test('is made again, and what is written afterwards arrives', async () => {
    const environment = new ManualEnvironment();
    const server = await TestServer.listen();
    const run = await SinkHarness.open(socket({ host: '127.0.0.1', port: server.port }), { environment });
    await run.write(['a']);
    await until(() => server.received[0] === 'a\n');
    server.sockets[0]!.resetAndDestroy();
    for (let i = 0; i < 20; i++) await environment.scheduler.turn();
    await run.write(['b']);
    await until(() => server.received[1] === 'b\n');
    await run.close();
    await server.close();
  });

  test('in the middle of a batch: the batch is written again from its beginning', async () => {
    const environment = new ManualEnvironment();
    const server = await TestServer.listen((connection, index) => {
      if (index === 0) connection.pause();
    });
    const run = await SinkHarness.open(socket({ host: '127.0.0.1', port: server.port }), { environment });
    const values = Array.from({ length: 1_024 }, (_, i) => `${i} ${'x'.repeat(20_000)}`);
    const writing = run.write(values);
    await until(() => server.sockets.length === 1);
    for (let i = 0; i < 50; i++) await environment.scheduler.turn();
    server.sockets[0]!.resetAndDestroy();
    await until(() => environment.pending > 0);
    environment.advance(500);
    await writing;
    await run.close();
    expect(server.received[1]).toBe(`${values.join('\n')}\n`);
    await server.close();
  });

  test('stops the pipeline when no other is to be made', async () => {
    const server = await TestServer.listen();
    const run = await SinkHarness.open(socket({ host: '127.0.0.1', port: server.port, reconnect: false }));
    await run.write(['a']);
    server.sockets[0]!.resetAndDestroy();
    const environment = new ManualEnvironment();
    for (let i = 0; i < 20; i++) await environment.scheduler.turn();
    await expect(run.write(['b'])).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    await expect(run.flush()).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    await run.close('failed');
    await server.close();
  });

  test('and a server that stays away: the pipeline stops after the last try', async () => {
    const environment = new ManualEnvironment();
    const port = await freePort();
    const opening = SinkHarness.open(socket({ host: '127.0.0.1', port, reconnect: { attempts: 3, backoff: 100, maxBackoff: 100 } }), {
      environment,
    });
    let failure: unknown;
    opening.catch(error => (failure = error));
    for (let i = 0; failure === undefined; i++) {
      for (let turn = 0; turn < 20; turn++) await environment.scheduler.turn();
      environment.advance(10);
      if (i > 1_000) throw new Error('never gave up');
    }
    expect(failure).toMatchObject({ code: 'CONNECT_FAILED', message: expect.stringContaining('3 tries without success') });
    expect(environment.pending).toBe(0);
  });
});

test('stopping at once does not wait for a receiver that does not read', async () => {
  const environment = new ManualEnvironment();
  const server = await TestServer.listen(connection => connection.pause());
  const run = await SinkHarness.open(socket({ host: '127.0.0.1', port: server.port }), { environment });
  const writing = run.write(Array.from({ length: 1_024 }, () => 'x'.repeat(50_000)));
  for (let i = 0; i < 50; i++) await environment.scheduler.turn();
  run.stop();
  await writing;
  await run.close('failed');
  expect(environment.pending).toBe(0);
  await server.close();
});

test('one pipeline feeds another', async () => {
  let port = 0;
  const receiving = new SourceHarness(
    socketServer({
      port: 0,
      token: 's3cret',
      onListening: address => {
        port = address.port;
      },
    }),
  );
  await receiving.until(() => port !== 0);
  const values = Array.from({ length: 3_000 }, (_, i) => `record ${i}`);
  const sending = writeAll(socket({ host: '127.0.0.1', port, token: 's3cret' }), values);
  await receiving.until(() => receiving.values.length === values.length);
  await receiving.until(() => receiving.positions().size === 1);
  await receiving.settle();
  await sending;
  expect(receiving.values).toEqual(values);
  await receiving.stop();
});
