import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { constants, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { httpServer, type HttpServerOptions } from '../../../src/connectors/http/index.ts';
import { SourceHarness, type SourceHarnessOptions } from '../../support/source-harness.ts';
import { selfSigned } from '../network/self-signed.ts';

const reading = {
  type: 'object',
  properties: { sensor: { type: 'string' }, celsius: { type: 'number' } },
  required: ['sensor', 'celsius'],
} as const;

let running: SourceHarness<unknown>[] = [];
afterEach(async () => {
  for (const run of running) await run.stop();
  running = [];
});

/** Runs a server source on a port of the system's choice. */
async function serve(options: Partial<HttpServerOptions> & { schema?: object } = {}, harness: SourceHarnessOptions = {}) {
  let port = 0;
  const run = new SourceHarness<unknown>(
    httpServer({
      port: 0,
      ...options,
      onListening: address => {
        port = address.port;
      },
    }),
    harness,
  );
  running.push(run);
  await run.until(() => port !== 0);
  return { run, port, url: `http://127.0.0.1:${port}/` };
}

interface Answer {
  status: number;
  body: unknown;
  headers: Headers;
}

function post(url: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Answer> {
  return fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } }).then(async response => ({
    status: response.status,
    body: await response.json(),
    headers: response.headers,
  }));
}

/** The answer, while the source is polled. */
async function polling<R>(run: SourceHarness<unknown>, answer: Promise<R>): Promise<R> {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  answer.then(settle, settle);
  await run.until(() => settled);
  return answer;
}

const ndjson = { 'content-type': 'application/x-ndjson' };

