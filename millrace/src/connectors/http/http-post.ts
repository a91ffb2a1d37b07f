import { type Duration, durationMs } from '../../base/duration.ts';
import { MillraceError, messageOf } from '../../base/errors.ts';
import { JsonLineEncoder } from '../../formats/json/line-encoder.ts';
import type { Sink, SinkContext, SinkWriter } from '../../spi/sink.ts';
import type { Batch } from '../../types/batch.ts';
import { type RetryOptions, retryPolicy } from '../network/backoff.ts';
import { post, type PostTarget } from './post-request.ts';
import { withoutSecrets } from './without-secrets.ts';

export interface HttpPostOptions {
  /** Where to. A user and password in it are sent as `Authorization`. Messages and plans show it without them and without its query. */
  url: string | URL;
  /** Sent with each request. */
  headers?: Readonly<Record<string, string>>;
  /**
   * How many records go into one request: up to `maxRecords` (default 500), and what has come is sent when nothing else is to be done,
   * or up to `linger` later (default 0). Without it each record is a request of its own.
   */
  batch?: { maxRecords?: number; linger?: Duration };
  /**
   * The body: `'json'` one record as JSON, `'ndjson'` a line of JSON for each, `'array'` a JSON array.
   * Default `'json'`, with `batch` `'ndjson'`.
   */
  format?: 'json' | 'ndjson' | 'array';
  /** Tries of one request (default 5) and the waits between them, from `backoff` (default `'500ms'`) to `maxBackoff` (default `'30s'`). */
  retry?: RetryOptions;
  /** How long an answer may take. Default `'30s'`. */
  timeout?: Duration;
  /** Requests at a time. Default 1; with more, requests may arrive in another order. */
  concurrency?: number;
}

const TYPES = { json: 'application/json', ndjson: 'application/x-ndjson', array: 'application/json' } as const;

/**
 * Posts records to a URL. Tries again after network errors, time-outs, 429 (no sooner than `Retry-After` says), 408, 425 and 5xx; after the last try the
 * pipeline stops. Any other 4xx rejects the records of the request as `refused`. All 2xx are success; redirections are not followed.
 *
 * Delivery is at least once: a target that took a request whose answer was lost gets it again, with the same `Idempotency-Key`.
 *
 * @throws MillraceError `OPTION_INVALID`, `DURATION_INVALID`; when it is run, `HTTP_POST_FAILED`
 * @example
 * stream.to(httpPost({ url: 'https://example.org/alerts', headers: { authorization: `Bearer ${token}` }, batch: { maxRecords: 100 } }))
 */
export function httpPost<T>(options: HttpPostOptions): Sink<T> {
  const { batch, concurrency = 1 } = options;
  const format = options.format ?? (batch === undefined ? 'json' : 'ndjson');
  const maxRecords = batch === undefined ? 1 : (batch.maxRecords ?? 500);
  check('format', format in TYPES, "'json', 'ndjson' or 'array'", format);
  check('batch.maxRecords', Number.isInteger(maxRecords) && maxRecords >= 1, 'a whole number from 1', maxRecords);
  check('format', format !== 'json' || maxRecords === 1, "'ndjson' or 'array' for more than one record in a request", format);
  check('concurrency', Number.isInteger(concurrency) && concurrency >= 1, 'a whole number from 1', concurrency);
  const { url, headers } = requestOf(options, TYPES[format]);
  const target: PostTarget = {
    url,
    headers,
    retry: retryPolicy('httpPost, retry', options.retry ?? {}, { attempts: 5, backoff: '500ms', maxBackoff: '30s' }),
    timeoutMs: durationMs(options.timeout ?? '30s', 'httpPost, timeout'),
  };
  const lingerMs = durationMs(batch?.linger ?? 0, 'httpPost, batch.linger');
  return {
    connector: 'http-post',
    description: withoutSecrets(url),
    accepts: ['append', 'upsert'],
    open: async context => new HttpPostWriter(target, { format, maxRecords, concurrency, lingerMs }, context),
  };
}

/** A URL with user and password in it cannot be fetched; they belong into a header. */
function requestOf(options: HttpPostOptions, type: string): { url: URL; headers: Headers } {
  // Neither the URL nor the headers are quoted: either may hold a secret.
  const url = URL.canParse(String(options.url)) ? new URL(options.url) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new MillraceError('OPTION_INVALID', { where: 'httpPost, url', expected: 'a URL that begins with http:// or https://' });
  }
  let headers: Headers;
  try {
    headers = new Headers(options.headers);
  } catch {
    throw new MillraceError('OPTION_INVALID', { where: 'httpPost, headers', expected: 'names and values that HTTP allows' });
  }
  if (url.username !== '' || url.password !== '') {
    const credentials = `${decoded(url.username)}:${decoded(url.password)}`;
    if (!headers.has('authorization')) headers.set('authorization', `Basic ${Buffer.from(credentials).toString('base64')}`);
    url.username = url.password = '';
  }
  if (!headers.has('content-type')) headers.set('content-type', type);
  return { url, headers };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

