import { ValueWriter } from './value-writer.ts';

/** Where in a value something stands that cannot be written, as in `.records[3].socket`; empty when it is the value itself. */
export function unserializablePath(value: unknown): string {
  const inner = parts(value).find(([, part]) => !isSerializable(part));
  return inner === undefined ? '' : inner[0] + unserializablePath(inner[1]);
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
    return [...(value as Map<unknown, unknown>)].flatMap(([key, entry]) => [
      [' (a key of the map)', key],
      [`.get(${nameOf(key)})`, entry],
    ]);
  }
  if (value instanceof Set) return [...(value as Set<unknown>)].map(part => [' (in the set)', part]);
  const prototype: unknown = typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : undefined;
  if (prototype !== Object.prototype && prototype !== null) return [];
  return Object.entries(value as object).map(([name, part]) => [/^[\w$]+$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`, part]);
}

function nameOf(key: unknown): string {
  return typeof key === 'string' ? JSON.stringify(key) : String(key);
}
