import type { Duration } from '../../millrace/src/index.ts';
import { mix } from './event.ts';
import { orderedAfter, unary, unorderedAfter } from './operator.ts';

/** Calls that take their time, fail at first, always fail, or never come back. */
const mapAsync = unary<{
  ordered: boolean;
  capacity: number;
  flaky: number;
  poison: number;
  hanging: number;
  slowMs: number;
  timeout: Duration;
}>({
  weight: 2,
  draw: (dice, _, { clockSteps }) => ({
    ordered: dice.chance(0.6),
    capacity: dice.pick([1, 2, 5, 100]),
    flaky: dice.chance(0.4) ? dice.int(2, 4) : 0,
    poison: dice.chance(0.3) ? dice.int(7, 15) : 0,
    // A step of the clock may count as the time of calls that would have come back.
    hanging: !clockSteps && dice.chance(0.2) ? dice.int(11, 19) : 0,
    slowMs: dice.pick([0, 5, 5, 50, 300]),
    timeout: clockSteps ? '1d' : '1h',
  }),
  traits: (input, { ordered }) => (ordered ? orderedAfter(input) : unorderedAfter(input)),
  build: (s, { ordered, capacity, flaky, poison, hanging, slowMs, timeout }, { name, call }) =>
    s
      .mapAsync(
        (e, attempt) => {
          const result = { ...e, v: mix(e.v, 3) };
          if (hanging > 0 && e.v % hanging === 0) return new Promise<typeof result>(() => {});
          // Some results are there at once.
          if (e.v % 4 === 0 && !(poison > 0 && e.v % poison === 0)) return result;
          return call(slowMs, () => {
            if (poison > 0 && e.v % poison === 0) throw new Error('never works');
            if (flaky > 0 && e.v % flaky === 0 && attempt.attempt < 3) throw new Error('not yet');
            return result;
          });
        },
        { ordered, capacity, timeout, retry: { attempts: 3, backoff: 20, maxBackoff: 50 } },
      )
      .name(name),
  compute: (events, { poison, hanging }, name, reject) =>
    events.flatMap(e => {
      const hangs = hanging > 0 && e.v % hanging === 0;
      const fails = poison > 0 && e.v % poison === 0;
      if (hangs) reject('timeout', name);
      else if (fails) reject('failed', name);
      return hangs || fails ? [] : [{ ...e, v: mix(e.v, 3) }];
    }),
});

export const async = { mapAsync };
