/** The later of two times, of which either may be NaN, no time. */
export function newestTime(aMs: number, bMs: number): number {
  return bMs > aMs || aMs !== aMs ? bMs : aMs;
}