interface Posting {
  readonly format: 'json' | 'ndjson' | 'array';
  readonly maxRecords: number;
  readonly concurrency: number;
  readonly lingerMs: number;
}

class HttpPostWriter<T> implements SinkWriter<T> {
  private readonly target: PostTarget;
  private readonly posting: Posting;
  private readonly context: SinkContext;
  private readonly closing = new AbortController();
  private readonly signal: AbortSignal;
  private readonly encoder = new JsonLineEncoder();
  /** Records that are not in a request yet, and their JSON, each with a line end. */
  private readonly values: T[] = [];
  private readonly lines: string[] = [];
  private readonly underWay = new Set<Promise<void>>();
  private failure: { readonly error: unknown } | undefined;
  private cancelLinger: (() => void) | undefined;

  constructor(target: PostTarget, posting: Posting, context: SinkContext) {
    this.target = target;
    this.posting = posting;
    this.context = context;
    this.signal = AbortSignal.any([context.signal, this.closing.signal]);
  }

  write(batch: Batch<T>): void | Promise<void> {
    for (let i = 0; i < batch.length; i++) this.add(batch.values[i]!);
    if (this.failure !== undefined || this.values.length >= this.posting.maxRecords) return this.send(this.posting.maxRecords);
  }

  flush(reason: 'idle' | 'barrier'): void | Promise<void> {
    if (this.posting.lingerMs === 0 || reason === 'barrier' || this.failure !== undefined) return this.finish();
    if (this.values.length > 0) this.linger();
  }

  async close(outcome: 'finished' | 'failed'): Promise<void> {
    this.cancelLinger?.();
    try {
      if (outcome === 'finished') await this.finish();
    } finally {
      this.closing.abort();
      await Promise.all(this.underWay);
    }
  }

  private add(value: T): void {
    try {
      this.lines.push(this.encoder.encode(value));
      this.values.push(value);
    } catch (error) {
      this.context.reject('failed', messageOf(error), value);
    }
  }

  /** Starts requests until fewer than `least` records are left, as many at a time as are allowed. */
  private async send(least: number): Promise<void> {
    const { maxRecords, concurrency } = this.posting;
    while (this.values.length >= least && this.failure === undefined && !this.signal.aborted) {
      if (this.underWay.size >= concurrency) {
        await Promise.race(this.underWay);
        continue;
      }
      const request = this.request(this.values.splice(0, maxRecords), this.lines.splice(0, maxRecords));
      this.underWay.add(request);
      void request.finally(() => this.underWay.delete(request));
    }
    // The upstream goes on once a further request could be started.
    while (this.underWay.size >= concurrency) await Promise.race(this.underWay);
    this.checkFailure();
  }

  private async finish(): Promise<void> {
    await this.send(1);
    await Promise.all(this.underWay);
    this.checkFailure();
  }

  /** Never rejects. */
  private async request(values: T[], lines: readonly string[]): Promise<void> {
    try {
      const refused = await post(this.target, this.body(lines), this.context, this.signal);
      if (refused !== undefined) for (const value of values) this.context.reject('refused', refused, value);
    } catch (error) {
      if (!this.signal.aborted) this.failure ??= { error };
    }
  }

  private body(lines: readonly string[]): string {
    switch (this.posting.format) {
      case 'json':
        return lines[0]!;
      case 'ndjson':
        return lines.join('');
      case 'array':
        return `[${lines.join(',')}]`;
    }
  }

  private linger(): void {
    const { clock, scheduler } = this.context.environment;
    this.cancelLinger ??= scheduler.at(clock.now() + this.posting.lingerMs, () => {
      this.cancelLinger = undefined;
      // What it fails with is thrown by the next call.
      this.send(1).catch(() => undefined);
    });
  }

  private checkFailure(): void {
    if (this.failure !== undefined) throw this.failure.error;
  }
}

function check(option: string, holds: boolean, expected: string, got: string | number): void {
  if (!holds) throw new MillraceError('OPTION_INVALID', { where: `httpPost, ${option}`, expected, got: String(got) });
}
