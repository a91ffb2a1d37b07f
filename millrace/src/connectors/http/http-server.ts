import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { TlsOptions } from 'node:tls';
import { type Duration, durationMs } from '../../base/duration.ts';
import { MillraceError } from '../../base/errors.ts';
import { RecordParser } from '../../formats/json/record-parser.ts';
import type { ReaderContext, Source } from '../../spi/source.ts';
import { type InferSchema, openSchema, type Schema } from '../../types/schema.ts';
import { checkExposure, tokenVerifier } from '../network/access-token.ts';
import { checkPort, listen, type ListeningAddress } from '../network/listen.ts';
import { Intake } from './intake.ts';
import { type Parsed, parseBody } from './parse-body.ts';
import { readBody } from './read-body.ts';
import { Refusal } from './refusal.ts';

const DEFAULT_MAX_BODY_BYTES = 1024 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
/** How often the server looks for requests that take too long. */
const CHECK_INTERVAL_MS = 1_000;
const MAX_CONNECTIONS = 1_024;
/** Rejected records that an answer lists. */
const MAX_LISTED = 100;

export interface HttpServerOptions {
  /** Port to listen on; 0 lets the system choose one, which `onListening` is told. */
  port: number;
  /** Address to listen on. Default `'127.0.0.1'`: only this machine can connect. */
  host?: string;
  /** Path that records are posted to. Default `'/'`. */
  path?: string;
  /** What clients must send as `Authorization: Bearer <token>`. Needed when other machines can connect. */
  token?: string;
  /** Largest body, also after decompression. Default 1 MiB. */
  maxBodyBytes?: number;
  /** Records that may wait for the pipeline before requests are answered with 429. Default 10,000. */
  maxPending?: number;
  /** Time in which a whole request must have come, or it is answered with 408. Default `'30s'`. */
  requestTimeout?: Duration;
  /** Certificate and key, and whatever else `node:tls` takes. Default: no TLS. */
  tls?: TlsOptions;
  /** Called with the address once requests are accepted. */
  onListening?: (address: ListeningAddress) => void;
}

/**
 * Takes records that are posted: one JSON value or an array of them (`application/json`), or one per line (`application/x-ndjson`), as
 * they are or compressed with gzip.
 *
 * A request is answered with 202 once the pipeline has taken its records. Records that are not valid are rejected, and the answer lists
 * them: 207 when others of the same request were taken, 400 when none was. 429 with `Retry-After` says that the pipeline cannot take more.
 * What has been taken is lost if the process is killed before its results are written; a client that gets no answer and posts again may
 * post twice. The position is the number of records.
 *
 * @param options `schema`: what each record must be. Default: any JSON
 * @throws MillraceError `TOKEN_REQUIRED` when other machines can connect and there is no token, `OPTION_INVALID`, `DURATION_INVALID`,
 * `SCHEMA_INVALID`; when it is run, `LISTEN_FAILED`
 * @example
 * p.from(httpServer({ port: 8080, path: '/readings', schema: Reading }))
 */
