import { count, mapState, session, sideTag, sum, tumbling } from '../../millrace/src/index.ts';
import { difference, end, type Published } from './end.ts';
import { byKeyAndInstant, type Event, sumOf } from './event.ts';

/*
 * Ends for streams with late records. Which records are late depends on how far the watermark has come when they do, and so on batches and crashes. But what became of each is known from the
 * rejects: each record is either there or rejected, once.
 */

/** The input without the late records. A string says what is wrong with those. */
function accepted(input: readonly Event[], late: readonly Event[]): Event[] | string {
  const left = new Map<string, Event[]>();
  for (const e of input) {
    const text = JSON.stringify(e);
    const same = left.get(text);
    if (same === undefined) left.set(text, [e]);
    else same.push(e);
  }
  for (const e of late) {
    if (left.get(JSON.stringify(e))?.pop() === undefined) return `rejected as late, but there are no so many of it: ${JSON.stringify(e)}`;
  }
  return [...left.values()].flat();
}

interface Firing {
  readonly key: string;
  readonly window: { readonly start: number };
  readonly n: number;
  readonly total: number;
}

const floorTo = (at: number, sizeMs: number): number => Math.floor(at / sizeMs) * sizeMs;

/** A window fires at its end, and then once more for each record within the allowed lateness. */
function checkFirings({ rows }: Published, input: readonly Event[], sizeMs: number, latenessMs: number): string | undefined {
  const firings = Map.groupBy(rows as Firing[], ({ key, window }) => `${key} ${window.start}`);
  const wanted = byKeyAndInstant(input, at => floorTo(at, sizeMs));
  for (const { k, instant, group } of wanted) {
    const got = firings.get(`${k} ${instant}`) ?? [];
    const counts = got.map(({ n }) => n);
    const where = `window ${instant} of key ${k}`;
    if (counts.at(-1) !== group.length || got.at(-1)?.total !== sumOf(group))
      return `${where} ends at ${counts.at(-1)} records instead of ${group.length}`;
    if (latenessMs === 0 && counts.length > 1) return `${where} fires ${counts.length} times`;
    if (counts.some((n, i) => i > 0 && n !== counts[i - 1]! + 1)) return `${where} fires with ${counts.join(', ')} records`;
  }
  return firings.size > wanted.length ? 'there are windows without records' : undefined;
}

const lateWindows = end<{ sizeMs: number; latenessMs: number }>({
  forLate: true,
  weight: 2,
  draw: dice => ({ sizeMs: dice.int(5, 60), latenessMs: dice.chance(0.5) ? dice.int(1, 60) : 0 }),
  build: (s, { sizeMs, latenessMs }) =>
    s
      .keyBy('k')
      .window(tumbling(sizeMs))
      .allowedLateness(latenessMs)
      .aggregate({ n: count(), total: sum((e: Event) => e.v) }),
  check(published, input, { sizeMs, latenessMs }) {
    const inTime = accepted(input, published.late);
    return typeof inTime === 'string' ? inTime : checkFirings(published, inTime, sizeMs, latenessMs);
  },
});

const tooLate = sideTag<Event>('late');

/** Late records by a side output, in the same sink as the results. */
const lateSideOutput = end<{ sizeMs: number }>({
  forLate: true,
  draw: dice => ({ sizeMs: dice.int(5, 60) }),
  build(s, { sizeMs }) {
    const windowed = s
      .keyBy('k')
      .window(tumbling(sizeMs))
      .sideOutputLateData(tooLate)
      .aggregate({ n: count(), total: sum((e: Event) => e.v) });
    return windowed
      .sideOutput(tooLate)
      .map<unknown>(e => ({ late: e }))
      .union(windowed.map<unknown>(r => r));
  },
  check(published, input, { sizeMs }) {
    const late = published.rows.filter((row): row is { late: Event } => typeof row === 'object' && row !== null && 'late' in row);
    const rows = published.rows.filter(row => !late.includes(row as { late: Event }));
    const inTime = accepted(
      input,
      late.map(row => row.late),
    );
    return typeof inTime === 'string' ? inTime : checkFirings({ ...published, rows }, inTime, sizeMs, 0);
  },
});

const lateJoin = end<{ lower: number; upper: number }>({
  forLate: true,
  draw(dice) {
    const lower = dice.int(-12, 6);
    return { lower, upper: lower + dice.int(0, 14) };
  },
  build: (s, { lower, upper }) =>
    s
      .filter(e => e.v % 2 === 0)
      .keyBy('k')
      .intervalJoin(s.filter(e => e.v % 2 !== 0).keyBy('k'))
      .between(lower, upper)
      .join((l, r) => ({ l, r })),
  check(published, input, { lower, upper }) {
    const inTime = accepted(input, published.late);
    if (typeof inTime === 'string') return inTime;
    const rights = Map.groupBy(inTime, e => `${e.k} ${e.v % 2}`);
    const expected = inTime
      .filter(l => l.v % 2 === 0)
      .flatMap(l => (rights.get(`${l.k} 1`) ?? []).filter(r => r.at - l.at >= lower && r.at - l.at <= upper).map(r => ({ l, r })));
    return difference(published, expected);
  },
});

/** Sums add up over all results, whichever of them a record is in. */
function checkSums({ rows }: Published, input: readonly Event[]): string | undefined {
  const sums = new Map<string, { n: number; total: number }>();
  for (const { key, n, total } of rows as Firing[]) {
    const before = sums.get(key) ?? { n: 0, total: 0 };
    sums.set(key, { n: before.n + n, total: before.total + total });
  }
  const expected = [...Map.groupBy(input, e => e.k)].map(([key, all]) => ({ key, n: all.length, total: sumOf(all) }));
  return difference({ rows: [...sums].map(([key, { n, total }]) => ({ key, n, total })), exactlyOnce: true }, expected);
}

const lateSessions = end<{ gapMs: number }>({
  forLate: true,
  draw: dice => ({ gapMs: dice.int(2, 30) }),
  build: (s, { gapMs }) =>
    s
      .keyBy('k')
      .window(session(gapMs))
      .aggregate({ n: count(), total: sum((e: Event) => e.v) }),
  check(published, input) {
    const inTime = accepted(input, published.late);
    return typeof inTime === 'string' ? inTime : checkSums(published, inTime);
  },
});

/** A process function takes late records as well: its timer fires once more. */
const lateTimers = end<{ sizeMs: number }>({
  forLate: true,
  draw: dice => ({ sizeMs: dice.int(4, 40) }),
  build: (s, { sizeMs }) =>
    s.keyBy('k').process({
      state: { sums: mapState<number, { n: number; total: number }>('sums') },
      onRecord(e, { state: { sums }, timers }) {
        const end = floorTo(e.at, sizeMs) + sizeMs;
        const { n, total } = sums.get(end) ?? { n: 0, total: 0 };
        sums.set(end, { n: n + 1, total: total + e.v });
        timers.event(end);
      },
      *onTimer({ timeMs }, { key, state: { sums } }) {
        yield { key, ...sums.get(timeMs)! };
        sums.delete(timeMs);
      },
    }),
  check: (published, input) => checkSums(published, input),
});

export const lateEnds = { lateWindows, lateSideOutput, lateJoin, lateSessions, lateTimers };
