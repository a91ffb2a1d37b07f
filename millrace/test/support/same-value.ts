/** Whether two values of plain data are the same in all that can be told of them: types, order of fields and entries, -0 and NaN. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) {
    // Objects without a prototype come back as plain ones.
    const plain = (o: object) => Object.getPrototypeOf(o) === null || Object.getPrototypeOf(o) === Object.prototype;
    if (!plain(a) || !plain(b)) return false;
  }
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime());
  if (a instanceof Map) return sameValue([...a], [...(b as Map<unknown, unknown>)]);
  if (a instanceof Set) return sameValue([...a], [...(b as Set<unknown>)]);
  if (a instanceof ArrayBuffer) return Buffer.from(a).equals(Buffer.from(b as ArrayBuffer));
  if (ArrayBuffer.isView(a)) {
    const c = b as ArrayBufferView;
    return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(c.buffer, c.byteOffset, c.byteLength));
  }
  const names = Object.keys(a);
  if (Array.isArray(a) && a.length !== (b as unknown[]).length) return false;
  return (
    sameArray(names, Object.keys(b)) &&
    names.every(name => sameValue((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]))
  );
}

function sameArray(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}
