// Counts the words that come over a TCP connection: how often each has come so far, and in each window of 5 seconds.
//
//   nc -lk 9999                                                       in one terminal: every line that you type is sent
//   npm run millrace -- run examples/word-count/word-count.ts         in another
//
// Ctrl-C stops it. Another port: `... word-count.ts -- 9998`.

import { count, pipeline, tumbling } from 'millrace';
import { print } from 'millrace/connectors/console';
import { socket } from 'millrace/connectors/socket';

const port = Number(process.argv[2] ?? 9999);

const p = pipeline('word-count');

const words = p
  .from(socket({ host: '127.0.0.1', port }))
  .flatMap(line => line.toLowerCase().match(/\p{L}+/gu) ?? [])
  .keyBy(word => word);

words
  .aggregate({ soFar: count() })
  .map(({ key, soFar }) => ({ word: key, soFar }))
  .to(print());

words
  .window(tumbling('5s', { time: 'processing' }))
  .aggregate({ inFiveSeconds: count() })
  .map(({ key, window, inFiveSeconds }) => ({ word: key, at: new Date(window.end), inFiveSeconds }))
  .to(print());

export default p;
