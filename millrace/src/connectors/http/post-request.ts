import { MillraceError, messageOf } from '../../base/errors.ts';
import type { SinkContext } from '../../spi/sink.ts';
import { backoffMs, type RetryPolicy } from '../network/backoff.ts';
import { connectCause } from '../network/connect-cause.ts';
import { pause } from '../network/pause.ts';
import { retryAfterMs } from './retry-after.ts';
import { withoutSecrets } from './without-secrets.ts';

/** Characters of an answer that a message quotes. */
const QUOTED = 200;

export interface PostTarget {
  readonly url: URL;
  readonly headers: Headers;
  readonly retry: RetryPolicy;
  readonly timeoutMs: number;
}

type Attempt =
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'again'; readonly why: string; readonly cause?: unknown; readonly waitMs: number };

/**
 * Posts one body, and again as long as the target may still take it. Returns undefined when it was taken, or why it was refused.
 *
 * @throws MillraceError `HTTP_POST_FAILED` after the last try, and for a redirection
 */
export async function post(target: PostTarget, body: string, context: SinkContext, signal: AbortSignal): Promise<string | undefined> {
  const { environment } = context;
  const headers = new Headers(target.headers);
  // One key for all tries, so that a target that knows it takes the body once.
  headers.set('idempotency-key', randomKey(context));
  for (let tries = 1; ; tries++) {
    const attempt = await tryOnce(target, headers, body, context, signal);
    if (attempt.kind === 'taken') return undefined;
    if (attempt.kind === 'refused') return attempt.why;
    if (tries >= target.retry.attempts || signal.aborted) {
      throw failed(target, context, `${attempt.why}, after ${tries} ${tries === 1 ? 'try' : 'tries'}`, attempt.cause);
    }
    await pause(environment, Math.max(attempt.waitMs, backoffMs(tries, target.retry, environment.random)), signal);
  }
}

async function tryOnce(target: PostTarget, headers: Headers, body: string, context: SinkContext, signal: AbortSignal): Promise<Attempt> {
  const { clock, scheduler } = context.environment;
  const stop = new AbortController();
  const abort = () => stop.abort(new Error('the pipeline was stopped'));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  const cancelTimeout = scheduler.at(clock.now() + target.timeoutMs, () =>
    stop.abort(new Error(`no answer within ${target.timeoutMs} ms`)),
  );
  try {
    // A redirected POST may become a GET, which would lose the records.
    const response = await fetch(target.url, { method: 'POST', headers, body, redirect: 'manual', signal: stop.signal });
    const { status } = response;
    if (status >= 200 && status < 300) {
      await response.body?.cancel();
      return { kind: 'taken' };
    }
    const why = `status ${status}${await quote(response)}`;
    if (status >= 300 && status < 400) throw failed(target, context, why, undefined, 'give the URL that it redirects to');
    // 408: the target got tired of waiting. 425: it does not want to risk a replay yet.
    if (status >= 500 || status === 429 || status === 408 || status === 425) {
      return { kind: 'again', why, waitMs: retryAfterMs(response.headers.get('retry-after'), clock.now()) };
    }
    return { kind: 'refused', why };
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    // Node says what happened in the cause: "connect ECONNREFUSED 127.0.0.1:80".
    const cause = connectCause(error instanceof TypeError ? (error.cause ?? error) : error);
    return { kind: 'again', why: messageOf(cause), cause, waitMs: 0 };
  } finally {
    cancelTimeout();
    signal.removeEventListener('abort', abort);
  }
}

/** The beginning of an answer; the rest is not read. */
async function quote(response: Response): Promise<string> {
  if (response.body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length >= QUOTED) break;
  }
  return text === ''
    ? ''
    : `: ${text
        .slice(0, QUOTED)
        .replace(/[\p{Cc}\s]+/gu, ' ')
        .trim()}`;
}

function failed(target: PostTarget, context: SinkContext, got: string, cause?: unknown, hint?: string): MillraceError {
  return new MillraceError('HTTP_POST_FAILED', {
    where: `${context.operator}, ${withoutSecrets(target.url)}`,
    got,
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** 128 random bits from the environment, so that a run under test is the same each time. */
function randomKey({ environment }: SinkContext): string {
  return Array.from({ length: 4 }, () =>
    Math.floor(environment.random.next() * 2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  ).join('');
}
