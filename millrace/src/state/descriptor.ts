import type { StateDescription } from '../spi/state.ts';
import type { KeyedScope } from './keyed-scope.ts';

/**
 * Names a piece of keyed state and says what it holds. A program makes it with `valueState`, `listState`, `mapState`, `reducingState` or
 * `aggregatingState`; what a function then uses is a handle `H` that always means the key at hand.
 */
export interface StateDescriptor<out H = unknown> {
  /** Unique within one function. State is found again by it, so renaming it means new state. */
  readonly name: string;
  readonly kind: StateDescription['kind'];
  readonly boundedBy?: string;
  /** Makes the handle of a running operator. */
  bind(scope: KeyedScope): H;
}

/** State of a function: descriptors by the names under which it uses them. */
export type StateDescriptors = Readonly<Record<string, StateDescriptor>>;

/** The handles for some descriptors: `{ count: StateDescriptor<ValueState<number>> }` gives `{ count: ValueState<number> }`. */
export type StateHandles<S extends StateDescriptors> = {
  readonly [name in keyof S]: S[name] extends StateDescriptor<infer H> ? H : never;
};

/** What a plan says of the state of a function. */
export function describeStates(state: StateDescriptors = {}): StateDescription[] {
  return Object.values(state).map(({ name, kind, boundedBy }) => (boundedBy === undefined ? { name, kind } : { name, kind, boundedBy }));
}
