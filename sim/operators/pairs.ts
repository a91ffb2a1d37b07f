import { broadcastState, mapState, session, type Stream, tumbling, valueState } from '../../millrace/src/index.ts';
import { byKey, byKeyAndInstant, type Event, mix, sumOf } from './event.ts';
import { binary, FAR_MS, sortedAfter, type Traits } from './operator.ts';

const both = (left: Traits, right: Traits): Traits => ({
  timed: left.timed && right.timed,
  ordered: false,
  monotone: false,
  perSplit: false,
  timestamped: false,
  disorderMs: 0,
  far: left.far || right.far,
});

const timedPair = (left: Traits, right: Traits): boolean => left.timed && right.timed;

const union = binary<null>({
  weight: 2,
  accepts: (left, right) => left.timed === right.timed,
  draw: () => null,
  traits: both,
  build: (left, right) => left.union(right),
  compute: (left, right) => [...left, ...right],
});

const floorTo = (at: number, sizeMs: number): number => Math.floor(at / sizeMs) * sizeMs;

const coGroup = binary<{ sizeMs: number; kind: 'tumbling' | 'session' }>({
  weight: 2,
  accepts: timedPair,
  draw: dice => ({ sizeMs: dice.int(4, 30), kind: dice.pick(['tumbling', 'session']) }),
  traits: (left, right) => sortedAfter(both(left, right)),
  build: (left, right, { sizeMs, kind }): Stream<Event> =>
    left
      .keyBy('k')
      .coGroup(right.keyBy('k'))
      .window(kind === 'tumbling' ? tumbling(sizeMs) : session(sizeMs))
      .apply((k, { end }, l, r) => {
        const [ls, rs] = [[...l], [...r]];
        return [{ k, at: end - 1, v: mix(ls.length, sumOf(ls), rs.length, sumOf(rs)) }];
      }),
  compute(left, right, { sizeMs, kind }) {
    const tagged = [...left.map(e => ({ ...e, isLeft: true })), ...right.map(e => ({ ...e, isLeft: false }))];
    return [...Map.groupBy(tagged, e => e.k)].flatMap(([k, all]) => {
      const groups: { end: number; group: typeof all }[] = [];
      for (const e of all.toSorted((a, b) => a.at - b.at)) {
        const open = groups.at(-1);
        const end = kind === 'tumbling' ? floorTo(e.at, sizeMs) + sizeMs : e.at + sizeMs;
        if (open === undefined || e.at >= open.end) groups.push({ end, group: [e] });
        else {
          open.end = Math.max(open.end, end);
          open.group.push(e);
        }
      }
      return groups.map(({ end, group }) => {
        const [ls, rs] = [group.filter(e => e.isLeft), group.filter(e => !e.isLeft)];
        return { k, at: end - 1, v: mix(ls.length, sumOf(ls), rs.length, sumOf(rs)) };
      });
    });
  },
});

const windowJoin = binary<{ sizeMs: number }>({
  accepts: timedPair,
  draw: dice => ({ sizeMs: dice.int(2, 12) }),
  traits: both,
  build: (left, right, { sizeMs }): Stream<Event> =>
    left
      .keyBy('k')
      .join(right.keyBy(e => e.k))
      .window(tumbling(sizeMs))
      .apply((l, r) => ({ k: l.k, at: floorTo(l.at, sizeMs) + sizeMs - 1, v: mix(l.v, r.v) })),
  compute(left, right, { sizeMs }) {
    const rights = byKey(right);
    return left.flatMap(l =>
      (rights.get(l.k) ?? [])
        .filter(r => floorTo(r.at, sizeMs) === floorTo(l.at, sizeMs))
        .map(r => ({ k: l.k, at: floorTo(l.at, sizeMs) + sizeMs - 1, v: mix(l.v, r.v) })),
    );
  },
});

const intervalJoin = binary<{ lower: number; upper: number; exclusive: boolean }>({
  weight: 2,
  accepts: timedPair,
  draw(dice) {
    const lower = dice.int(-12, 6);
    return { lower, upper: lower + dice.int(2, 14), exclusive: dice.chance(0.3) };
  },
  traits: both,
  build: (left, right, { lower, upper, exclusive }): Stream<Event> =>
    left
      .keyBy('k')
      .intervalJoin(right.keyBy('k'))
      .between(lower, upper, { lowerExclusive: exclusive })
      .join((l, r) => ({ k: l.k, at: Math.max(l.at, r.at), v: mix(l.v, r.v) })),
  compute(left, right, { lower, upper, exclusive }) {
    const rights = byKey(right);
    return left.flatMap(l =>
      (rights.get(l.k) ?? [])
        .filter(r => (exclusive ? r.at - l.at > lower : r.at - l.at >= lower) && r.at - l.at <= upper)
        .map(r => ({ k: l.k, at: Math.max(l.at, r.at), v: mix(l.v, r.v) })),
    );
  },
});