describe('what is taken', () => {
  test('one JSON value', async () => {
    const { run, url } = await serve();
    expect(await polling(run, post(url, '{"sensor": "a"}'))).toMatchObject({ status: 202, body: { accepted: 1 } });
    expect(await polling(run, post(url, ' \n"text"', { 'content-type': 'Application/JSON; charset="UTF-8"' }))).toMatchObject({
      status: 202,
    });
    expect(run.records).toMatchObject([
      { value: { sensor: 'a' }, position: 0, split: '/' },
      { value: 'text', position: 1 },
    ]);
  });

  test('an array, of which each element is a record', async () => {
    const { run, url } = await serve();
    expect(await polling(run, post(url, '[1, [2], {"n": 3}]'))).toMatchObject({ status: 202, body: { accepted: 3 } });
    expect(await polling(run, post(url, '[]'))).toMatchObject({ status: 202, body: { accepted: 0 } });
    expect(run.values).toEqual([1, [2], { n: 3 }]);
  });

  test('lines of JSON, with a byte order mark, CRLF and blank lines, and no end of the last', async () => {
    const { run, url } = await serve();
    const body = '\ufeff{"n":1}\r\n\r\n  \n{"n":2}\n{"n":3}';
    expect(await polling(run, post(url, body, ndjson))).toMatchObject({ status: 202, body: { accepted: 3 } });
    expect(await polling(run, post(url, '', ndjson))).toMatchObject({ status: 202, body: { accepted: 0 } });
    expect(run.values).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  test('gzip', async () => {
    const { run, url } = await serve();
    expect(await polling(run, post(url, gzipSync('[1,2]'), { 'content-encoding': 'gzip' }))).toMatchObject({ status: 202 });
    expect(run.values).toEqual([1, 2]);
  });

  test('records as the schema makes them', async () => {
    const { run, url } = await serve({ schema: z.object({ at: z.iso.datetime().transform(text => new Date(text)) }) });
    await polling(run, post(url, '{"at": "2001-01-01T00:00:00Z"}'));
    expect(run.values).toEqual([{ at: new Date(978_307_200_000) }]);
  });

  test('positions go on where an earlier run has stopped', async () => {
    const { run, url } = await serve({}, { positions: new Map([['/', 100]]) });
    await polling(run, post(url, '[1,2]'));
    expect(run.records.map(r => r.position)).toEqual([100, 101]);
    expect(run.positions().get('/')).toBe(102);
  });

  test('a request of more records than a batch holds', async () => {
    const { run, url } = await serve({}, { capacity: 7 });
    const values = Array.from({ length: 100 }, (_, i) => i);
    expect(await polling(run, post(url, JSON.stringify(values)))).toMatchObject({ status: 202, body: { accepted: 100 } });
    expect(run.values).toEqual(values);
  });
});

describe('what is not valid', () => {
  test('alone: 400, and a reject with its bytes', async () => {
    const { run, url } = await serve({ schema: reading });
    const broken = await polling(run, post(url, '{"sensor": "a", "celsius": }'));
    expect(broken).toMatchObject({ status: 400, body: { accepted: 0, rejectedCount: 1, rejected: [{ index: 0 }] } });
    expect(JSON.stringify(broken.body)).toMatch(/JSON/);
    const invalid = await polling(run, post(url, '{"sensor": "a", "celsius": "hot"}'));
    expect(invalid).toMatchObject({ status: 400, body: { rejected: [{ index: 0, message: 'celsius: expected number, got "hot"' }] } });
    expect(run.values).toEqual([]);
    expect(run.rejects.map(r => [r.reason, r.position, Buffer.from(r.bytes!).toString()])).toEqual([
      ['undecodable', 0, '{"sensor": "a", "celsius": }'],
      ['invalid', 1, '{"sensor": "a", "celsius": "hot"}'],
    ]);
  });

  test('among others: 207 with their indexes, and the others are taken', async () => {
    const { run, url } = await serve({ schema: reading });
    const good = { sensor: 'a', celsius: 1 };
    const lines = [JSON.stringify(good), '{"sensor": "a"', '', '{"sensor": 5, "celsius": 1}', JSON.stringify(good)].join('\n');
    const answer = await polling(run, post(url, lines, ndjson));
    expect(answer).toMatchObject({ status: 207, body: { accepted: 2, rejectedCount: 2, rejected: [{ index: 1 }, { index: 2 }] } });
    expect(run.values).toEqual([good, good]);
    expect(run.records.map(r => r.position)).toEqual([0, 3]);
    expect(run.rejects.map(r => [r.reason, r.position])).toEqual([
      ['undecodable', 1],
      ['invalid', 2],
    ]);
    const array = await polling(run, post(url, JSON.stringify([good, null, good])));
    expect(array).toMatchObject({ status: 207, body: { accepted: 2, rejected: [{ index: 1 }] } });
    expect(run.rejects[2]).toMatchObject({ reason: 'invalid', value: null });
  });

  test('bytes that are not UTF-8, nesting without end, an array that is broken, a body that is empty', async () => {
    const { run, url } = await serve();
    for (const body of [Uint8Array.of(0x22, 0xff, 0x22), '['.repeat(100_000), '[1, 2', '']) {
      expect(await polling(run, post(url, body))).toMatchObject({ status: 400, body: { accepted: 0, rejectedCount: 1 } });
    }
    expect(run.rejects.map(r => r.reason)).toEqual(['undecodable', 'undecodable', 'undecodable', 'undecodable']);
    expect(run.values).toEqual([]);
  });

  test('very many: the answer lists the first of them', async () => {
    const { run, url } = await serve();
    const answer = await polling(run, post(url, 'x\n'.repeat(5_000), ndjson));
    expect(answer).toMatchObject({ status: 400, body: { rejectedCount: 5_000 } });
    expect((answer.body as { rejected: unknown[] }).rejected.length).toBe(100);
    expect(run.rejects.length).toBe(5_000);
  });

  test('a schema that cannot be used stops the pipeline', async () => {
    const { run, url } = await serve({ schema: z.string().refine(async text => text !== 'x') });
    await expect(
      polling(
        run,
        post(url, '"a"').catch(() => undefined),
      ),
    ).rejects.toMatchObject({ code: 'SCHEMA_ASYNC' });
  });
});

describe('what is refused', () => {
  test.each<[string, number, { path?: string; method?: string; type?: string; encoding?: string }]>([
    ['another path', 404, { path: '/other' }],
    ['another method', 405, { method: 'GET' }],
    ['another content type', 415, { type: 'text/csv' }],
    ['no content type', 415, { type: '' }],
    ['another character set', 415, { type: 'application/json; charset=utf-16' }],
    ['another encoding', 415, { encoding: 'br' }],
    ['what is no gzip', 400, { encoding: 'gzip' }],
  ])('%s: %d', async (_, status, { path = '/in?x=1', method = 'POST', type = 'application/json', encoding = 'identity' }) => {
    const { run, port } = await serve({ path: '/in' });
    const response = await polling(
      run,
      fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: { 'content-type': type, 'content-encoding': encoding },
        ...(method === 'POST' ? { body: new TextEncoder().encode('1') } : {}),
      }),
    );
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ error: expect.any(String) });
    if (status === 405) expect(response.headers.get('allow')).toBe('POST');
    expect(run.values).toEqual([]);
  });

  test.each([undefined, 'Bearer wrong', 'Bearer s3cre', 's3cret', 'Basic s3cret', 'Bearer s3cret more'])(
    'a request with the authorization %j: 401',
    async authorization => {
      const { run, url } = await serve({ token: 's3cret' });
      const answer = await polling(run, post(url, '1', authorization === undefined ? {} : { authorization }));
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect(run.values).toEqual([]);
    },
  );

  test('the right token gets in', async () => {
    const { run, url } = await serve({ token: 's3cret' });
    expect((await polling(run, post(url, '1', { authorization: 'Bearer s3cret' }))).status).toBe(202);
  });

  test('a body that is too large: 413, whether it says so or not', async () => {
    const { run, port, url } = await serve({ maxBodyBytes: 1_000 });
    expect((await polling(run, post(url, `"${'x'.repeat(998)}"`))).status).toBe(202);
    expect((await polling(run, post(url, `"${'x'.repeat(999)}"`))).status).toBe(413);

    const streaming = httpRequest({ port, method: 'POST', headers: { 'content-type': 'application/json' } });
    streaming.on('error', () => undefined);
    const answered = once(streaming, 'response') as Promise<[IncomingMessage]>;
    streaming.write('"');
    streaming.write('x'.repeat(1_200));
    const [response] = await polling(run, answered);
    expect(response.statusCode).toBe(413);
    // Who goes on sending is cut off in the end.
    let closed = false;
    streaming.on('close', () => {
      closed = true;
    });
    response.on('error', () => undefined).resume();
    while (!closed) {
      streaming.write('x'.repeat(500));
      await new Promise(resolve => setImmediate(resolve));
    }
  });

  test('a gzip bomb: 413, without inflating it', async () => {
    const { run, url } = await serve({ maxBodyBytes: 1_000_000 });
    const bomb = gzipSync(Buffer.alloc(200_000_000, 0x20), { level: constants.Z_BEST_SPEED });
    const before = process.memoryUsage().rss;
    const answer = await polling(run, post(url, bomb, { 'content-encoding': 'gzip' }));
    expect(answer).toMatchObject({ status: 413, body: { error: 'the body is larger than 1000000 bytes' } });
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  });

  test('more records than may wait: 413', async () => {
    const { run, url } = await serve({ maxPending: 3 });
    expect((await polling(run, post(url, '[1,2,3]'))).status).toBe(202);
    expect((await polling(run, post(url, '[1,2,3,4]'))).status).toBe(413);
  });
});

