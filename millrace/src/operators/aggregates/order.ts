/** What min, max, minBy and maxBy compare. */
export type Comparable = number | bigint | string | Date;

/**
 * Whether `a` stands after `b`. Numbers and bigints are compared by value, Dates by time, strings by UTF-16 code units, as `>` does. Values
 * of different types are ordered by type, so that the outcome does not depend on which came first: numbers before Dates before strings
 * (SQLite orders its storage classes this way).
 */
export function standsAfter(a: Comparable, b: Comparable): boolean {
  if (typeof a === typeof b) return a > b;
  const typesApart = typeRank(a) - typeRank(b);
  return typesApart === 0 ? a > b : typesApart > 0;
}

function typeRank(value: Comparable): number {
  return typeof value === 'string' ? 2 : typeof value === 'object' ? 1 : 0;
}
