import type { RejectReason, Stream } from '../../millrace/src/index.ts';
import type { Json } from '../../millrace/src/types/json.ts';
import type { Dice } from '../world/dice.ts';
import type { Event } from './event.ts';

/** What is known of a stream, whatever the batches, the interleaving and the crashes. */
export interface Traits {
  /** It has event time and watermarks, and none of its records is late. */
  readonly timed: boolean;
  /** The records of each key come in one order only. */
  readonly ordered: boolean;
  /** The times of each key do not fall back. */
  readonly monotone: boolean;
  /** No operator stands before it, so that its records are still told by splits. */
  readonly perSplit: boolean;
  /** Records bring their time. */
  readonly timestamped: boolean;
  /** By how much times fall back within a split. */
  readonly disorderMs: number;
  /** Some times lie far ahead of all input. */
  readonly far: boolean;
}

/** The time of results that are made when all input has ended, later than all input and its windows. */
export const FAR_MS = 4e12;

/** What is known of the whole run when a pipeline is drawn. */
export interface Circumstances {
  readonly clockSteps: boolean;
}

/** Notes the rejects of a plain computation. */
export type NoteReject = (reason: RejectReason, operator: string) => void;

export interface Building {
  /** A name for a node that no other has. */
  readonly name: string;
  /** A call to the outside of the program, as of mapAsync, that takes up to so long. */
  call<R>(slowMs: number, outcome: () => R): Promise<R>;
}

/** A step of a random pipeline: what it is in the engine, and what it means for an array. */
export interface SimOperator {
  readonly inputs: 1 | 2;
  /** How often it is drawn, relative to others. */
  readonly weight: number;
  accepts(inputs: readonly Traits[]): boolean;
  draw(dice: Dice, inputs: readonly Traits[], circumstances: Circumstances): Json;
  /** Of its outputs. */
  traits(inputs: readonly Traits[], params: Json): Traits[];
  build(inputs: readonly Stream<Event>[], params: Json, building: Building): Stream<Event>[];
  compute(inputs: readonly (readonly Event[])[], params: Json, name: string, reject: NoteReject): Event[][];
}

interface UnarySpec<P> {
  readonly weight?: number;
  accepts?(input: Traits): boolean;
  draw(dice: Dice, input: Traits, circumstances: Circumstances): P;
  traits?(input: Traits, params: P): Traits;
  build(stream: Stream<Event>, params: P, building: Building): Stream<Event>;
  compute(events: readonly Event[], params: P, name: string, reject: NoteReject): Event[];
}

/** A step with one input and one output; traits stay unless it says otherwise. */
export function unary<P extends Json>(spec: UnarySpec<P>): SimOperator {
  return {
    inputs: 1,
    weight: spec.weight ?? 1,
    accepts: ([input]) => spec.accepts?.(input!) ?? true,
    draw: (dice, [input], circumstances) => spec.draw(dice, input!, circumstances),
    traits: ([input], params) => [spec.traits?.(input!, params as P) ?? input!],
    build: ([stream], params, building) => [spec.build(stream!, params as P, building)],
    compute: ([events], params, name, reject) => [spec.compute(events!, params as P, name, reject)],
  };
}

interface BinarySpec<P> {
  readonly weight?: number;
  accepts?(left: Traits, right: Traits): boolean;
  draw(dice: Dice, left: Traits, right: Traits): P;
  traits(left: Traits, right: Traits, params: P): Traits;
  build(left: Stream<Event>, right: Stream<Event>, params: P, building: Building): Stream<Event>;
  compute(left: readonly Event[], right: readonly Event[], params: P): Event[];
}

/** A step with two inputs and one output. */
export function binary<P extends Json>(spec: BinarySpec<P>): SimOperator {
  return {
    inputs: 2,
    weight: spec.weight ?? 1,
    accepts: ([left, right]) => spec.accepts?.(left!, right!) ?? true,
    draw: (dice, [left, right]) => spec.draw(dice, left!, right!),
    traits: ([left, right], params) => [spec.traits(left!, right!, params as P)],
    build: ([left, right], params, building) => [spec.build(left!, right!, params as P, building)],
    compute: ([left, right], params) => [spec.compute(left!, right!, params as P)],
  };
}

/** Behind an operator whose results have lost the order of each key, and behind one that keeps it. */
export const unorderedAfter = (traits: Traits): Traits => ({
  ...traits,
  ordered: false,
  monotone: false,
  perSplit: false,
  timestamped: false,
});
export const orderedAfter = (traits: Traits): Traits => ({ ...traits, perSplit: false, timestamped: false });
/** Behind an operator that emits the results of each key in the order of their times. */
export const sortedAfter = (traits: Traits): Traits => ({ ...traits, ordered: true, monotone: true, perSplit: false, timestamped: false });
