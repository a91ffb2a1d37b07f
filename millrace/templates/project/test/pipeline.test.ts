import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testPipeline } from 'millrace/testing';
import pipeline, { type Reading } from '../src/pipeline.ts';

const MINUTE = 60_000;

test('averages each sensor over ten minutes of event time', async () => {
  const t = await testPipeline(pipeline);
  const readings = t.source<Reading>('readings');
  await readings.feed({ sensor: 'roof', celsius: 20, at: 1 * MINUTE }, { sensor: 'roof', celsius: 24, at: 9 * MINUTE });
  await readings.feed({ sensor: 'roof', celsius: 30, at: 16 * MINUTE });
  assert.deepEqual(t.sink('averages').records, [
    { key: 'roof', window: { start: 0, end: 10 * MINUTE }, readings: 2, mean: 22, highest: 24 },
  ]);

  await t.finish();
  assert.equal(t.sink('averages').records.length, 2);
});

test('rejects a reading that comes too late', async () => {
  const t = await testPipeline(pipeline);
  const readings = t.source<Reading>('readings');
  await readings.feed({ sensor: 'roof', celsius: 20, at: 30 * MINUTE });
  await readings.feed({ sensor: 'roof', celsius: 21, at: 3 * MINUTE });
  assert.equal(t.late.length, 1);
  await t.finish();
});
