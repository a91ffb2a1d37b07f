import { async } from './async.ts';
import type { SimOperator } from './operator.ts';
import { pairs } from './pairs.ts';
import { processes } from './process.ts';
import { running } from './running.ts';
import { stages } from './stages.ts';
import { windows } from './windows.ts';

/** All steps that a random pipeline is made of, by name. */
export const operators: ReadonlyMap<string, SimOperator> = new Map<string, SimOperator>(
  Object.entries({ ...stages, ...async, ...running, ...windows, ...processes, ...pairs }),
);

export function operatorNamed(name: string): SimOperator {
  const operator = operators.get(name);
  if (operator === undefined) throw new Error(`there is no operator ${name}`);
  return operator;
}
