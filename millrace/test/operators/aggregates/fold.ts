import { composeClosures, composeGenerated } from '../../../src/operators/aggregates/compose.ts';
import type { Aggregate } from '../../../src/spi/aggregate.ts';

/** Both forms of a composed aggregate. */
export const forms = [
  { form: 'generated', compose: composeGenerated },
  { form: 'closures', compose: composeClosures },
] as const;

/** The result of one aggregate over records. */
export function fold<T, R>(aggregate: Aggregate<T, R>, records: readonly T[]): R {
  return foldParts(aggregate, [records]);
}

/** The result of one aggregate whose records were folded in parts, merged in order. */
export function foldParts<T, R>(aggregate: Aggregate<T, R>, parts: readonly (readonly T[])[]): R {
  const composed = composeGenerated([['one', aggregate]]);
  const merged = composed.create();
  for (const part of parts) {
    const accumulators = composed.create();
    for (const record of part) composed.add(accumulators, record as never);
    composed.merge(merged, accumulators);
  }
  return (composed.result(merged) as { one: R }).one;
}

/** Cuts a list at the given places; parts may be empty. */
export function cut<T>(list: readonly T[], places: readonly number[]): T[][] {
  const bounds = [0, ...places.map(place => place % (list.length + 1)).sort((a, b) => a - b), list.length];
  return bounds.slice(1).map((end, i) => list.slice(bounds[i], end));
}

/** The function itself: records in these tests are often the values. */
export function itself<V>(value: V): V {
  return value;
}
