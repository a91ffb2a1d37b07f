import type { BenchCase } from '../harness/case.ts';
import { chain } from './chain.ts';
import { flights } from './flights.ts';
import { jsonDecode } from './json-decode.ts';
import { jsonLines } from './json-lines.ts';
import { keys } from './keys.ts';
import { openWindows } from './open-windows.ts';
import { parquet } from './parquet.ts';
import { startup } from './startup.ts';
import { windows } from './windows.ts';

export const cases: readonly BenchCase[] = [chain, windows, jsonLines, jsonDecode, parquet, keys, openWindows, flights, startup];

/** @throws Error for a name that no case has */
export function caseNamed(name: string): BenchCase {
  const found = cases.find(bench => bench.name === name);
  if (found === undefined) throw new Error(`no case '${name}'; there are ${cases.map(bench => bench.name).join(', ')}`);
  return found;
}
