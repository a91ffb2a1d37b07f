import type { Aggregate } from '../../spi/aggregate.ts';

/**
 * How generated code folds a built-in aggregate in place of calling it. `field` is the text of the accumulator's place, `value` the name of
 * the input. All of it says what the aggregate's own methods say; a test runs both over the same data.
 */
export interface Inline {
  /** The program's function; the generated code calls it at a call site of its own, so that V8 can inline it. Absent: there is no input. */
  readonly of?: (record: never) => unknown;
  /** Expression: the value is of the common type, needs no check and is folded by `add`. Any other goes through the aggregate's methods. */
  readonly common: (value: string) => string;
  /** Throws for a value of a wrong type. */
  readonly check: (value: unknown) => unknown;
  /** Expression of a new accumulator. */
  readonly create: string;
  /**
   * Expression of a new accumulator that holds one common value. Where values are whole numbers of 32 bits, it is one too, and V8 keeps such numbers in
   * the object itself; the accumulator of nothing is often none.
   */
  readonly begin: (value: string) => string;
  /** Expression of a copy that may be changed. */
  readonly copy: (field: string) => string;
  /** Statement. `self` names the aggregate, for accumulators of an uncommon type. */
  readonly add: (field: string, value: string, self: string) => string;
  readonly merge: (field: string, other: string, self: string) => string;
  /** Expression. */
  readonly result: (field: string) => string;
}

// Beside the aggregates and not in them: what is no part of the interface cannot be relied on, and a changed copy is called, not inlined.
const inlines = new WeakMap<Aggregate<never, unknown>, Inline>();

export function withInline<A extends Aggregate<never, unknown>>(aggregate: A, inline: Inline): A {
  inlines.set(aggregate, inline);
  return aggregate;
}

export function inlineOf(aggregate: Aggregate<never, unknown>): Inline | undefined {
  return inlines.get(aggregate);
}

/** `common` of aggregates over numbers. */
export function isNumber(value: string): string {
  return `typeof ${value} === 'number' && ${value} === ${value}`;
}
