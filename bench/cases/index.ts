import type { BenchCase } from '../harness/case.ts';
import { chain } from './chain.ts';
import { windows } from './windows.ts';

export const cases: readonly BenchCase[] = [chain, windows];

export function caseNamed(name: string): BenchCase {
  const found = cases.find(bench => bench.name === name);
  if (found === undefined) throw new Error(`no case '${name}'; there are ${cases.map(bench => bench.name).join(', ')}`);
  return found;
}
