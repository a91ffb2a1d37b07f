export type Nullish = null | undefined;

/** What an aggregate that skipped every input gives: null, as SQL does, where the program's function can return null or undefined. */
export type NullFrom<V> = unknown extends V ? null : V extends Nullish ? null : never;
