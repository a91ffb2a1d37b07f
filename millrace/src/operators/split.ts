import { MillraceError } from '../base/errors.ts';
import type { Operator } from '../spi/operator.ts';

/** Branches of a stream: a name and which records go there. */
export type Branches<T> = Readonly<Record<string, (record: T) => boolean>> & { readonly rest?: never };

/** The record type of each branch, narrowed where its predicate is a type guard. */
export type BranchRecords<T, B extends Branches<T>> = {
  readonly [name in keyof B]: B[name] extends (record: T) => record is infer U & T ? U : T;
} & { readonly rest: T };

/**
 * Sends each record to the side output named as the first branch whose predicate holds, and to `rest` when none does. The main output
 * stays empty.
 *
 * @throws MillraceError `OPTION_INVALID` for no branches and for one named `rest`
 */
export function split<T>(branches: Branches<T>): Operator<never> {
  const names = Object.keys(branches);
  if (names.length === 0 || names.includes('rest')) {
    throw new MillraceError('OPTION_INVALID', {
      where: 'split',
      expected: "at least one branch, and none named 'rest'",
      got: names.length === 0 ? 'no branch' : names.join(', '),
    });
  }
  return {
    kind: 'split',
    description: [...names, 'rest'].join(', '),
    makes: 'append',
    state: [],
    open(context) {
      const routes = names.map(name => ({ holds: branches[name]!, side: context.side(name) }));
      const rest = context.side('rest');
      return {
        inputs: [
          (_, record: never, time) => {
            for (const { holds, side } of routes) {
              if (holds(record)) {
                side.emit(record, time);
                return;
              }
            }
            rest.emit(record, time);
          },
        ],
      };
    },
  };
}
