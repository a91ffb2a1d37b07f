import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { httpPost, httpServer, type HttpPostOptions } from '../../../src/connectors/http/index.ts';
import { retryAfterMs } from '../../../src/connectors/http/retry-after.ts';
import { withoutSecrets } from '../../../src/connectors/http/without-secrets.ts';
import { ManualEnvironment } from '../../support/manual-environment.ts';
import { SinkHarness, writeAll } from '../../support/sink-harness.ts';
import { SourceHarness } from '../../support/source-harness.ts';

interface Received {
  body: string;
  headers: IncomingHttpHeaders;
  url: string | undefined;
}

type Respond = (response: ServerResponse, index: number) => void;

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A server that keeps what it is sent and answers as it is told, 200 by default. */
async function target(respond: Respond = response => void response.writeHead(200).end()) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', chunk => {
      body += chunk;
    });
    request.on('end', () => {
      received.push({ body, headers: request.headers, url: request.url });
      respond(response, received.length - 1);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { received, server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/in` };
}

const status =
  (...codes: number[]): Respond =>
  (response, index) =>
    void response.writeHead(codes[Math.min(index, codes.length - 1)]!).end(`answer ${index}`);

/** Moves the clock on, a little at a time, until the promise settles. */
async function inTime<R>(environment: ManualEnvironment, promise: Promise<R>, stepMs = 50): Promise<R> {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  promise.then(settle, settle);
  while (!settled) {
    // Some real time as well, so that answers come long before the virtual time in which they must.
    await new Promise(resolve => setTimeout(resolve, 1));
    environment.advance(stepMs);
  }
  return promise;
}

describe('requests', () => {
  test('one record each, in order', async () => {
    const { received, url } = await target();
    await writeAll(httpPost({ url, headers: { 'x-team': 'ops' } }), [{ n: 1n }, 'two', null]);
    expect(received.map(r => JSON.parse(r.body))).toEqual([{ n: 1 }, 'two', null]);
    expect(received[0]!.headers).toMatchObject({ 'content-type': 'application/json', 'x-team': 'ops' });
    expect(new Set(received.map(r => r.headers['idempotency-key'])).size).toBe(3);
  });

  test.each<[HttpPostOptions['format'], string, string[]]>([
    ['ndjson', 'application/x-ndjson', ['1\n2\n3\n', '4\n5\n6\n', '7\n']],
    ['array', 'application/json', ['[1,2,3]', '[4,5,6]', '[7]']],
  ])('batches as %s', async (format, type, bodies) => {
    const { received, url } = await target();
    await writeAll(httpPost({ url, batch: { maxRecords: 3 }, ...(format === 'ndjson' ? {} : { format }) }), [1, 2, 3, 4, 5, 6, 7]);
    expect(received.map(r => r.body.replaceAll('\n', format === 'array' ? '' : '\n'))).toEqual(bodies);
    expect(received[0]!.headers['content-type']).toBe(type);
  });

  test('what was written is sent when nothing else is to be done', async () => {
    const { received, url } = await target();
    const run = await SinkHarness.open(httpPost({ url, batch: { maxRecords: 100 } }));
    await run.write([1]);
    expect(received.length).toBe(0);
    await run.flush();
    expect(received.map(r => r.body)).toEqual(['1\n']);
    await run.close();
  });

  test('with linger, it waits for more to come', async () => {
    const environment = new ManualEnvironment();
    const { received, url } = await target();
    const run = await SinkHarness.open(httpPost({ url, batch: { maxRecords: 3, linger: '1s' } }), { environment });
    await run.write([1]);
    await run.flush();
    environment.advance(999);
    await run.write([2]);
    await run.flush();
    expect(received.length).toBe(0);
    environment.advance(1);
    while (received.length < 1) await environment.scheduler.turn();
    await run.write([3, 4, 5, 6]);
    await run.flush();
    await run.close();
    expect(received.map(r => r.body)).toEqual(['1\n2\n', '3\n4\n5\n', '6\n']);
    expect(environment.pending).toBe(0);
  });

  test('at the end of an epoch nothing lingers', async () => {
    const environment = new ManualEnvironment();
    const { received, url } = await target();
    const run = await SinkHarness.open(httpPost({ url, batch: { maxRecords: 3, linger: '1h' } }), { environment });
    await run.write([1]);
    await run.flush('barrier');
    expect(received.map(r => r.body)).toEqual(['1\n']);
    await run.close();
  });

  test('a record that JSON cannot hold is rejected alone', async () => {
    const { received, url } = await target();
    const run = await writeAll<unknown>(httpPost({ url, batch: {} }), [1, () => 2, 3]);
    expect(run.rejects.map(r => r.reason)).toEqual(['failed']);
    expect(received.map(r => r.body)).toEqual(['1\n3\n']);
  });

  test('as many at a time as are allowed, and no more', async () => {
    const open: ServerResponse[] = [];
    let most = 0;
    const { url } = await target(response => {
      open.push(response);
      most = Math.max(most, open.length);
    });
    const writing = writeAll(
      httpPost({ url, concurrency: 3 }),
      Array.from({ length: 10 }, (_, i) => i),
    );
    let answered = 0;
    while (answered < 10) {
      await new Promise(resolve => setTimeout(resolve, 2));
      for (const response of open.splice(0)) {
        answered++;
        response.end();
      }
    }
    await writing;
    expect(most).toBe(3);
  });

  test('a slow target holds the pipeline back', async () => {
    const open: ServerResponse[] = [];
    const { received, url } = await target(response => void open.push(response));
    const run = await SinkHarness.open(httpPost({ url }));
    let written = false;
    const writing = run.write([1, 2]).then(() => (written = true));
    while (open.length === 0) await new Promise(resolve => setImmediate(resolve));
    expect(received.length).toBe(1);
    expect(written).toBe(false);
    open[0]!.end();
    while (open.length === 1) await new Promise(resolve => setImmediate(resolve));
    open[1]!.end();
    await writing;
    await run.close();
  });
});

describe('an answer that is no success', () => {
  test.each([[503], [500], [429], [408], [425]])('%d: the same request again, later', async code => {
    const environment = new ManualEnvironment();
    const { received, url } = await target(status(code, code, 200));
    const run = await inTime(environment, writeAll(httpPost({ url }), [{ n: 1 }], { environment }));
    expect(received.map(r => r.body)).toEqual(Array.from({ length: 3 }, () => '{"n":1}\n'));
    expect(new Set(received.map(r => r.headers['idempotency-key'])).size).toBe(1);
    // Between 250 and 500 ms, then between 500 and 1000.
    expect(environment.now).toBeGreaterThanOrEqual(750);
    expect(run.rejects).toEqual([]);
    expect(environment.pending).toBe(0);
  });

  test('Retry-After is obeyed when it asks for more', async () => {
    const environment = new ManualEnvironment(978_307_200_000);
    const { received, url } = await target((response, index) => {
      if (index === 0) response.writeHead(429, { 'retry-after': '7' }).end();
      else if (index === 1) response.writeHead(503, { 'retry-after': new Date(environment.now + 20_000).toUTCString() }).end();
      else response.writeHead(200).end();
    });
    await inTime(environment, writeAll(httpPost({ url, timeout: '1d' }), [1], { environment }), 1_000);
    expect(received.length).toBe(3);
    expect(environment.now - 978_307_200_000).toBeGreaterThanOrEqual(26_000);
  });

  test('any other 4xx rejects the records of the request and no others', async () => {
    const { url } = await target((response, index) => void response.writeHead(index === 0 ? 422 : 200).end('no\u001b[2J such\nfield'));
    const run = await writeAll(httpPost({ url, batch: { maxRecords: 2 } }), [1, 2, 3]);
    expect(run.rejects).toEqual([
      { reason: 'refused', message: 'status 422: no [2J such field', value: 1 },
      { reason: 'refused', message: 'status 422: no [2J such field', value: 2 },
    ]);
  });

  test('a redirection stops the pipeline', async () => {
    const { received, url } = await target(response => void response.writeHead(301, { location: '/elsewhere' }).end());
    await expect(writeAll(httpPost({ url }), [1])).rejects.toMatchObject({
      code: 'HTTP_POST_FAILED',
      message: expect.stringContaining('301'),
    });
    expect(received.length).toBe(1);
  });

  test('after the last try the pipeline stops', async () => {
    const environment = new ManualEnvironment();
    const { received, url } = await target(status(503));
    const writing = writeAll(httpPost({ url, retry: { attempts: 3, backoff: 10 } }), [1], { environment });
    await expect(inTime(environment, writing)).rejects.toMatchObject({
      code: 'HTTP_POST_FAILED',
      message: expect.stringMatching(/test-sink, http:\/\/127.0.0.1:\d+\/in[^]*status 503: answer 2, after 3 tries/),
    });
    expect(received.length).toBe(3);
  });

  test('with several requests under way, the failure of one stops the others', async () => {
    const environment = new ManualEnvironment();
    const { url } = await target((response, index) => {
      if (index === 0) response.writeHead(500).end();
    });
    const run = await SinkHarness.open(httpPost({ url, concurrency: 2, retry: { attempts: 1 } }), { environment });
    await expect(run.write([1, 2, 3])).rejects.toMatchObject({ code: 'HTTP_POST_FAILED' });
    await run.close('failed');
    expect(environment.pending).toBe(0);
  });

  test('a failure while lingering is thrown by the next call', async () => {
    const environment = new ManualEnvironment();
    const { received, url } = await target(status(500));
    const run = await SinkHarness.open(httpPost({ url, batch: { linger: 10 }, retry: { attempts: 1 } }), { environment });
    await run.write([1]);
    await run.flush();
    environment.advance(10);
    while (received.length === 0) await environment.scheduler.turn();
    for (let i = 0; i < 50; i++) await environment.scheduler.turn();
    await expect(run.flush()).rejects.toMatchObject({ code: 'HTTP_POST_FAILED' });
    await run.close('failed');
  });
});

describe('no answer', () => {
  test('a target that is not there is tried again, then named', async () => {
    const environment = new ManualEnvironment();
    const { server, url } = await target();
    server.close();
    await once(server, 'close');
    const writing = writeAll(httpPost({ url, retry: { attempts: 2 } }), [1], { environment });
    await expect(inTime(environment, writing)).rejects.toMatchObject({
      code: 'HTTP_POST_FAILED',
      message: expect.stringMatching(/ECONNREFUSED.*after 2 tries/),
    });
  });

  test('one that breaks off is tried again', async () => {
    const environment = new ManualEnvironment();
    const { received, url } = await target((response, index) => {
      if (index === 0) response.destroy();
      else response.end();
    });
    await inTime(environment, writeAll(httpPost({ url }), [1], { environment }));
    expect(received.length).toBe(2);
  });

  test('one that does not answer in time is tried again', async () => {
    const environment = new ManualEnvironment();
    const { received, url } = await target((response, index) => {
      if (index > 0) response.end();
    });
    const writing = writeAll(httpPost({ url, timeout: '5s' }), [1], { environment });
    while (received.length === 0) await environment.scheduler.turn();
    environment.advance(4_999);
    for (let i = 0; i < 50; i++) await environment.scheduler.turn();
    expect(received.length).toBe(1);
    environment.advance(1);
    await inTime(environment, writing);
    expect(received.length).toBe(2);
    expect(environment.pending).toBe(0);
  });

  test('stopping at once waits neither for an answer nor for the next try', async () => {
    for (const respond of [() => {}, status(503)] as Respond[]) {
      const environment = new ManualEnvironment();
      const { received, url } = await target(respond);
      const run = await SinkHarness.open(httpPost({ url }), { environment });
      const writing = run.write([1]);
      while (received.length === 0) await environment.scheduler.turn();
      for (let i = 0; i < 50; i++) await environment.scheduler.turn();
      run.stop();
      await writing;
      await run.close('failed');
      expect(environment.pending).toBe(0);
    }
  });
});

describe('secrets', () => {
  const secret = 's3cret';

  test('user and password of the URL become a header', async () => {
    const { received, url } = await target();
    await writeAll(httpPost({ url: url.replace('://', `://user:p%40ss@`) }), [1]);
    expect(received[0]!.headers.authorization).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
  });

  test('the query is sent', async () => {
    const { received, url } = await target();
    await writeAll(httpPost({ url: `${url}?token=${secret}` }), [1]);
    expect(received[0]!.url).toBe(`/in?token=${secret}`);
  });

  test('appear in no description and no message', async () => {
    const environment = new ManualEnvironment();
    const url = `http://${secret}:${secret}@127.0.0.1:9/hooks/${secret.repeat(4)}?token=${secret}`;
    const sink = httpPost({ url, headers: { authorization: `Bearer ${secret}` }, retry: { attempts: 1 } });
    expect(sink.description).toBe('http://127.0.0.1:9/hooks/…');
    expect(JSON.stringify(sink)).not.toContain(secret);
    const failure: Error = await inTime(environment, writeAll(sink, [1], { environment })).then(
      () => expect.unreachable(),
      (error: Error) => error,
    );
    expect(failure.message).toContain('HTTP_POST_FAILED');
    for (let error: unknown = failure; error instanceof Error; error = error.cause) {
      expect(`${error.message} ${error.stack}`).not.toContain(secret);
    }
    const mistakes: HttpPostOptions[] = [
      { url: `htp:/${secret}` },
      { url: `ftp://${secret}@host` },
      { url: 'http://host', headers: { authorization: `${secret}\u0000` } },
    ];
    for (const mistake of mistakes) {
      const error = (() => {
        try {
          return expect.unreachable(httpPost(mistake).description);
        } catch (thrown) {
          return thrown as Error;
        }
      })();
      expect(error).toMatchObject({ code: 'OPTION_INVALID' });
      expect(error.message).not.toContain(secret);
    }
  });

  test('withoutSecrets keeps what tells targets apart', () => {
    expect(withoutSecrets(new URL('https://user:pw@example.org:8443/api/v1/in?key=abc#x'))).toBe('https://example.org:8443/api/v1/in');
  });
});

