/** What one contender came to in one round. */
export interface Sample {
  readonly checksum: number;
  readonly records: number;
  readonly elapsedMs: number;
  readonly figures: Readonly<Record<string, number>>;
}
