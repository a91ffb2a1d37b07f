import { describe, expect, test } from 'tstyche';
import { z } from 'zod';
import { consoleTable, print } from '../../src/connectors/console/index.ts';
import { generator } from '../../src/connectors/generator/index.ts';
import { httpPost, httpServer } from '../../src/connectors/http/index.ts';
import { blackhole, callback, fromArray, fromIterable, toArray } from '../../src/connectors/memory/index.ts';
import { socket, socketServer } from '../../src/connectors/socket/index.ts';
import { json } from '../../src/formats/json/index.ts';
import type { Sink } from '../../src/spi/sink.ts';
import type { Source } from '../../src/spi/source.ts';

interface Result {
  key: string;
  n: number;
}

/** As a pipeline's `from` and a stream's `to` take them. */
declare function from<T>(source: Source<T>): T;
declare function to(sink: Sink<Result>): void;

const reading = { type: 'object', properties: { celsius: { type: 'number' } }, required: ['celsius'] } as const;

async function* ticks() {
  yield 1n;
}

describe('sources tell the type of their records', () => {
  test('sockets: lines, or what the format makes', () => {
    expect(from(socket({ host: 'h', port: 1 }))).type.toBe<string>();
    expect(from(socket({ host: 'h', port: 1, format: json({ schema: reading }) }))).type.toBe<{ celsius: number }>();
    expect(from(socketServer({ port: 1 }))).type.toBe<string>();
    expect(from(socketServer({ port: 1, format: json({ schema: z.object({ a: z.string() }) }) }))).type.toBe<{ a: string }>();
  });

  test('HTTP: what the schema says', () => {
    expect(from(httpServer({ port: 1 }))).type.toBe<unknown>();
    expect(from(httpServer({ port: 1, schema: reading }))).type.toBe<{ celsius: number }>();
  });

  test('what is in memory', () => {
    expect(from(generator({ seed: 1, make: (index, random) => ({ index, x: random.next() }) }))).type.toBe<{ index: number; x: number }>();
    expect(from(fromArray(['a'], { timestamps: text => text.length }))).type.toBe<string>();
    expect(from(fromIterable(ticks))).type.toBe<bigint>();
    expect(from(fromIterable(ticks()))).type.toBe<bigint>();
    expect(from(fromIterable([1, 'a']))).type.toBe<string | number>();
  });
});

describe('sinks are told the type of the records', () => {
  test('by the stream', () => {
    to(print());
    to(blackhole());
    to(httpPost({ url: 'http://h' }));
    to(callback(result => expect(result).type.toBe<Result>()));
    to(consoleTable({ by: result => result.key, columns: { n: result => expect(result).type.toBe<Result>() } }));
    to(toArray<Result>([]));
    to(socket({ host: 'h', port: 1, format: json() }));
  });

  test('and refuse others', () => {
    // @ts-expect-error not assignable
    to(socket({ host: 'h', port: 1 }));
    // @ts-expect-error does not exist
    to(consoleTable({ by: result => result.kee }));
    // @ts-expect-error not assignable
    to(toArray<string>([]));
  });
});
