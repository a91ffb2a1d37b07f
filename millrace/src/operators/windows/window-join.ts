import type { Operator } from '../../spi/operator.ts';
import type { PaneAssigner, SessionAssigner, TimeWindow } from '../../spi/window.ts';
import { appendAll, type ReportFailure, type WindowFunction } from './window-function.ts';
import { windowOperator } from './window-operator.ts';

/** The windows that two inputs share. */
export interface WindowPairSpec<L, R> {
  readonly assigner: PaneAssigner | SessionAssigner<L | R>;
  /** For how long after its end a window takes late records, of which each makes all results of its key and window anew. Default 0. */
  readonly allowedLatenessMs?: number;
  /** Side output of records of both inputs that are late for all their windows. Default: they are rejected. */
  readonly lateTag?: string;
}

/** Makes results of what two inputs have for a key in a window. One of the two may be empty. */
export type CoGroupWindow<L, R, Out> = (key: unknown, window: TimeWindow, left: Iterable<L>, right: Iterable<R>) => Iterable<Out>;

interface Pair<L, R> {
  left: L[];
  right: R[];
}

/**
 * Inner join of two inputs within windows: `join` is called for each pair of records of one key and window, in the order of the left, then of the right.
 * A pair for which it throws is rejected. Results have the time of the window's end.
 *
 * @example
 * windowJoin({ assigner: tumbling('1h') }, (order, payment) => ({ order, payment }))
 */
export function windowJoin<L, R, Out>(spec: WindowPairSpec<L, R>, join: (left: L, right: R) => Out): Operator<Out> {
  return pairOperator('window join', spec, (_key, _window, { left, right }, failed) => crossProduct(left, right, join, failed));
}

/**
 * Hands all records of two inputs for a key and window to a function; outer joins are made of it.
 *
 * @example
 * coGroup({ assigner: session('30m') }, (key, window, orders, payments) => [{ key, orders: [...orders], payments: [...payments] }])
 */
export function coGroup<L, R, Out>(spec: WindowPairSpec<L, R>, group: CoGroupWindow<L, R, Out>): Operator<Out> {
  return pairOperator('coGroup', spec, (key, window, { left, right }) => group(key, window, left, right));
}

function pairOperator<L, R, Out>(
  kind: string,
  spec: WindowPairSpec<L, R>,
  each: (key: unknown, window: TimeWindow, pair: Pair<L, R>, failed: ReportFailure) => Iterable<Out>,
): Operator<Out> {
  const fn: WindowFunction<Pair<L, R>, Out> = {
    inputs: [({ left }, record) => void left.push(record), ({ right }, record) => void right.push(record)],
    create: () => ({ left: [], right: [] }),
    merge(pair, other) {
      appendAll(pair.left, other.left);
      appendAll(pair.right, other.right);
    },
    keepsRecords: true,
    results: 'many',
    each,
  };
  return { ...windowOperator({ ...spec, function: fn, description: kind }), kind, description: spec.assigner.description };
}

function* crossProduct<L, R, Out>(
  left: readonly L[],
  right: readonly R[],
  join: (l: L, r: R) => Out,
  failed: ReportFailure,
): Iterable<Out> {
  for (const l of left) {
    for (const r of right) {
      let joined: Out;
      try {
        joined = join(l, r);
      } catch (error) {
        failed(error, { left: l, right: r });
        continue;
      }
      yield joined;
    }
  }
}
