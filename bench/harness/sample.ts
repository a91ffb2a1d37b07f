/** What one contender came to in one round. */
export interface Sample {
  readonly checksum: number;
  readonly records: number;
  readonly bytes?: number | undefined;
  readonly elapsedMs: number;
  readonly figures: Readonly<Record<string, number>>;
}
