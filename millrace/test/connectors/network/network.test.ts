import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/base/random.ts';
import { checkExposure, tokenVerifier } from '../../../src/connectors/network/access-token.ts';
import { backoffMs, retryPolicy } from '../../../src/connectors/network/backoff.ts';
import { pause } from '../../../src/connectors/network/pause.ts';
import { ManualEnvironment } from '../../support/manual-environment.ts';

describe('checkExposure', () => {
  test.each(['127.0.0.1', '127.8.0.1', '::1', 'localhost'])('%s needs no token', host => {
    expect(() => checkExposure('server', host, undefined)).not.toThrow();
  });

  test.each(['0.0.0.0', '::', '', '10.0.0.1', 'example.org', '127.0.0.1.example.org'])("'%s' needs one", host => {
    expect(() => checkExposure('server', host, undefined)).toThrow(expect.objectContaining({ code: 'TOKEN_REQUIRED' }));
    expect(() => checkExposure('server', host, 's3cret')).not.toThrow();
  });

  test.each(['', 'two words', 'line\n', 'ümlaut'])('a token %j is refused, without being shown', token => {
    expect(() => checkExposure('server', '0.0.0.0', token)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
    try {
      checkExposure('server', '0.0.0.0', token);
    } catch (error) {
      if (token !== '') expect((error as Error).message).not.toContain(token);
    }
  });
});

test('a token verifier takes the token alone', () => {
  const verify = tokenVerifier('s3cret');
  expect(verify('s3cret')).toBe(true);
  expect(verify(Buffer.from('s3cret'))).toBe(true);
  for (const wrong of ['', 's3cre', 's3cret ', 'S3CRET']) expect(verify(wrong)).toBe(false);
});

describe('backoff', () => {
  const policy = retryPolicy('test', {}, { attempts: 3, backoff: 100, maxBackoff: '2s' });

  test('doubles up to its longest, and draws the upper half at random', () => {
    const random = seededRandom(7);
    for (let failures = 1; failures < 2_000; failures++) {
      const longest = Math.min(2_000, 100 * 2 ** (failures - 1));
      const ms = backoffMs(failures, policy, random);
      expect(ms).toBeGreaterThanOrEqual(longest / 2);
      expect(ms).toBeLessThanOrEqual(longest);
    }
  });

  test.each([0, -1, 1.5, NaN])('attempts cannot be %d', attempts => {
    expect(() => retryPolicy('test', { attempts }, { attempts: 1, backoff: 1, maxBackoff: 1 })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
  });
});

describe('pause', () => {
  test('ends when the clock has moved on', async () => {
    const environment = new ManualEnvironment(5_000);
    let over = false;
    const paused = pause(environment, 100, new AbortController().signal).then(() => (over = true));
    environment.advance(99);
    await environment.scheduler.turn();
    expect(over).toBe(false);
    environment.advance(1);
    await paused;
    expect(over).toBe(true);
  });

  test('ends at once when the signal is aborted, and leaves no timer', async () => {
    const environment = new ManualEnvironment();
    const stop = new AbortController();
    const paused = pause(environment, 100, stop.signal);
    stop.abort();
    await paused;
    await pause(environment, 100, stop.signal);
    expect(environment.pending).toBe(0);
  });
});
