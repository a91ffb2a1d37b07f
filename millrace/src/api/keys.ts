/** What a key may be: a primitive, or a tuple or plain object of them. Null and undefined are no keys. */
export type KeyValue = string | number | bigint | boolean | readonly KeyValue[] | { readonly [part: string]: KeyValue };

/** The names of the fields that can be keys. */
export type KeyField<T> = { [F in keyof T & string]: T[F] extends KeyValue ? F : never }[keyof T & string];

export function keySelector<T>(key: ((record: T) => unknown) | string): (record: T) => unknown {
  return typeof key === 'function' ? key : record => (record as Record<string, unknown>)[key];
}
