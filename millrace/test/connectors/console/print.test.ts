import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { consoleTable, print } from '../../../src/connectors/console/index.ts';
import { displayWidth, fit } from '../../../src/connectors/console/display-width.ts';
import { SinkHarness, writeAll } from '../../support/sink-harness.ts';
import { TestStream } from './terminal.ts';

describe('print', () => {
  test('one line of JSON per record', async () => {
    const stream = new TestStream();
    await writeAll(print({ stream }), [{ a: 1, b: 'two' }, 'text', null, [1n]]);
    expect(stream.text).toBe('{"a":1,"b":"two"}\n"text"\nnull\n[1]\n');
  });

  test('control characters are escaped, and what is printed is still the JSON of the record', async () => {
    const stream = new TestStream();
    const record = { evil: '\u001b[2J\u009b31m\u202e\n\u2028' };
    await writeAll(print({ stream }), [record]);
    expect(stream.text).toBe('{"evil":"\\u001b[2J\\u009b31m\\u202e\\n\\u2028"}\n');
    expect(JSON.parse(stream.text)).toEqual(record);
  });

  test('what JSON cannot hold is rejected', async () => {
    const stream = new TestStream();
    const cycle: { self?: object } = {};
    cycle.self = cycle;
    const run = await writeAll<unknown>(print({ stream }), [1, cycle, undefined, 2]);
    expect(run.rejects.map(r => [r.reason, r.value])).toEqual([
      ['failed', cycle],
      ['failed', undefined],
    ]);
    expect(stream.text).toBe('1\n2\n');
  });

  test('a full stream holds the pipeline back', async () => {
    const stream = new TestStream();
    stream.full = true;
    const run = await SinkHarness.open(print({ stream }));
    let written = false;
    const writing = run.write([1]).then(() => (written = true));
    await new Promise(resolve => setImmediate(resolve));
    expect(written).toBe(false);
    stream.drain();
    await writing;
    await run.close();
    expect(stream.listenerCount('error')).toBe(0);
  });
});

describe.each([
  ['print', (stream: TestStream) => print({ stream })],
  ['consoleTable', (stream: TestStream) => consoleTable<unknown>({ stream })],
])('%s on a stream that breaks', (_, sinkOn) => {
  test('its reader has gone: what follows is forgotten', async () => {
    const stream = new TestStream();
    const run = await SinkHarness.open(sinkOn(stream));
    await run.write([1]);
    const before = stream.text;
    stream.breakWith('EPIPE');
    for (let i = 0; i < 10; i++) await run.write([i]);
    await run.flush();
    await run.close();
    expect(stream.text).toBe(before);
    expect(stream.listenerCount('error')).toBe(0);
  });

  test('any other failure stops the pipeline', async () => {
    const stream = new TestStream();
    const run = await SinkHarness.open(sinkOn(stream));
    stream.breakWith('ENOSPC');
    await expect(run.write([1])).rejects.toThrow('ENOSPC');
    await expect(run.close('failed')).rejects.toThrow('ENOSPC');
    expect(stream.listenerCount('error')).toBe(0);
  });

  test('stopping at once does not wait for it', async () => {
    const stream = new TestStream();
    stream.full = true;
    const run = await SinkHarness.open(sinkOn(stream));
    const writing = run.write([1]);
    await new Promise(resolve => setImmediate(resolve));
    run.stop();
    await writing;
    await run.close('failed');
  });
});

test('the reader of a real pipe goes away', async () => {
  const program = `
    import { print } from ${JSON.stringify(new URL('../../../src/connectors/console/index.ts', import.meta.url).href)};
    import { writeAll } from ${JSON.stringify(new URL('../../support/sink-harness.ts', import.meta.url).href)};
    await writeAll(print(), Array.from({ length: 200_000 }, (_, i) => ({ i })));
    console.error('finished');
  `;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', chunk => {
    errors += chunk;
  });
  const [first] = await once(child.stdout, 'data');
  expect(String(first)).toMatch(/^\{"i":0\}\n/);
  child.stdout.destroy();
  const [code] = await once(child, 'close');
  expect({ code, errors }).toEqual({ code: 0, errors: 'finished\n' });
});

describe('displayWidth', () => {
  test.each([
    ['', 0],
    ['plain', 5],
    ['Zürich', 6],
    ['e\u0301', 1],
    ['東京', 4],
    ['ｗ', 2],
    ['한국', 4],
    ['🛫', 2],
    ['👨‍👩‍👧', 2],
    ['✔', 1],
    ['✔️', 2],
    ['привет', 6],
    ['שלום', 4],
    ['\u200b', 0],
  ])('of %j is %d', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  test('fit never takes more columns than there are, and cuts no character in two', () => {
    const text = 'a東b🛫ce\u0301d';
    const shown = Array.from({ length: 12 }, (_, columns) => fit(text, columns));
    expect(shown).toEqual(['', '…', 'a…', 'a…', 'a東…', 'a東b…', 'a東b…', 'a東b🛫…', 'a東b🛫c…', text, text, text]);
    shown.forEach((part, columns) => expect(displayWidth(part)).toBeLessThanOrEqual(columns));
  });
});
