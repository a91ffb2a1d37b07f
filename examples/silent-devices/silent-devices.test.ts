import { type PipelineTest, testPipeline } from 'millrace/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import program from './silent-devices.ts';

const START = Date.UTC(2026, 0, 1);

// The program is tested as it is: the test stands in for its source and its sink, and time moves only when the test moves it.
let t: PipelineTest;

beforeEach(async () => {
  t = await testPipeline(program, { startTimeMs: START });
});

afterEach(() => t.abort());

const heartbeat = (device: string) => t.source('heartbeats').feed({ device });

test('a device is reported 30 seconds after its last heartbeat, and once', async () => {
  await heartbeat('pump-1');
  await t.advanceTime('29999ms');
  expect(t.sink('alerts').records).toEqual([]);
  await t.advanceTime('1ms');
  expect(t.sink('alerts').take()).toEqual([{ device: 'pump-1', status: 'silent', at: new Date(START + 30_000) }]);
  await t.advanceTime('1d');
  expect(t.sink('alerts').records).toEqual([]);
});

test('each heartbeat puts the report off', async () => {
  for (let minute = 0; minute < 60; minute++) {
    await heartbeat('pump-1');
    await t.advanceTime('20s');
    await heartbeat('pump-1');
    await t.advanceTime('40s');
  }
  const silent = Array.from({ length: 60 }, (_, minute) => new Date(START + minute * 60_000 + 50_000));
  const back = silent.slice(0, -1).map(at => new Date(at.getTime() + 10_000));
  const alerts = t.sink<{ status: string; at: Date }>('alerts').records;
  expect(alerts.filter(({ status }) => status === 'silent').map(({ at }) => at)).toEqual(silent);
  expect(alerts.filter(({ status }) => status === 'back').map(({ at }) => at)).toEqual(back);
});

test('one device does not speak for another', async () => {
  await heartbeat('pump-1');
  await t.advanceTime('10s');
  await heartbeat('pump-2');
  await t.advanceTime('25s');
  expect(t.sink('alerts').records).toEqual([{ device: 'pump-1', status: 'silent', at: new Date(START + 30_000) }]);
  await heartbeat('pump-1');
  await t.advanceTime('5s');
  expect(t.sink('alerts').records.slice(1)).toEqual([
    { device: 'pump-1', status: 'back', at: new Date(START + 35_000) },
    { device: 'pump-2', status: 'silent', at: new Date(START + 40_000) },
  ]);
});

test('when the input ends, nothing more is reported', async () => {
  await heartbeat('pump-1');
  await t.finish();
  expect(t.sink('alerts').records).toEqual([]);
});
