import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Refusal } from './refusal.ts';

const inflate = promisify(gunzip);

/** Counts the bytes that requests hold in memory. */
export interface Holder {
  /** @throws Refusal when it would be too much */
  hold(bytes: number): void;
}

/**
 * Reads a body of at most `maxBytes`, before and after decompression.
 *
 * @throws Refusal 413 when it is larger, 400 when it is no gzip
 */
export async function readBody(request: IncomingMessage, maxBytes: number, holder: Holder): Promise<Buffer> {
  const tooLarge = () => new Refusal(413, `the body is larger than ${maxBytes} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const body = await new Promise<Buffer>((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    request
      .on('data', (chunk: Uint8Array) => {
        length += chunk.length;
        try {
          if (length > maxBytes) throw tooLarge();
          holder.hold(chunk.length);
          chunks.push(chunk);
        } catch (error) {
          request.removeAllListeners('data');
          reject(error);
        }
      })
      .on('end', () => resolve(Buffer.concat(chunks, length)))
      .on('error', reject)
      .on('close', () => reject(new Error('the client has gone')));
  });
  if (request.headers['content-encoding'] !== 'gzip') return body;
  let inflated: Buffer;
  try {
    // It stops as soon as there is more than that.
    inflated = await inflate(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw new Refusal(400, 'the body is not gzip, as its content-encoding says');
  }
  holder.hold(inflated.length);
  return inflated;
}