export function httpServer<const S extends Schema>(options: HttpServerOptions & { schema: S }): Source<InferSchema<S>>;
export function httpServer(options: HttpServerOptions): Source<unknown>;
export function httpServer(options: HttpServerOptions & { schema?: Schema }): Source<unknown> {
  const { port, host = '127.0.0.1', path = '/', token, tls, schema } = options;
  const { maxBodyBytes = DEFAULT_MAX_BODY_BYTES, maxPending = 10_000 } = options;
  checkPort('httpServer', port, 0);
  checkExposure('httpServer', host, token);
  check('path', /^\/[^?#]*$/.test(path), 'text that begins with a slash, without ? and #', path);
  check('maxBodyBytes', Number.isInteger(maxBodyBytes) && maxBodyBytes >= 1, 'a whole number from 1', maxBodyBytes);
  check('maxPending', Number.isInteger(maxPending) && maxPending >= 1, 'a whole number from 1', maxPending);
  const requestTimeoutMs = durationMs(options.requestTimeout ?? '30s', 'httpServer, requestTimeout');
  const any = new RecordParser(undefined);
  const parsers = { any, record: schema === undefined ? any : new RecordParser(openSchema(schema)) };
  const verify = token === undefined ? undefined : tokenVerifier(token);

  return {
    connector: 'http-server',
    description: `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`,
    bounded: false,
    async enumerate({ found }) {
      found([{ id: path }]);
    },
    async open(context, position) {
      const serverOptions = {
        requestTimeout: requestTimeoutMs,
        headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
        connectionsCheckingInterval: Math.min(CHECK_INTERVAL_MS, requestTimeoutMs),
      };
      const server = tls === undefined ? createServer(serverOptions) : createTlsServer({ ...tls, ...serverOptions });
      server.maxConnections = MAX_CONNECTIONS;
      const intake = new Intake(context, { maxPending, maxBodyBytes, position: typeof position === 'number' ? position : 0 }, () =>
        shutDown(server, context),
      );
      server.on('request', (request: IncomingMessage, response: ServerResponse) => {
        receive(request, response, { path, verify, maxBodyBytes, parsers, intake }).catch(error => {
          // A client that has gone is no failure; a schema that cannot be used is.
          if (error instanceof MillraceError) intake.fail(error);
          response.destroy();
        });
      });
      context.signal.addEventListener('abort', () => intake.stop(), { once: true });
      const address = await listen(server, context.operator, host, port);
      server.on('error', error => intake.fail(error));
      options.onListening?.(address);
      return intake;
    },
  };
}

interface Receiving {
  readonly path: string;
  readonly verify: ((given: string) => boolean) | undefined;
  readonly maxBodyBytes: number;
  readonly parsers: { readonly record: RecordParser; readonly any: RecordParser };
  readonly intake: Intake;
}

async function receive(request: IncomingMessage, response: ServerResponse, receiving: Receiving): Promise<void> {
  const { intake, maxBodyBytes, parsers } = receiving;
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const holder = intake.holder();
  try {
    const type = admit(request, receiving);
    intake.checkRoom();
    const body = await readBody(request, maxBodyBytes, holder);
    const records = parseBody(body, type, parsers);
    const taken = await intake.submit(records, gone.signal);
    if (!taken) throw new Refusal(503, 'the pipeline is stopping', { 'retry-after': '1', connection: 'close' });
    answerTaken(response, records);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    answer(response, error.status, { error: error.message }, error.headers);
    discardRest(request, maxBodyBytes);
  } finally {
    holder.letGo();
  }
}

/** Says of what type the body is. @throws Refusal for a request that is not for us, before its body is read */
function admit(request: IncomingMessage, { path, verify }: Receiving): 'json' | 'ndjson' {
  const { method, url = '/', headers } = request;
  if (url.split('?', 1)[0] !== path) throw new Refusal(404, 'there is nothing here');
  if (method !== 'POST') throw new Refusal(405, 'records are posted', { allow: 'POST' });
  const given = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (verify !== undefined && (given === undefined || !verify(given))) {
    throw new Refusal(401, 'the token is missing or wrong', { 'www-authenticate': 'Bearer' });
  }
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity' && encoding !== 'gzip')
    throw new Refusal(415, 'the content-encoding must be gzip, or none', { 'accept-encoding': 'gzip' });
  const [type, ...parameters] = (headers['content-type'] ?? '')
    .toLowerCase()
    .split(';')
    .map(part => part.trim());
  const utf8 = parameters.every(parameter => !parameter.startsWith('charset=') || /^charset="?utf-?8"?$/.test(parameter));
  if (utf8 && type === 'application/json') return 'json';
  if (utf8 && type === 'application/x-ndjson') return 'ndjson';
  throw new Refusal(
    415,
    'the content-type must be application/json or application/x-ndjson, in UTF-8 (curl sends another by itself: -H content-type:application/json)',
  );
}

function answerTaken(response: ServerResponse, records: readonly Parsed[]): void {
  const rejected: { index: number; message: string }[] = [];
  let accepted = 0;
  records.forEach((record, index) => {
    if ('value' in record) accepted++;
    else if (rejected.length < MAX_LISTED) rejected.push({ index, message: record.message });
  });
  if (accepted === records.length) answer(response, 202, { accepted });
  else answer(response, accepted > 0 ? 207 : 400, { accepted, rejectedCount: records.length - accepted, rejected });
}

function answer(response: ServerResponse, status: number, body: object, headers: Refusal['headers'] = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(`${JSON.stringify(body)}\n`);
}

/** A client that is still sending reads the answer once it has sent all; one that sends without end is cut off. */
function discardRest(request: IncomingMessage, maxBytes: number): void {
  let discarded = 0;
  request.on('data', (chunk: Uint8Array) => {
    discarded += chunk.length;
    if (discarded > maxBytes) request.destroy();
  });
  request.resume();
}

async function shutDown(server: Server, { environment }: ReaderContext): Promise<void> {
  const closed = new Promise<void>(resolve => server.close(() => resolve()));
  // Answers that were just given leave first.
  await environment.scheduler.turn();
  server.closeAllConnections();
  await closed;
}

function check(option: string, holds: boolean, expected: string, got: string | number): void {
  if (!holds) throw new MillraceError('OPTION_INVALID', { where: `httpServer, ${option}`, expected, got: String(got) });
}
