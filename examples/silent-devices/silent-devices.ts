// Reports devices that have gone silent, and those that come back: a process function with state and timers for each device.
//
//   npm run millrace -- run examples/silent-devices/silent-devices.ts
//   curl -H content-type:application/json -d '{ "device": "pump-3" }' http://127.0.0.1:8080/heartbeats       and again, or not
//
// Ctrl-C stops it. Another port: `... silent-devices.ts -- 8081`. Its test, silent-devices.test.ts, shows how a program is tested on virtual time.

import { pipeline, valueState } from 'millrace';
import { print } from 'millrace/connectors/console';
import { httpServer } from 'millrace/connectors/http';
import { z } from 'zod';

const SILENCE_MS = 30_000;

const Heartbeat = z.object({ device: z.string() });

const port = Number(process.argv[2] ?? 8080);

const p = pipeline('silent-devices');

p.from(httpServer({ port, path: '/heartbeats', schema: Heartbeat }))
  .name('heartbeats')
  .keyBy('device')
  .process({
    state: { lastSeen: valueState<number>('lastSeen'), silent: valueState('silent', { default: false }) },

    *onRecord(_heartbeat, { key, processingTime, state, timers }) {
      const lastSeen = state.lastSeen.get();
      if (lastSeen !== undefined) timers.deleteProcessing(lastSeen + SILENCE_MS);
      timers.processing(processingTime + SILENCE_MS);
      state.lastSeen.set(processingTime);

      if (state.silent.get()) yield { device: key, status: 'back', at: new Date(processingTime) };
      state.silent.clear();
    },

    *onTimer({ timeMs }, { key, state }) {
      state.silent.set(true);
      yield { device: key, status: 'silent', at: new Date(timeMs) };
    },
  })
  .to(print(), { name: 'alerts' });

export default p;
