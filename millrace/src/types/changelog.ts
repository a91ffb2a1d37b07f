/**
 * What the records of a stream mean: `append` facts that stay, or `upsert` the newest value of their key.
 * A sink says which it takes and the planner checks it.
 */
export type ChangelogMode = 'append' | 'upsert';
