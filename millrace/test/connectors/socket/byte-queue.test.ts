import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteQueue } from '../../../src/connectors/socket/byte-queue.ts';

describe('ByteQueue', () => {
  test('holds what was appended and not consumed, however chunks and consumption alternate', () => {
    const step = fc.record({ append: fc.integer({ min: 0, max: 20_000 }), consume: fc.double({ min: 0, max: 1, noNaN: true }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), steps => {
        const queue = new ByteQueue();
        let appended = 0;
        let consumed = 0;
        for (const { append, consume } of steps) {
          queue.append(Uint8Array.from({ length: append }, () => appended++ % 251));
          const take = Math.floor(queue.length * consume);
          queue.consume(queue.from + take);
          consumed += take;
          expect(queue.length).toBe(appended - consumed);
          for (const i of [0, queue.length - 1]) {
            if (queue.length > 0) expect(queue.bytes[queue.from + i]).toBe((consumed + i) % 251);
          }
        }
      }),
    );
  });

  test('gives a large buffer back once it is empty', () => {
    const queue = new ByteQueue();
    queue.append(new Uint8Array(5_000_000));
    expect(queue.bytes.length).toBeGreaterThanOrEqual(5_000_000);
    queue.consume(queue.to);
    expect(queue.bytes.length).toBeLessThan(100_000);
  });
});
