import { describe, expect, test } from 'vitest';
import { importViolations, systemAccess } from './layers.ts';
import { sourceFiles } from './source-files.ts';

const files = [...sourceFiles()];

describe('the sources', () => {
  test('a folder imports only what stands below it', () => {
    expect(files.flatMap(([path, text]) => importViolations(path, text))).toEqual([]);
  });

  test('only base/system.ts asks for time, timers and randomness, and only connectors, the epoch store, server and cli do I/O', () => {
    expect(files.flatMap(([path, text]) => systemAccess(path, text))).toEqual([]);
  });

  test('are all seen', () => {
    expect(files.map(([path]) => path)).toEqual(expect.arrayContaining(['index.ts', 'base/system.ts', 'runtime/worker.ts']));
  });
});

describe('the check of imports', () => {
  test.each([
    ['base/key.ts', "import type { Batch } from '../types/batch.ts';", 'base/key.ts:1: base imports types'],
    ['spi/source.ts', "\nexport * from '../runtime/worker.ts';", 'spi/source.ts:2: spi imports runtime'],
    ['state/ttl.ts', "const t: import('../time/timer-queue.ts').TimerQueue = x;", 'state/ttl.ts:1: state imports time'],
    ['windows/tumbling.ts', "import '../operators/window.ts';", 'windows/tumbling.ts:1: windows imports operators'],
    ['runtime/worker.ts', "await import('../operators/map.ts');", 'runtime/worker.ts:1: runtime imports operators'],
    ['runtime/worker.ts', "import { file } from '../connectors/file/index.ts';", 'runtime/worker.ts:1: runtime imports connectors'],
    ['connectors/file/glob.ts', "import '../../index.ts';", 'connectors/file/glob.ts:1: connectors imports api'],
    ['plan/graph.ts', "import '../runtime/worker.ts';", 'plan/graph.ts:1: plan imports runtime'],
    ['index.ts', "import './cli/main.ts';", 'index.ts:1: api imports cli'],
    ['runtime/worker.ts', "import { readFile } from 'node:fs/promises';", 'runtime/worker.ts:1: imports node:fs/promises'],
    ['formats/csv/csv.ts', "import { open } from 'fs/promises';", 'formats/csv/csv.ts:1: imports fs/promises'],
    ['helpers/text.ts', '', 'helpers/text.ts: helpers is no layer'],
  ])('%s may not %s', (path, text, violation) => {
    expect(importViolations(path, text)).toEqual([violation]);
  });

  test.each([
    ['cli/run.ts', "import '../api/pipeline.ts'; import 'node:process'; import { Command } from 'commander';"],
    ['operators/window.ts', "import '../windows/tumbling.ts'; import '../state/ttl.ts'; import './fire.ts';"],
    ['connectors/file/source.ts', "import '../../formats/csv/index.ts'; import { open } from 'node:fs/promises';"],
    ['formats/parquet/read.ts', "import { zstdDecompressSync } from 'node:zlib';"],
    ['index.ts', "export { pipeline } from './api/pipeline.ts';"],
    ['base/key.ts', "// import '../runtime/worker.ts'\nconst text = \"import '../runtime/worker.ts'\";"],
  ])('%s may %s', (path, text) => {
    expect(importViolations(path, text)).toEqual([]);
  });
});

describe('the check of system access', () => {
  test.each([
    ['const t = Date.now();', 'Date.now'],
    ['const clock = Date.now;', 'Date.now'],
    ['const t = new Date();', 'new Date()'],
    ['const t = Date();', 'Date()'],
    ['const t = performance.now();', 'performance.now'],
    ['const r = Math.random();', 'Math.random'],
    ['const t = process.hrtime.bigint();', 'process.hrtime'],
    ['setTimeout(f, 5);', 'setTimeout'],
    ['globalThis.setTimeout(f, 5);', 'setTimeout'],
    ['start({ setTimeout });', 'setTimeout'],
    ['await new Promise(setImmediate);', 'setImmediate'],
    ['const id = setInterval(f, 5);', 'setInterval'],
    ['queueMicrotask(f);', 'queueMicrotask'],
    ['fetch(url, { signal: AbortSignal.timeout(5) });', 'AbortSignal.timeout'],
  ])('finds %s', (text, what) => {
    expect(systemAccess('connectors/http/sink.ts', text)).toEqual([`connectors/http/sink.ts:1: ${what}`]);
    expect(systemAccess('base/system.ts', text)).toEqual([]);
  });

  test.each([
    ["process.stdout.write('x');", 'process'],
    ["console.log('x');", 'console'],
    ['const get = fetch;', 'fetch'],
    ["new WebSocket('ws://h');", 'WebSocket'],
  ])('finds %s outside the places of I/O', (text, what) => {
    expect(systemAccess('operators/map.ts', text)).toEqual([`operators/map.ts:1: ${what}`]);
    expect(systemAccess('connectors/http/sink.ts', text)).toEqual([]);
  });

  test.each([
    'const t = new Date(ms);',
    'const t = clock.now();',
    'const max = Math.max(a, b);',
    'const options = { setTimeout: 5 };',
    'socket.setTimeout(5);',
    '// Date.now()',
    "const text = 'Math.random()';",
    'clearTimeout(timer);',
    'task.process(record);',
    'steps.map(({ process }) => process(record));',
    'interface Task { process(record: string): void }',
    'class Task { process(record: string) {} }',
  ])('passes %s', text => {
    expect(systemAccess('operators/map.ts', text)).toEqual([]);
  });
});