test.each<HttpPostOptions>([
  { url: 'http://host', format: 'xml' as 'json' },
  { url: 'http://host', format: 'json', batch: { maxRecords: 2 } },
  { url: 'http://host', batch: { maxRecords: 0 } },
  { url: 'http://host', concurrency: 0 },
  { url: 'http://host', retry: { attempts: 0 } },
])('%j is refused', options => {
  expect(() => httpPost(options)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
});

test('Retry-After holds seconds or a date', () => {
  const now = 978_307_200_000;
  expect(retryAfterMs(null, now)).toBe(0);
  expect(retryAfterMs('3', now)).toBe(3_000);
  expect(retryAfterMs('Mon, 01 Jan 2001 00:00:05 GMT', now)).toBe(5_000);
  expect(retryAfterMs('Sun, 31 Dec 2000 23:59:59 GMT', now)).toBe(0);
  expect(retryAfterMs('soon', now)).toBe(0);
  expect(retryAfterMs('9999999', now)).toBe(600_000);
});

test('one pipeline posts to another, which holds it back with 429', async () => {
  let port = 0;
  const receiving = new SourceHarness<unknown>(
    httpServer({
      port: 0,
      maxPending: 100,
      onListening: address => {
        port = address.port;
      },
    }),
    { capacity: 10 },
  );
  await receiving.until(() => port !== 0);
  const environment = new ManualEnvironment();
  const values = Array.from({ length: 1_000 }, (_, i) => i);
  const sink = httpPost<number>({
    url: `http://127.0.0.1:${port}/`,
    batch: { maxRecords: 60 },
    concurrency: 3,
    retry: { attempts: 1_000, maxBackoff: 50 },
  });
  let sent = false;
  const sending = inTime(environment, writeAll(sink, values, { environment })).then(() => (sent = true));
  await receiving.until(() => sent);
  await sending;
  expect((receiving.values as number[]).toSorted((a, b) => a - b)).toEqual(values);
  await receiving.stop();
});
