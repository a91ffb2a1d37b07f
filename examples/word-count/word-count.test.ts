import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { startProgram } from '../start-program.ts';

const TEXT = 'To be, or not to be:\nthat is the question.\n\nÊtre ou ne pas être, c’est la question\nto sleep, no more\n';

const Line = z.union([
  z.object({ word: z.string(), soFar: z.number() }),
  z.object({ word: z.string(), at: z.iso.datetime(), inFiveSeconds: z.number() }),
]);

/** The same by splitting at everything that is no letter. */
function countWords(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of text.toLowerCase().split(/[^a-zê]+/)) {
    if (word !== '') counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

/** A server that has one client. */
async function serve(): Promise<{ port: number; client: Promise<Socket> }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { port: address.port, client: new Promise(resolve => server.on('connection', resolve)) };
}

test('counts the words of a socket until it is stopped', async () => {
  const { port, client } = await serve();
  const program = startProgram('word-count/word-count.ts', String(port));
  const socket = await client;
  // TCP cuts where it likes: here within a line, and within a letter of two bytes.
  const bytes = Buffer.from(TEXT);
  const cut = bytes.indexOf('Ê') + 1;
  socket.write(bytes.subarray(0, cut));
  const expected = countWords(TEXT);
  const before = [...countWords(bytes.subarray(0, cut - 1).toString()).values()].reduce((a, b) => a + b);
  await program.lines(before);
  socket.write(bytes.subarray(cut));
  await program.lines([...expected.values()].reduce((a, b) => a + b));
  program.process.kill('SIGINT');

  const { code, stdout } = await program.ended;
  expect(code).toBe(0);
  const soFar = new Map<string, number>();
  const inWindows = new Map<string, number>();
  for (const line of stdout.trim().split('\n')) {
    const result = Line.parse(JSON.parse(line));
    if ('soFar' in result) {
      expect(result.soFar).toBe((soFar.get(result.word) ?? 0) + 1);
      soFar.set(result.word, result.soFar);
    } else {
      expect(Date.parse(result.at) % 5_000).toBe(0);
      inWindows.set(result.word, (inWindows.get(result.word) ?? 0) + result.inFiveSeconds);
    }
  }
  expect(soFar).toEqual(expected);
  expect(inWindows).toEqual(expected);
});