describe('backpressure', () => {
  test('429 with Retry-After when the pipeline takes no more, and 202 when it does', async () => {
    const { run, url } = await serve({ maxPending: 5 });
    run.paused = true;
    let answered = 0;
    const waiting = ['[1,2]', '[3,4,5]'].map(body => post(url, body).finally(() => answered++));
    // Both are waiting, in whichever order they came; there is no room for another record.
    let refused: Answer;
    do {
      refused = await polling(run, Promise.race([post(url, '6'), ...waiting]));
      if (refused.status === 202) throw new Error('taken without a poll');
    } while (refused.status !== 429);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(answered).toBe(0);
    expect(run.values).toEqual([]);
    run.paused = false;
    for (const answer of waiting) expect((await polling(run, answer)).status).toBe(202);
    expect((run.values as number[]).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
    expect((await polling(run, post(url, '6'))).status).toBe(202);
  });

  test('429 when bodies take too much memory', async () => {
    const { run, url } = await serve({ maxBodyBytes: 16 * 1024 * 1024 });
    run.paused = true;
    const stop = new AbortController();
    const body = `"${'x'.repeat(15 * 1024 * 1024)}"`;
    const answers = Array.from({ length: 6 }, () =>
      fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' }, signal: stop.signal }),
    );
    // The pipeline takes nothing, so that no other answer can come.
    expect((await polling(run, Promise.race(answers))).status).toBe(429);
    stop.abort();
    await Promise.allSettled(answers);
    expect(run.values).toEqual([]);
    // What was let go makes room for others.
    run.paused = false;
    for (let i = 0; i < 6; i++) expect((await polling(run, post(url, body))).status).toBe(202);
  });

  test('records of a client that has gone are not taken, so that it can send them again', async () => {
    const { run, url } = await serve({ maxPending: 2 });
    run.paused = true;
    const stop = new AbortController();
    const gone = fetch(url, { method: 'POST', body: '[1,2]', headers: { 'content-type': 'application/json' }, signal: stop.signal });
    await run.settle();
    stop.abort();
    await expect(gone).rejects.toThrow();
    // There is room again once the server has noticed.
    while ((await polling(run, post(url, '[]'))).status === 429);
    run.paused = false;
    expect((await polling(run, post(url, '[1,2]'))).status).toBe(202);
    expect(run.values).toEqual([1, 2]);
  });
});

describe('a client that breaks off or dawdles', () => {
  test('in the middle of a body: nothing of it is taken', async () => {
    const { run, port } = await serve();
    const client = connect(port, '127.0.0.1');
    client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n[1,2');
    await run.settle();
    client.resetAndDestroy();
    await run.settle();
    expect(run.values).toEqual([]);
    expect(run.rejects).toEqual([]);
    expect((await polling(run, post(`http://127.0.0.1:${port}/`, '3'))).status).toBe(202);
  });

  test('a request that does not come to its end in time: 408', async () => {
    const { run, port } = await serve({ requestTimeout: 50 });
    const client = connect(port, '127.0.0.1');
    let answer = '';
    client.on('data', chunk => {
      answer += chunk;
    });
    client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n[');
    await polling(run, once(client, 'close'));
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect(run.values).toEqual([]);
  });

  test('what is no HTTP: 400', async () => {
    const { run, port } = await serve();
    const client = connect(port, '127.0.0.1');
    let answer = '';
    client.on('data', chunk => {
      answer += chunk;
    });
    client.write('hello\r\n\r\n');
    await polling(run, once(client, 'close'));
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
  });
});

describe('stopping', () => {
  test('requests whose records were not taken are told so, and the port is closed', async () => {
    const { run, url } = await serve();
    run.paused = true;
    const waiting = post(url, '1');
    await run.settle();
    await run.stop();
    expect(await waiting).toMatchObject({ status: 503, headers: expect.any(Headers) });
    await expect(post(url, '2')).rejects.toThrow();
  });

  test('while what waits is handed on, new requests get 503', async () => {
    const stop = new AbortController();
    let port = 0;
    const source = httpServer({ port: 0, onListening: address => (port = address.port) });
    const { environment } = new SourceHarness(source, {});
    const reader = await source.open(
      { operator: 'in', environment, signal: stop.signal, split: { id: '/' }, wake: () => {}, reject: () => {} },
      undefined,
    );
    const url = `http://127.0.0.1:${port}/`;
    const waiting = post(url, '[1,2]');
    for (let i = 0; i < 50; i++) await environment.scheduler.turn();
    stop.abort();
    expect((await post(url, '3')).status).toBe(503);
    const { Batch } = await import('../../../src/types/batch.ts');
    const batch = new Batch<unknown>();
    expect(reader.poll(batch)).toBe('end');
    expect(batch.values.slice(0, batch.length)).toEqual([1, 2]);
    expect((await waiting).status).toBe(202);
    await reader.close();
  });
});

test('TLS', async () => {
  const { key, cert } = selfSigned();
  const { run, port } = await serve({ tls: { key, cert } });
  const request = httpsRequest({ port, host: '127.0.0.1', ca: cert, servername: 'localhost', method: 'POST', headers: ndjson });
  request.end('1\n2\n');
  const [response] = (await polling(run, once(request, 'response'))) as [IncomingMessage];
  response.resume();
  expect(response.statusCode).toBe(202);
  expect(run.values).toEqual([1, 2]);
});

test('a port that is taken is an error that names it', async () => {
  const { port } = await serve();
  await expect(new SourceHarness(httpServer({ port })).finish()).rejects.toMatchObject({
    code: 'LISTEN_FAILED',
    message: expect.stringContaining(`port ${port}`),
  });
});

test('options that cannot be used are refused; descriptions hold no secrets', () => {
  expect(() => httpServer({ port: 1, host: '0.0.0.0' })).toThrow(expect.objectContaining({ code: 'TOKEN_REQUIRED' }));
  for (const options of [
    { port: -1 },
    { port: 1, path: 'in' },
    { port: 1, path: '/?x' },
    { port: 1, maxBodyBytes: 0 },
    { port: 1, maxPending: 0 },
  ]) {
    expect(() => httpServer(options)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
  }
  const source = httpServer({ port: 8080, host: '::', path: '/in', token: 's3cret', tls: {} });
  expect(source.description).toBe('https://[::]:8080/in');
  expect(JSON.stringify(source)).not.toContain('s3cret');
});
