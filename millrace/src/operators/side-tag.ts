declare const recordType: unique symbol;

/** Names a side output and the type of its records. */
export interface SideTag<T> {
  readonly name: string;
  /** Only a type: two tags are exchangeable when their records are of the same type. */
  readonly [recordType]?: (record: T) => T;
}

/**
 * A tag for records that leave an operator beside its results. They are read from the operator's stream with `sideOutput(tag)`; when
 * nobody reads them they are dropped.
 *
 * @example
 * const slow = sideTag<{ device: string; delayMs: number }>('slow');
 */
export function sideTag<T>(name: string): SideTag<T> {
  return { name };
}
