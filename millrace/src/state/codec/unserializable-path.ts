import { ValueWriter } from './value-writer.ts';

/** Steps after which a path ends; one into a value that contains itself would not. */
const STEPS_MAX = 20;

/** Where in a value something stands that cannot be written, as in `.records[3].socket`; empty when it is the value itself. */
export function unserializablePath(value: unknown): string {
  let path = '';
  let at = value;
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const inner = parts(at).find(([, part]) => !isSerializable(part));
    if (inner === undefined) break;
    path += inner[0];
    at = inner[1];
  }
  return path;
}

function isSerializable(value: unknown): boolean {
  try {
    new ValueWriter().write(value);
    return true;
  } catch {
    return false;
  }
}

function parts(value: unknown): [step: string, part: unknown][] {
  if (Array.isArray(value)) return value.map((part: unknown, i) => [`[${i}]`, part]);
  if (value instanceof Map) {
    return [...(value as Map<unknown, unknown>)].flatMap(([key, entry]): [string, unknown][] => [
      ['.keys()', key],
      [`.get(${nameOf(key)})`, entry],
    ]);
  }
  if (value instanceof Set) return [...(value as Set<unknown>)].map(part => ['.values()', part]);
  if (typeof value !== 'object' || value === null) return [];
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return [];
  return Object.entries(value).map(([name, part]) => [/^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`, part]);
}

function nameOf(key: unknown): string {
  return typeof key === 'string' ? JSON.stringify(key) : typeof key === 'object' ? 'an object' : String(key);
}
