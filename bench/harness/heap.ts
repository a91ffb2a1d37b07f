/** Bytes on the heap that something still refers to. */
export function heapBytes(): number {
  if (gc === undefined) throw new Error('run with --expose-gc');
  gc();
  return process.memoryUsage().heapUsed;
}
