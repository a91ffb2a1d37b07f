/** `Promise.all`, which waits for all also when one has failed, so that nothing is under way any more when it throws. */
export async function allOf<const P extends readonly unknown[]>(promises: P): Promise<{ -readonly [i in keyof P]: Awaited<P[i]> }> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