/** Two streams into one state, which timers read. */
const connect = binary<{ sizeMs: number }>({
  weight: 2,
  accepts: timedPair,
  draw: dice => ({ sizeMs: dice.int(4, 40) }),
  traits: (left, right) => sortedAfter(both(left, right)),
  build: (left, right, { sizeMs }): Stream<Event> =>
    left
      .keyBy('k')
      .connect(right.keyBy('k'))
      .process({
        state: { sums: mapState<number, { left: number; right: number }>('sums') },
        onLeft(e, { state: { sums }, timers }) {
          const end = floorTo(e.at, sizeMs) + sizeMs;
          const { left: l, right: r } = sums.get(end) ?? { left: 0, right: 0 };
          sums.set(end, { left: l + e.v, right: r });
          timers.event(end);
        },
        onRight(e, { state: { sums }, timers }) {
          const end = floorTo(e.at, sizeMs) + sizeMs;
          const { left: l, right: r } = sums.get(end) ?? { left: 0, right: 0 };
          sums.set(end, { left: l, right: r + e.v });
          timers.event(end);
        },
        onTimer({ timeMs }, { key, state: { sums } }) {
          const { left: l, right: r } = sums.get(timeMs)!;
          sums.delete(timeMs);
          return [{ k: key, at: timeMs, v: mix(l, r) }];
        },
      }),
  compute: (left, right, { sizeMs }) =>
    byKeyAndInstant(
      [...left.map(e => ({ ...e, isLeft: true })), ...right.map(e => ({ ...e, isLeft: false }))],
      at => floorTo(at, sizeMs) + sizeMs,
    ).map(({ k, instant, group }) => {
      const tagged = group as (Event & { isLeft: boolean })[];
      return { k, at: instant, v: mix(sumOf(tagged.filter(e => e.isLeft)), sumOf(tagged.filter(e => !e.isLeft))) };
    }),
});

/** A keyed stream passes, and at the end of all input each key tells of the rules that there were. */
const keyedBroadcast = binary<null>({
  accepts: left => left.timed,
  draw: () => null,
  traits: (left, right) => ({ ...both(left, right), far: true }),
  build: (left, right): Stream<Event> =>
    left
      .keyBy('k')
      .connect(right.broadcast())
      .process({
        state: { seen: valueState<number>('seen', { default: 0 }) },
        broadcastState: { rules: broadcastState<string, number>('rules') },
        onRecord(e, { state: { seen }, timers }) {
          seen.set(seen.get() + 1);
          timers.event(FAR_MS);
          return [e];
        },
        onBroadcast(rule, { broadcastState: { rules } }) {
          rules.set(rule.k, (rules.get(rule.k) ?? 0) + rule.v);
        },
        onTimer({ timeMs }, { key, state: { seen }, broadcastState: { rules } }) {
          const totals = [...rules.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, total]) => total);
          return [{ k: key, at: timeMs, v: mix(seen.get(), ...totals) }];
        },
      }),
  compute(left, right) {
    const totals = [...byKey(right)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, rules]) => sumOf(rules));
    return [...left, ...[...byKey(left)].map(([k, all]) => ({ k, at: FAR_MS, v: mix(all.length, ...totals) }))];
  },
});

/** A stream without key passes; the rules beside it tell how many of them there are. */
const broadcast = binary<null>({
  accepts: (left, right) => left.timed === right.timed && right.ordered,
  draw: () => null,
  traits: both,
  build: (left, right): Stream<Event> =>
    left.connect(right.broadcast()).process({
      broadcastState: { rules: broadcastState<string, number>('rules') },
      onRecord: e => [e],
      onBroadcast(rule, { broadcastState: { rules } }) {
        const k = `rule ${rule.k}`;
        rules.set(k, (rules.get(k) ?? 0) + 1);
        return [{ k, at: rule.at, v: rules.get(k)! }];
      },
    }),
  compute: (left, right) => [
    ...left,
    ...[...byKey(right)].flatMap(([k, rules]) => rules.map(({ at }, i) => ({ k: `rule ${k}`, at, v: i + 1 }))),
  ],
});

export const pairs = { union, coGroup, windowJoin, intervalJoin, connect, keyedBroadcast, broadcast };
